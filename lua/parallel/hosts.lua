--- parallel.hosts: the machines of a program, and the children on them.
local core = require 'parallel.core'
local host_options = require 'parallel.host'
local launcher = require 'parallel.launcher'
local machine = require 'parallel.machine'
local options = require 'parallel.options'
local searcher = require 'parallel.searcher'
local source = require 'parallel.hostsource'

local hosts = {}
local handle = core.child

-- --- the bridge ---

local bridge, owner -- and the process that started it
local by_key, count = {}, 0 -- hosts that were launched or are to be, by what makes them one

-- A copy of the program that it makes by a fork of its own has no bridge.
local function own_bridge()
  if bridge and owner ~= core.pid() then bridge = nil end
  return bridge
end

local function open_bridge()
  if bridge then return bridge end
  local failure
  for _, command in ipairs((require 'parallel.interpreter'.commands())) do
    local args = {searcher.root .. '/bridge_main.lua', core.module_path()}
    for i = #command, 2, -1 do table.insert(args, 1, command[i]) end
    local ok, opened = pcall(core.cluster.bridge_open, command[1], args)
    if ok then
      bridge, owner = opened, core.pid()
      return bridge
    end
    failure = opened
  end
  return core.raise(failure)
end

--- Has the agent of this host started, unless it runs or starts already. Does not wait.
local function launch(host)
  local record = host.record
  if not record then
    local key = host_options.key(host)
    record = by_key[key]
    if not record then
      count = count + 1
      record = {number = count, is_job = host.launcher == 'job'}
      by_key[key] = record
    end
    host.record = record
  end
  local state = own_bridge() and core.cluster.bridge_state(bridge, record.number) or 'none'
  if state == 'up' or state == 'launching' then return record end
  if bridge and state == 'down' and core.cluster.bridge_state(bridge, 4095) == 'down' then -- the bridge itself has ended
    bridge = nil
  end
  record.told = nil
  core.cluster.bridge_launch(open_bridge(), record.number, host.name, launcher.command(host), host.connect_timeout, host_options.listening(host))
  return record
end

-- An ssh that does not know the cipher says so, and is asked again without it. (The command, which is told too, has that word anyway.)
local function refuses_cipher(host, why)
  return launcher.is_ssh(host) and host.cipher == nil and why ~= nil and why:find('it said:.*[Cc]ipher') ~= nil
end

-- Waits until it is up. Returns what it said of itself.
local function await(host)
  local record = launch(host)
  local hello, why = core.cluster.bridge_await(bridge, record.number, host.connect_timeout + 5)
  if hello then return hello end
  if refuses_cipher(host, why) then
    host.cipher = false
    return await(host)
  end
  error(('cannot start a child on %s: %s'):format(host.name, (why or 'it does not answer'):gsub('^host [^:]*: ', '')), 0)
end

-- --- children ---

local numbers = setmetatable({}, {__mode = 'k'}) -- child -> number of its host

--- The number of the host that a child of another machine runs on, as the bridge knows it.
function hosts.number_of(child) return numbers[child] end

--- The bridge, if it runs.
function hosts.bridge() return own_bridge() end

-- Templates as they are meant here and now.
local function absolute(path)
  local here = core.real_path('.')
  return (path:gsub('[^;]+', function(template) return template:sub(1, 1) ~= '/' and here and here .. '/' .. template or nil end))
end

-- Tells the bridge where modules lie that children on this host may have.
local function tell_paths(host)
  local path, cpath = absolute(package.path), absolute(package.cpath)
  local told = path .. '\0' .. cpath
  if host.record.told == told then return end
  core.cluster.bridge_paths(bridge, host.record.number, path, cpath)
  host.record.told = told
end

