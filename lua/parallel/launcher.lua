--- How the agent of a host is started: the command as a list of words, for a host as parallel.hosts describes it. Nothing is started here.
--
-- Only a launcher that hands its words to a shell on the other machine (ssh) needs quotes; the others pass words as they are.
local variable = require 'parallel.options'.variable

local launcher = {}

-- A text as one word of any shell: sh, csh and fish read single quotes alike but for what is a quote there, a backslash (fish) or
-- an exclamation mark (csh). These stand outside, each behind a backslash.
local function quote(text)
  if text:match('^[%w@%%_+=:,./-]+$') then return text end
  return "'" .. text:gsub("['\\!]", "'\\%0'") .. "'"
end
launcher.quote = quote

-- A command of the user's as words: blanks are between them, but where they stand in quotes, single or double. There is no other escape.
local function words_of(host, option)
  local text, words, word, at = host[option], {}, nil, 1
  while at <= #text do
    local _, last, _, part = text:find([[^(["'])(.-)%1]], at)
    if not last then _, last, part = text:find([[^([^%s"']+)]], at) end
    if not last then _, last = text:find('^%s+', at) end
    if not last then error(("parallel.hosts: host %s: a quote in %s has no end: %s"):format(host.name, option, text), 0) end
    if not part then words[#words + 1] = word end
    word, at = part and (word or '') .. part, last + 1
  end
  words[#words + 1] = word
  return words
end

local function sorted_names(t)
  local names = {}
  for name in pairs(t) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local program = 'require "parallel.agent"'

--- The words that run the agent on the host itself.
function launcher.agent(host)
  local words = {}
  if host.env and next(host.env) ~= nil then
    words[1] = 'env'
    for _, name in ipairs(sorted_names(host.env)) do
      local value = host.env[name]
      if value == false then
        table.insert(words, 2, '-u')
        table.insert(words, 3, name)
      else
        words[#words + 1] = name .. '=' .. variable(value)
      end
    end
  end
  local command = words_of(host, 'lua')
  if #command == 0 then error(("parallel.hosts: host %s: lua='%s' names no interpreter"):format(host.name, host.lua), 0) end
  for _, word in ipairs(command) do words[#words + 1] = word end
  words[#words + 1] = '-e'
  words[#words + 1] = program
  if not host.dir then return words end
  -- `cd` is a shell's: one that is there on every machine, with the folder as an argument and not as a part of its text.
  local all = {'sh', '-c', 'cd "$0" && exec "$@"', host.dir}
  for _, word in ipairs(words) do all[#all + 1] = word end
  return all
end

local function quoted(words)
  local parts = {}
  for i, word in ipairs(words) do parts[i] = quote(word) end
  return table.concat(parts, ' ')
end

local function begins_with_ssh(words) return words[1] == 'ssh' or words[1] ~= nil and words[1]:match('/ssh$') ~= nil end

-- 'kubectl exec -i {host} -- {cmd}' as words. {cmd} alone is the agent's words, one by one; {quoted} is all of them as one word for a
-- shell. {cmd} as the last word of a command that begins with ssh is quoted by itself.
local function fill(host, agent)
  local words, template = {}, words_of(host, 'launcher')
  local for_shell = begins_with_ssh(template)
  for _, word in ipairs(template) do
    if word == '{cmd}' and not for_shell then
      for _, part in ipairs(agent) do words[#words + 1] = part end
    else
      words[#words + 1] = (word:gsub('{(%w+)}', function(name)
        if name == 'cmd' or name == 'quoted' then return quoted(agent) end
        if name == 'host' then return (host.user and host.user .. '@' or '') .. host.name end
        if name == 'name' then return host.name end
        if name == 'port' then return tostring(host.port or 22) end
        if name == 'connect_timeout' then return tostring(math.ceil(host.connect_timeout)) end
        error(("parallel.hosts: host %s: the launcher's template has {%s}; there are {host}, {name}, {port}, {cmd}, {quoted}, {connect_timeout}")
          :format(host.name, name), 0)
      end))
    end
  end
  return words
end

--- Is this our own way through ssh: 'ssh', or 'ssh' with options?
function launcher.is_ssh(host)
  local way = host.launcher or 'ssh'
  if way == 'ssh' or way:find('{', 1, true) then return way == 'ssh' end
  local words = words_of(host, 'launcher')
  return begins_with_ssh(words) and words[2] ~= nil and words[2]:sub(1, 1) == '-'
end

-- Options of the user's come first: of two that contradict each other ssh takes the first one.
local function ssh(host, agent)
  local words = host.launcher and words_of(host, 'launcher') or {'ssh'}
  for _, word in ipairs{'-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=' .. math.ceil(host.connect_timeout)} do words[#words + 1] = word end
  if host.cipher ~= false then
    words[#words + 1] = '-o'
    words[#words + 1] = 'Ciphers=' .. (host.cipher or '^aes128-gcm@openssh.com') -- half again as fast as ssh's default
  end
  if host.port then
    words[#words + 1] = '-p'
    words[#words + 1] = tostring(host.port)
  end
  words[#words + 1] = '--'
  words[#words + 1] = (host.user and host.user .. '@' or '') .. host.name
  words[#words + 1] = quoted(agent)
  return words
end

-- One task on one node of the allocation that this program runs in.
local function srun(host, agent)
  local words = {'srun', '--no-kill', '--wait=0', '--input=all', '--nodes=1', '--ntasks=1', '--nodelist=' .. host.name, '--overlap',
    '--unbuffered', '--quiet'}
  for _, word in ipairs(agent) do words[#words + 1] = word end
  return words
end

-- It would hand on Ctrl-Z, and stop the agent.
local function mpirun(host, agent)
  local words = {'mpirun', '--enable-recovery', '--mca', 'orte_abort_on_non_zero_status', '0', '--mca', 'ess_base_forward_signals', 'none',
    '--host', host.name, '-n', '1'}
  for _, word in ipairs(agent) do words[#words + 1] = word end
  return words
end

-- What {slurm={...}} hands on to srun, as --name=value.
launcher.job_words = {'time', 'partition', 'account', 'qos', 'constraint', 'mem', 'gres', 'reservation'}

-- A job of its own on one node of Slurm, for a program that runs outside of any allocation: it waits in the queue, and ends with srun.
local function job(host, agent)
  local words = {'srun', '--quiet', '--nodes=1', '--ntasks=1', '--no-kill', '--unbuffered', '--job-name=parallel'}
  local options = host.job or {}
  for _, name in ipairs(launcher.job_words) do
    if options[name] ~= nil then words[#words + 1] = ('--%s=%s'):format(name, tostring(options[name])) end
  end
  if host.slots then words[#words + 1] = '--cpus-per-task=' .. host.slots end
  for _, word in ipairs(options.args or {}) do words[#words + 1] = word end
  for _, word in ipairs(agent) do words[#words + 1] = word end
  return words
end

-- Tests, and machines that are reached by nothing: the agent as a process of this machine.
local function here(_, agent) return agent end

local known = {srun = srun, mpirun = mpirun, job = job, here = here}

--- The command that starts the agent of this host, as a list of words.
function launcher.command(host)
  local agent = launcher.agent(host)
  local way = host.launcher
  if launcher.is_ssh(host) then return ssh(host, agent) end
  if known[way] then return known[way](host, agent) end
  if way:find('{', 1, true) then
    local words = fill(host, agent)
    if not (way:find('{cmd}', 1, true) or way:find('{quoted}', 1, true)) then
      error(("parallel.hosts: host %s: the launcher's template '%s' has neither {cmd} nor {quoted}"):format(host.name, way), 0)
    end
    return words
  end
  error(("parallel.hosts: host %s: launcher must be 'ssh', 'ssh -4', 'srun', 'mpirun' or a template such as 'kubectl exec {host} {cmd}', got %s")
    :format(host.name, tostring(way)), 0)
end

--- The same as one line, for people.
function launcher.line(host) return quoted(launcher.command(host)) end

return launcher
