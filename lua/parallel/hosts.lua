--- parallel.hosts: the machines of a program, and the children on them.
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local machine = require 'parallel.machine'
local hostlist = require 'parallel.hostlist'
local launcher = require 'parallel.launcher'
local searcher = require 'parallel.searcher'

local hosts = {}
local handle = core.child

local function fail(text, ...) error('parallel.hosts: ' .. text:format(...), 0) end

local function is_count(value) return type(value) == 'number' and value >= 1 and value % 1 == 0 and value < 2 ^ 31 end

-- --- what a program says of a host ---

local kinds = {
  host = 'string', slots = 'number', lua = 'string', dir = 'string', env = 'table', launcher = 'string', transport = 'string',
  address = 'string', encrypt = 'boolean', connect_timeout = 'number', dryrun = 'boolean', functions = 'boolean', cipher = 'any',
  job = 'table', port = 'any', listen_port = 'number', user = 'string', stdio = 'boolean', speed = 'number',
}

local function own_interpreter()
  local path = core.program_path()
  local base = path and path:match('[^/]+$')
  if base and base:match('^lua[jit]*[%d%.%-]*$') then return base end
  return compat.version == 'jit' and 'luajit' or 'lua' .. compat.version
end

local function check_entry(entry)
  for name, value in pairs(entry) do
    local kind = kinds[name]
    if not kind then fail("there is no option '%s' of a host (host, slots, lua, dir, env, launcher, transport, port, address, encrypt, connect_timeout, functions, dryrun)", tostring(name)) end
    if kind ~= 'any' and type(value) ~= kind then fail("host %s: %s must be a %s, got %s", tostring(entry.host), name, kind, type(value)) end
  end
  if entry.slots ~= nil and not is_count(entry.slots) then
    fail("host %s: slots must be a whole number from 1 on, got %s", tostring(entry.host), tostring(entry.slots))
  end
  if entry.transport and entry.transport ~= 'stdio' and entry.transport ~= 'tcp' then
    fail("host %s: transport must be 'stdio' or 'tcp', got %s", tostring(entry.host), entry.transport)
  end
  if entry.connect_timeout and not (entry.connect_timeout > 0) then fail("host %s: connect_timeout must be more than 0 seconds", tostring(entry.host)) end
  for name, value in pairs(entry.env or {}) do
    if type(name) ~= 'string' or not name:match('^[%a_][%w_]*$') or (value ~= false and type(value) ~= 'string' and type(value) ~= 'number') then
      fail("host %s: env takes names with strings as values, or false to remove a name", tostring(entry.host))
    end
  end
end

-- A name, a table of fields or what hostlist made, as a host of this module.
local function host_of(entry)
  if type(entry) == 'string' then entry = {host = entry} end
  if type(entry) ~= 'table' then fail("a name or a table such as {host='h1', slots=8} expected, got %s", type(entry)) end
  local host = {}
  for name, value in pairs(entry) do host[name] = value end
  if host.name then -- from a list
    host.host = host.name
  else
    if host.host == nil then host.host, host[1] = host[1], nil end
    if host.host == nil then fail("a table without host=") end
    if type(host.host) ~= 'string' then fail("host= must be a name, got %s", type(host.host)) end
    local parts = hostlist.name(host.host)
    host.name = parts.name
    host.user = host.user or parts.user
    host.port = host.port or parts.port
  end
  local name = host.name
  host.name = nil
  check_entry(host)
  host.name = name
  host.lua = host.lua or own_interpreter()
  host.connect_timeout = host.connect_timeout or 30
  return host
end

-- --- the bridge ---

local bridge
local by_key, count = {}, 0 -- hosts that were launched or are to be, by what makes them one

