--- Where the list of hosts comes from: a text, a file, the environment, Slurm, PBS; as tables for parallel.host. Nothing is started here.
local hostlist = require 'parallel.hostlist'
local host_options = require 'parallel.host'
local launcher = require 'parallel.launcher'

local source = {}
local fail, is_count = host_options.fail, host_options.is_count

local function read_file(path)
  local file, message = io.open(path, 'r')
  if not file then fail("cannot read the list of hosts: %s", message) end
  local text = file:read('*a')
  file:close()
  return text
end

-- 'h1:8,h2', or file:PATH, as PARALLEL_HOSTS has it.
local function variable(text)
  local path = text:match('^file:(.+)$')
  local ok, list = pcall(function() return path and hostlist.text(read_file(path), path) or hostlist.variable(text) end)
  if not ok then error(('%s (from PARALLEL_HOSTS)'):format(tostring(list)), 0) end
  if #list == 0 then fail("PARALLEL_HOSTS names no host: '%s'", text) end
  return list
end

--- What PARALLEL_HOSTS names, or the allocation that this program runs in; nil: neither.
function source.environment()
  local text = os.getenv('PARALLEL_HOSTS')
  if text and text ~= '' then return variable(text) end
  local list = hostlist.slurm(os.getenv)
  if list then return list end
  local nodefile = os.getenv('PBS_NODEFILE')
  return nodefile and hostlist.by_lines(read_file(nodefile)) or nil
end

local job_options = {nodes = true, cpus = true, args = true, env = true, dir = true, lua = true, address = true, port = true, encrypt = true,
  connect_timeout = true}
for _, name in ipairs(launcher.job_words) do job_options[name] = true end

-- {slurm={nodes=, cpus=, time=, ...}}: nodes that are asked of Slurm, each by a job of its own, and used as they come.
local function jobs_of(wanted)
  if type(wanted) ~= 'table' then fail("slurm= takes a table such as {nodes=2, time='1:00:00'}, got %s", type(wanted)) end
  for name in pairs(wanted) do
    if not job_options[name] then host_options.refuse_option(name, job_options, 'of slurm=') end
  end
  if not is_count(wanted.nodes) then fail("slurm: nodes must be a whole number from 1 on, got %s", tostring(wanted.nodes)) end
  if wanted.cpus ~= nil and not is_count(wanted.cpus) then fail("slurm: cpus must be a whole number from 1 on, got %s", tostring(wanted.cpus)) end
  for _, name in ipairs(launcher.job_words) do
    local kind = type(wanted[name])
    if kind ~= 'nil' and kind ~= 'string' and kind ~= 'number' then
      fail("slurm: %s must be a text or a number, as srun takes it, got %s", name, kind)
    end
  end
  if wanted.args ~= nil and type(wanted.args) ~= 'table' then fail("slurm: args must be a list of words for srun, got %s", type(wanted.args)) end
  for i, word in ipairs(wanted.args or {}) do
    if type(word) ~= 'string' then fail("slurm: args must be a list of words for srun, got %s at %d", type(word), i) end
  end
  local list = {}
  for i = 1, wanted.nodes do
    list[i] = {host = 'slurm-' .. i, launcher = 'job', job = wanted, slots = wanted.cpus or 1, env = wanted.env, dir = wanted.dir,
      lua = wanted.lua, address = wanted.address, port = wanted.port, encrypt = wanted.encrypt,
      connect_timeout = wanted.connect_timeout or host_options.QUEUE_SECONDS}
  end
  return list
end

--- What parallel.hosts takes, as a list.
function source.list(what)
  if what == nil then
    local list = source.environment()
    if not list then fail("there is no list of hosts: give one, set PARALLEL_HOSTS, or run inside an allocation of Slurm or PBS") end
    return list
  end
  if type(what) == 'string' then
    if what == 'slurm' then
      return hostlist.slurm(os.getenv) or fail("this program does not run inside an allocation of Slurm (SLURM_JOB_NODELIST is not set)")
    end
    if what == 'pbs' then
      local path = os.getenv('PBS_NODEFILE') or fail("this program does not run inside a job of PBS (PBS_NODEFILE is not set)")
      return hostlist.by_lines(read_file(path))
    end
    local path = what:match('^file:(.+)$')
    if path then return hostlist.text(read_file(path), path) end
    return hostlist.variable(what)
  end
  if type(what) ~= 'table' then fail("a list of hosts expected, got %s", type(what)) end
  if what.host ~= nil then fail("a list of hosts expected, got one host: it goes into a list, as {{host='%s', ...}}", tostring(what.host)) end
  return what.slurm ~= nil and jobs_of(what.slurm) or what
end

return source