--- Starts a child by core.child.spawn's request on this host. Returns the child, its fields, whether it surely runs our kind of Lua, and
--- whether it may ask for modules.
function hosts.spawn(host, request, options)
  local hello = await(host)
  request.bridge, request.host = bridge, host.record.number
  if host.send_modules then tell_paths(host) end
  local wanted = options.lua or package.loaded.parallel.interpreter
  if wanted ~= nil and type(wanted) ~= 'string' then
    error('parallel.run: on another machine the interpreter must be a name or path, got ' .. type(wanted), 0)
  end
  request.program = wanted
  if options.functions == nil and host.functions == false then request.functions = false end
  local ok, child, fields = pcall(core.child.spawn, request)
  if not ok then
    if type(child) ~= 'string' and not (type(child) == 'table' and child.code == nil) then core.raise(child) end
    local hint = wanted and (' (tried: %s; set parallel.interpreter, the option lua= or PARALLEL_LUA)'):format(wanted) or ''
    error(('cannot start a child on %s: %s%s'):format(host.name, tostring(child):gsub('^.-parallel: ', ''), hint), 0)
  end
  numbers[child] = host.record.number
  fields.ip, fields.host, fields.speed = host.name, host.name, host.speed or 1
  local known_kind = wanted == nil -- else the child's own hello tells
  if known_kind then handle.set_fingerprint(child, hello.fingerprint) end
  return child, fields, known_kind and hello.same_kind, host.send_modules
end

local known = {} -- what parallel.hosts was given last: a list

--- The host that `value` of an option host= names: a name, a table of fields, or one that parallel.hosts returned. nil: this machine.
function hosts.find(value, what)
  if type(value) == 'table' and value.record then return value end
  if type(value) == 'table' and value.launcher == nil and type(value.host) == 'string' and machine.is_here(value.host) then return nil end
  if type(value) == 'string' then
    for _, host in ipairs(known) do
      if host.host == value or host.name == value then return host end
    end
    if machine.is_here(value) then return nil end
  end
  local ok, host = pcall(host_options.new, value)
  if not ok then options.misuse((tostring(host):gsub('^parallel.hosts', what))) end
  return host
end

-- --- parallel.hosts ---

-- The same machine twice is one with the slots of both.
function hosts.merged(list)
  local result, seen = {}, {}
  for i, entry in ipairs(list) do
    local ok, host = pcall(host_options.new, entry)
    if not ok then error(('%s (entry %d)'):format(host, i), 0) end
    local key = host_options.key(host)
    if seen[key] then
      seen[key].slots = (seen[key].slots or 1) + (host.slots or 1)
    else
      seen[key], result[#result + 1] = host, host
    end
  end
  return result
end

--- What parallel.hosts takes, as a list of hosts. Nothing is started.
function hosts.list(what) return hosts.merged(source.list(what)) end

--- parallel.hosts(list | 'slurm' | 'pbs' | 'file:PATH' | 'h1:8,h2' | nothing) -> list of hosts, with launched agents
function hosts.hosts(what)
  local ok, list = pcall(hosts.list, what)
  if ok and #list == 0 then ok, list = false, 'parallel.hosts: the list of hosts is empty' end
  if not ok then
    if what == nil then core.raise(list) end -- the environment has it, not the program
    options.misuse(list)
  end
  known = list
  for _, host in ipairs(list) do
    if host.dryrun then print(launcher.line(host)) else launch(host) end
  end
  return list
end

--- Those that parallel.hosts was given last, or that the environment names.
function hosts.known()
  if #known == 0 and source.environment() then hosts.hosts() end
  return known
end

--- Waits for a host and says how many children it is to have.
function hosts.slots(host)
  if not host.slots then host.slots = await(host).cores end
  return host.slots
end

--- 'none', 'launching', 'up' or 'down', as it is known now.
function hosts.state(host) return own_bridge() and host.record and core.cluster.bridge_state(bridge, host.record.number) or 'none' end

--- Waits for news of a host, at most so many seconds.
function hosts.await_news(host, seconds) core.cluster.bridge_await(bridge, host.record.number, seconds) end

--- Gives back the nodes that were asked of Slurm: their jobs are cancelled. One that is used again is asked for anew.
function hosts.give_back()
  for _, record in pairs(by_key) do
    if record.is_job and own_bridge() then pcall(core.cluster.bridge_drop, bridge, record.number) end
  end
end

--- Ends all agents, and their children.
function hosts.close()
  if own_bridge() then core.cluster.bridge_close(bridge) end
  bridge = nil
end

hosts.await, hosts.launch = await, launch
return hosts