local function key_of(host)
  local parts = {host.user or '', host.name, tostring(host.port or ''), host.launcher or 'ssh', host.lua, host.dir or ''}
  local names = {}
  for name, value in pairs(host.env or {}) do names[#names + 1] = name .. '=' .. tostring(value) end
  table.sort(names)
  return table.concat(parts, '\0') .. '\0' .. table.concat(names, '\0')
end

local function open_bridge()
  if bridge then return bridge end
  local failure
  for _, command in ipairs((require 'parallel.interpreter'.commands())) do
    local args = {searcher.root .. '/bridge_main.lua', core.module_path()}
    for i = #command, 2, -1 do table.insert(args, 1, command[i]) end
    local ok, opened = pcall(core.bridge_open, command[1], args)
    if ok then
      bridge = opened
      return bridge
    end
    failure = opened
  end
  return core.raise(failure)
end

-- The address of ours to which its agent connects; nil: the launcher's own pipes carry everything. Those of srun and mpirun are slow.
local function listening_address(host)
  local tcp = host.transport == 'tcp' or not host.transport and (host.launcher == 'srun' or host.launcher == 'mpirun' or host.launcher == 'job')
  if not tcp then return nil end
  return host.address or machine.address() or '127.0.0.1'
end

--- Has the agent of this host started, unless it runs or starts already. Does not wait.
local function launch(host)
  local record = host.record
  if not record then
    local key = key_of(host)
    record = by_key[key]
    if not record then
      count = count + 1
      record = {number = count}
      by_key[key] = record
    end
    host.record = record
  end
  local state = bridge and core.bridge_state(bridge, record.number) or 'none'
  if state == 'up' or state == 'launching' then return record end
  if bridge and state == 'down' and core.bridge_state(bridge, 4095) == 'down' then -- the bridge itself has ended
    bridge = nil
  end
  core.bridge_launch(open_bridge(), record.number, host.name, launcher.command(host), host.connect_timeout, listening_address(host),
    host.transport == 'tcp' and tonumber(host.listen_port) or 0)
  return record
end

-- Waits until it is up. Returns what it said of itself.
local function await(host)
  local record = launch(host)
  local hello, why = core.bridge_await(bridge, record.number, host.connect_timeout + 5)
  if hello then return hello end
  error(('cannot start a child on %s: %s'):format(host.name, (why or 'it does not answer'):gsub('^host [^:]*: ', '')), 0)
end

-- --- children ---

--- Starts a child by core.child.spawn's request on this host. Returns the child, its fields, and whether it surely runs our kind of Lua.
function hosts.spawn(host, request, options)
  local hello = await(host)
  request.bridge, request.host = bridge, host.record.number
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
    error(('cannot start a child on %s: %s%s'):format(host.name, tostring(child):gsub('^parallel: ', ''), hint), 0)
  end
  fields.ip, fields.host, fields.speed = host.name, host.name, host.speed or 1
  local known_kind = wanted == nil -- else the child's own hello tells
  if known_kind then handle.set_fingerprint(child, hello.fingerprint) end
  return child, fields, known_kind and hello.same_kind
end

--- The host that `value` of an option host= names: a name, a table of fields, or one that parallel.hosts returned. nil: this machine.
local known = {} -- what parallel.hosts was given last: a list

function hosts.find(value, what)
  if type(value) == 'table' and value.record then return value end
  if type(value) == 'table' and value.launcher == nil and type(value.host) == 'string' and machine.is_here(value.host) then return nil end
  if type(value) == 'string' then
    for _, host in ipairs(known) do
      if host.host == value or host.name == value then return host end
    end
    if machine.is_here(value) then return nil end
  end
  local ok, host = pcall(host_of, value)
  if not ok then error((tostring(host):gsub('^parallel.hosts', what)), 0) end
  return host
end

-- --- parallel.hosts ---

local function read_file(path)
  local file, message = io.open(path, 'r')
  if not file then fail("cannot read the list of hosts: %s", message) end
  local text = file:read('*a')
  file:close()
  return text
end

local function from_environment()
  local text = os.getenv('PARALLEL_HOSTS')
  if text and text ~= '' then
    local path = text:match('^file:(.+)$')
    return path and hostlist.text(read_file(path), path) or hostlist.variable(text)
  end
  local list = hostlist.slurm(os.getenv)
  if list then return list end
  local nodefile = os.getenv('PBS_NODEFILE')
  return nodefile and hostlist.by_lines(read_file(nodefile)) or nil
end

local QUEUE_SECONDS = 30 * 24 * 3600 -- a job may wait so long
local job_options = {nodes = true, cpus = true, time = true, partition = true, account = true, qos = true, constraint = true, mem = true,
  gres = true, reservation = true, args = true, env = true, dir = true, lua = true, address = true, connect_timeout = true}

-- {slurm={nodes=, cpus=, time=, ...}}: nodes that are asked of Slurm, each by a job of its own, and used as they come.
local function jobs_of(wanted)
  if type(wanted) ~= 'table' then fail("slurm= takes a table such as {nodes=2, time='1:00:00'}, got %s", type(wanted)) end
  for name in pairs(wanted) do
    if not job_options[name] then fail("slurm: there is no option '%s' (nodes, cpus, time, partition, account, qos, constraint, mem, gres, reservation, args)", tostring(name)) end
  end
  if not is_count(wanted.nodes) then fail("slurm: nodes must be a whole number from 1 on, got %s", tostring(wanted.nodes)) end
  if wanted.cpus ~= nil and not is_count(wanted.cpus) then fail("slurm: cpus must be a whole number from 1 on, got %s", tostring(wanted.cpus)) end
  local list = {}
  for i = 1, wanted.nodes do
    list[i] = {host = 'slurm-' .. i, launcher = 'job', job = wanted, slots = wanted.cpus or 1, env = wanted.env, dir = wanted.dir,
      lua = wanted.lua, address = wanted.address, connect_timeout = wanted.connect_timeout or QUEUE_SECONDS}
  end
  return list
end

local function list_of(what)
  if what == nil then
    local list = from_environment()
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
  return what.slurm ~= nil and jobs_of(what.slurm) or what
end

-- The same machine twice is one with the slots of both.
local function merged(list)
  local result, seen = {}, {}
  for i, entry in ipairs(list) do
    local ok, host = pcall(host_of, entry)
    if not ok then error(('%s (entry %d)'):format(host, i), 0) end
    local key = key_of(host)
    if seen[key] then
      seen[key].slots = (seen[key].slots or 1) + (host.slots or 1)
    else
      seen[key], result[#result + 1] = host, host
    end
  end
  return result
end

--- parallel.hosts(list | 'slurm' | 'pbs' | 'file:PATH' | 'h1:8,h2' | nothing) -> list of hosts, with launched agents
function hosts.hosts(what)
  local list = merged(list_of(what))
  if #list == 0 then fail("the list of hosts is empty") end
  known = list
  for _, host in ipairs(list) do
    if host.dryrun then print(launcher.line(host)) else launch(host) end
  end
  return list
end

--- Those that parallel.hosts was given last, or that the environment names.
function hosts.known()
  if #known == 0 and from_environment() then hosts.hosts() end
  return known
end

--- Waits for a host and says how many children it is to have.
function hosts.slots(host)
  if not host.slots then host.slots = await(host).cores end
  return host.slots
end

-- --- places for the workers of a pool ---

local places = {}
places.__index = places

local RETRY_SECONDS = 5 -- a host that is down is asked again so often

-- Slots of all hosts in turn: h1, h2, h1, h2, h1.
local function in_turn(list)
  local homes, left, more = {}, {}, true
  for i, host in ipairs(list) do left[i] = hosts.slots(host) end
  while more do
    more = false
    for i, host in ipairs(list) do
      if left[i] > 0 then
        homes[#homes + 1], left[i], more = host, left[i] - 1, true
      end
    end
  end
  return homes
end

--- The places of a pool: `value` is true (those of parallel.hosts), or what parallel.hosts takes. workers: how many, or nil for all
-- slots. Fields: size; homes (place -> host); running (place -> host).
function hosts.places(value, workers)
  local list = value
  if value == true then
    list = hosts.known()
    if #list == 0 then fail("pool{hosts=true}: there are no hosts: call parallel.hosts first, or set PARALLEL_HOSTS") end
  elseif type(value) == 'string' or value == nil then
    list = merged(list_of(value))
  else
    list = {}
    for i, entry in ipairs(value) do
      local host = hosts.find(entry, 'parallel.hosts')
      list[i] = host or fail("'%s' is this machine: leave it out, or start an agent here with launcher='here'", tostring(entry))
    end
    list = type(value[1]) == 'table' and value[1].record and list or merged(list)
  end
  if #list == 0 then fail("the list of hosts is empty") end
  for _, host in ipairs(list) do launch(host) end
  local homes = in_turn(list)
  return setmetatable({list = list, homes = homes, size = workers or #homes, running = {}, asked = {}}, places)
end

local function is_up(host) return bridge ~= nil and host.record ~= nil and core.bridge_state(bridge, host.record.number) == 'up' end

-- Asks a host that is down to come back, now and then. Does not wait.
local function ask_again(self, host)
  local now = core.clock()
  if now - (self.asked[host] or 0) < RETRY_SECONDS then return end
  self.asked[host] = now
  pcall(launch, host)
end

function places:home(place) return self.homes[(place - 1) % #self.homes + 1] end

-- The host that is up and has the fewest workers of this pool.
local function quietest(self)
  local count, best = {}, nil
  for _, host in pairs(self.running) do count[host] = (count[host] or 0) + 1 end
  for _, host in ipairs(self.list) do
    if is_up(host) and (not best or (count[host] or 0) < (count[best] or 0)) then best = host end
  end
  return best
end

-- Waits until one of the hosts is up, and returns it; nil when all are down.
local function any_up(self)
  while true do
    local hope = false
    for _, host in ipairs(self.list) do
      if is_up(host) then return host end
      hope = hope or bridge and host.record and core.bridge_state(bridge, host.record.number) == 'launching'
    end
    if not hope then return nil end
    core.bridge_await(bridge, self.list[1].record.number, 0.05) -- Ctrl-C leaves it
  end
end

--- Starts a child for this place by start(host): on its home; when that is down, where there are the fewest. `first`: a home that is
-- down is an error.
function places:start(place, first, start)
  local home = self:home(place)
  first = first and home.launcher ~= 'job' -- it comes when it comes
  self.running[place] = nil
  if first or is_up(home) then
    local ok, child = pcall(start, home)
    if ok then
      self.running[place] = home
      return child
    end
    if first then core.raise(child) end
  end
  ask_again(self, home)
  local other = quietest(self) or any_up(self) or home
  local child = start(other)
  self.running[place] = other
  return child
end

--- Could the worker of this place go back to where it belongs? Asked often.
function places:may_go_home(place)
  local home = self:home(place)
  if self.running[place] == home or self.running[place] == nil then return false end
  if is_up(home) then return true end
  ask_again(self, home)
  return false
end

--- host -> number of workers there
function places:count()
  local count = {}
  for _, host in pairs(self.running) do count[host.name] = (count[host.name] or 0) + 1 end
  return count
end

--- Ends all agents, and their children.
function hosts.close()
  if bridge then core.bridge_close(bridge) end
  bridge = nil
end

hosts.await, hosts.launch = await, launch
return hosts
