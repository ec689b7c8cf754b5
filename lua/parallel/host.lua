--- What a program says of a host, checked, as a table that the other files work with. Nothing is started here.
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local hostlist = require 'parallel.hostlist'
local launcher = require 'parallel.launcher'
local machine = require 'parallel.machine'
local options = require 'parallel.options'

local host = {}

local function fail(text, ...) error('parallel.hosts: ' .. text:format(...), 0) end
host.fail = fail

--- Raises an error about an option that there is not. of: of what it would be.
function host.refuse_option(name, names, of) error(options.unknown('parallel.hosts', name, names, of), 0) end

function host.is_count(value) return type(value) == 'number' and value >= 1 and value % 1 == 0 and value < 2 ^ 31 end

local function is_port(value) return host.is_count(value) and value < 65536 end

host.QUEUE_SECONDS = 30 * 24 * 3600 -- a job may wait so long, and nobody longer

-- --- options ---

local kinds = {
  host = 'string', slots = 'number', lua = 'string', dir = 'string', env = 'table', launcher = 'string', transport = 'string',
  address = 'string', encrypt = 'boolean', connect_timeout = 'number', dryrun = 'boolean', functions = 'boolean', send_modules = 'boolean',
  cipher = 'any', job = 'table', port = 'any', listen_port = 'any', user = 'string', speed = 'number',
}

local offered = {'host', 'slots', 'lua', 'dir', 'env', 'launcher', 'transport', 'port', 'address', 'encrypt', 'connect_timeout',
  'functions', 'send_modules', 'dryrun'}

local function own_interpreter()
  local path = core.program_path()
  local base = path and path:match('[^/]+$')
  if base and base:match('^lua[jit]*[%d%.%-]*$') then return base end
  return compat.version == 'jit' and 'luajit' or 'lua' .. compat.version
end

-- A port, or {from, to}, as two numbers; nil: it is neither.
local function ports_of(value)
  if is_port(value) then return value, value end
  if type(value) ~= 'table' or not is_port(value[1]) or not is_port(value[2]) or value[1] > value[2] or #value ~= 2 then return nil end
  return value[1], value[2]
end

local by_tcp = {srun = true, mpirun = true, job = true} -- whose own pipes are slow

--- Does the agent of this host connect to this machine? Else its launcher's pipes carry everything.
function host.dials(entry)
  if entry.transport then return entry.transport == 'tcp' end
  return by_tcp[entry.launcher] or false
end

local function check_ports(entry)
  local name = tostring(entry.host)
  if entry.listen_port == nil and (type(entry.port) == 'table' or by_tcp[entry.launcher]) then -- ssh alone has a port of its own
    entry.listen_port, entry.port = entry.port, nil
  end
  if entry.port ~= nil and not is_port(entry.port) then fail('host %s: port must be a number from 1 to 65535, got %s', name, tostring(entry.port)) end
  if entry.listen_port == nil then return end
  if not ports_of(entry.listen_port) then
    fail('host %s: the port to listen at must be a number from 1 to 65535, or two such as {5000, 5100}, got %s', name, tostring(entry.listen_port))
  end
end

-- What only means something where agents connect to this machine.
local function check_transport(entry)
  local name = tostring(entry.host)
  if entry.transport and entry.transport ~= 'stdio' and entry.transport ~= 'tcp' then
    fail("host %s: transport must be 'stdio' or 'tcp', got %s", name, entry.transport)
  end
  if host.dials(entry) then return end
  local way = ("this host is reached through the pipes of its launcher; transport='tcp' makes it connect"):format()
  if entry.encrypt == false then fail('host %s: encrypt=false changes nothing: %s', name, way) end
  for _, option in ipairs{'address', 'listen_port'} do
    if entry[option] ~= nil then fail('host %s: %s= changes nothing: %s', name, option, way) end
  end
end

local function check_env(entry)
  local env, what = entry.env or {}, 'host ' .. tostring(entry.host)
  local good, why = options.is_environment(env)
  if not good then fail('%s: %s', what, why) end
  for name in pairs(env) do
    if not name:match('^[%a_][%w_]*$') then fail("%s: env: a shell there cannot set '%s'", what, name) end
  end
end

local function check(entry)
  for name, value in pairs(entry) do
    local kind = kinds[name]
    if not kind then host.refuse_option(name, offered, 'of a host') end
    if kind ~= 'any' and type(value) ~= kind then fail('host %s: %s must be a %s, got %s', tostring(entry.host), name, kind, type(value)) end
    if kind == 'string' and not options.is_text(value) then fail('host %s: %s has a zero byte in it', tostring(entry.host), name) end
  end
  if entry.slots ~= nil and not host.is_count(entry.slots) then
    fail('host %s: slots must be a whole number from 1 on, got %s', tostring(entry.host), tostring(entry.slots))
  end
  if entry.connect_timeout and not (entry.connect_timeout > 0) then
    fail('host %s: connect_timeout must be more than 0 seconds', tostring(entry.host))
  end
  if entry.cipher and type(entry.cipher) ~= 'string' then
    fail('host %s: cipher must be a string, or false, got %s', tostring(entry.host), type(entry.cipher))
  end
  if entry.user then hostlist.user(entry.user) end
  check_ports(entry)
  check_transport(entry)
  check_env(entry)
end

--- A name, a table of fields or what hostlist made, as a host with all its fields.
function host.new(entry)
  if type(entry) == 'string' then entry = {host = entry} end
  if type(entry) ~= 'table' then fail("a name or a table such as {host='h1', slots=8} expected, got %s", type(entry)) end
  local new = {}
  for name, value in pairs(entry) do new[name] = value end
  if new.record then return new end -- one that parallel.hosts has returned
  if new.name then -- from a list
    new.host = new.name
  else
    if new.host == nil then new.host, new[1] = new[1], nil end
    if new.host == nil then fail('a table without host=') end
    if type(new.host) ~= 'string' then fail('host= must be a name, got %s', type(new.host)) end
    local parts = hostlist.name(new.host)
    new.name = parts.name
    new.user = new.user or parts.user
    new.port = new.port or parts.port
  end
  local name = new.name
  new.name = nil
  check(new)
  new.name = name
  new.lua = new.lua or own_interpreter()
  new.connect_timeout = math.min(new.connect_timeout or 30, host.QUEUE_SECONDS)
  if new.send_modules == nil then new.send_modules = new.functions ~= false end
  launcher.command(new) -- what is wrong with it is told here
  return new
end

--- What makes two of them the same agent, as a text.
function host.key(entry)
  local parts = {entry.user or '', entry.name, tostring(entry.port or ''), entry.launcher or 'ssh', entry.lua, entry.dir or '',
    tostring(host.dials(entry)), tostring(entry.encrypt ~= false), entry.address or '', table.concat({ports_of(entry.listen_port)}, '-')}
  local names = {}
  for name, value in pairs(entry.env or {}) do names[#names + 1] = name .. '=' .. tostring(value) end
  table.sort(names)
  return table.concat(parts, '\0') .. '\0' .. table.concat(names, '\0')
end

--- Where its agent connects to: an address of ours, first and last port (0: any), is it encrypted. nil: it does not connect.
function host.listening(entry)
  if not host.dials(entry) then return nil end
  local first, last = ports_of(entry.listen_port)
  local address = entry.address or entry.launcher ~= 'job' and core.address_to(entry.name) or machine.address() or '127.0.0.1'
  return address, first or 0, last or 0, entry.encrypt ~= false
end

return host
