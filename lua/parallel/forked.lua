--- The API of the original's later versions (2011-2016): fork, nfork, sfork, exec, addremote, calibrate, reset, autoip.
-- What works on children of both eras (join, sync, send, receive) is in children.lua and group.lua.
local core = require 'parallel.core'
local group = require 'parallel.group'
local machine = require 'parallel.machine'
local options = require 'parallel.options'
local remotes = require 'parallel.remotes'
local start = require 'parallel.start'
local state = require 'parallel.state'

local forked = {}
local handle = core.child
local parallel = package.loaded.parallel

-- --- where a child goes ---

local function check_string(what, name, value)
  if value ~= nil and type(value) ~= 'string' then
    options.misuse(('%s: %s must be a string, got %s'):format(what, name, type(value)))
  end
end

-- How the agent of a machine is started: by the names that the original had, or a template.
local function check_place(what, place)
  check_string(what, 'ip', place.ip)
  check_string(what, 'protocol', place.protocol)
  check_string(what, 'lua', place.lua)
end

-- The host of an ip that is another machine; nil: this one.
local function host_of(place, what)
  if not place.ip or machine.is_here(place.ip) then return nil end
  local find = require 'parallel.hosts'.find
  if not place.protocol and not place.lua then return find(place.ip, what) end
  return find({host = place.ip, launcher = place.protocol, lua = place.lua}, what)
end

-- --- fork ---

local function fork_at(place, args)
  local host = host_of(place, 'parallel.fork')
  local child = start.child{waits = true, lua = not host and place.lua or nil, host = host, args = args}
  if place.ip then handle.fields(child).ip = place.ip end
  return child
end

-- Calls start_one n times. When one cannot be started, those that were are ended again.
local function fork_many(list, n, start_one)
  for _ = 1, n do
    local ok, child = pcall(start_one)
    if not ok then
      for _, started in ipairs(list) do started:close() end
      core.raise(child)
    end
    list[#list + 1] = child
  end
end

-- --- nfork's tables ---

local entry_names = {'ip', 'protocol', 'lua', 'cores', 'speed'}
local entry_keys = {true}
for _, name in ipairs(entry_names) do entry_keys[name] = true end
local usage = "parallel.nfork(n) or parallel.nfork({n, ip=, protocol=, lua=}, ...) expected"

local function is_count(value) return type(value) == 'number' and value >= 0 and value % 1 == 0 and value < 2 ^ 31 end

local function check_entry(entry, i)
  local what = 'parallel.nfork: entry ' .. i
  if type(entry) ~= 'table' then options.misuse(('%s is no table but a %s: %s'):format(what, type(entry), usage)) end
  if not is_count(entry[1]) then
    options.misuse(('%s must begin with a number of processes, got %s: %s'):format(what, tostring(entry[1]), usage))
  end
  for key in pairs(entry) do
    if not entry_keys[key] then options.misuse(options.unknown(what, key, entry_names) .. ': ' .. usage) end
  end
  check_place(what, entry)
end

-- nfork(4), nfork({4, ip=...}, {2}) and nfork({{4}, {2}}) as a list of entries.
local function entries_of(...)
  local first = ...
  if type(first) == 'table' then
    if type(first[1]) == 'table' then return first end
    return {...}
  end
  if not is_count(first) then
    options.misuse(('parallel.nfork: a number of processes expected, got %s: %s'):format(
      type(first) == 'number' and tostring(first) or type(first), usage))
  end
  return {{first}}
end

-- --- exec ---

local function must_wait_for_code(child)
  if state.idle[child] and handle.state(child) == 'running' then return end
  if handle.retired(child) or handle.ended(child) then
    options.misuse(('exec: child %d has ended: fork another one'):format(child.id))
  end
  options.misuse(('exec: child %d already runs code, it cannot take more: fork another one, or send it functions to run')
    :format(child.id))
end

-- Where a value cannot travel, its place is told as the user knows it. The first of several values is the code; a code
-- without arguments stands alone.
local function name_argument(failure, alone)
  if type(failure) == 'table' and type(failure.message) == 'string' then
    failure.message = failure.message:gsub(alone and '^arguments()' or '^arguments (%d+)', function(n)
      return (alone or n == '1') and 'code' or ('arguments[%d]'):format(n - 1)
    end)
  end
  return failure
end

-- Nothing is sent unless all of them can take it.
local function exec(list, code, ...)
  for _, child in ipairs(list) do must_wait_for_code(child) end
  local same_kind = true
  for _, child in ipairs(list) do same_kind = same_kind and state.idle[child] == 'same kind' end
  start.check_code('exec', code, same_kind)
  for _, child in ipairs(list) do
    local ok, failure = pcall(handle.send_exec, child, code, ...)
    if not ok then core.raise(name_argument(failure, select('#', ...) == 0)) end
    state.idle[child] = nil
  end
end

--- child:exec(code, ...): gives code, a string or a function, to a forked child. Its `...` are these arguments, or
-- those that fork was given.
function forked.exec_child(child, code, ...)
  if not handle.is_child(child) then options.misuse('exec: a child expected (call it as child:exec(code), with a colon)') end
  exec({child}, code, ...)
end

--- parallel.exec(target, code, ...): the same for a child, a group or a list
function forked.exec(target, code, ...)
  exec(handle.is_child(target) and {target} or group.members(target, 'exec'), code, ...)
end

-- --- fork, nfork ---

--- parallel.fork([ip [, protocol [, lua [, arguments...]]]]) -> a child that waits for code
function forked.fork(ip, protocol, lua, ...)
  local place = {ip = ip, protocol = protocol, lua = lua}
  check_place('parallel.fork', place)
  return fork_at(place, {n = select('#', ...), ...})
end

--- parallel.nfork(n) or nfork({n, ip=, protocol=, lua=}, ...) -> list of children, which is also a group
function forked.nfork(...)
  local entries, list = entries_of(...), group.list()
  for i, entry in ipairs(entries) do check_entry(entry, i) end
  for _, entry in ipairs(entries) do
    fork_many(list, entry[1], function() return fork_at(entry) end)
  end
  return list
end

-- --- remotes: addremote, sfork, calibrate ---

local calibration_seconds = 0.1
local placed = setmetatable({}, {__mode = 'k'}) -- child -> its entry in parallel.remotes

state.on_leave[#state.on_leave + 1] = function(child)
  if placed[child] then remotes.give_back(parallel.remotes, placed[child]) end
  placed[child] = nil
end

--- parallel.addremote({ip=, cores=, lua=, protocol=}, ...): names machines for sfork; parallel.remotes lists them
function forked.addremote(...) parallel.remotes = remotes.add(parallel.remotes, ...) end

local function fork_remote()
  local entry = remotes.choose(parallel.remotes)
  check_place('parallel.sfork', entry)
  local child = fork_at(entry)
  local fields = handle.fields(child)
  fields.remote, fields.speed = entry, entry.speed or 1
  placed[child] = entry
  remotes.take(parallel.remotes, entry)
  return child
end

--- parallel.sfork(n) -> n children on the machines of addremote, by their free cores and speed; else on this one
function forked.sfork(n)
  if not is_count(n) then options.misuse('parallel.sfork: a number of processes expected, got ' .. tostring(n)) end
  if not parallel.remotes or #parallel.remotes == 0 then return forked.nfork(n) end
  local list = group.list()
  fork_many(list, n, fork_remote)
  return list
end

--- parallel.calibrate(): measures the machines of addremote, all their cores at once, and sets their `speed` (0..1]
function forked.calibrate()
  if not parallel.remotes then
    options.misuse('parallel.calibrate: there is nothing to calibrate before parallel.addremote(...)')
  end
  local list = forked.sfork(math.max(parallel.remotes.cores, #parallel.remotes))
  local ok, failure = pcall(function()
    list:exec(remotes.calibration, calibration_seconds)
    list:join()
    remotes.rate(parallel.remotes, list, list:receive())
    list:sync()
  end)
  if ok then return end
  list:close()
  core.raise(failure)
end

-- --- ip, reset ---

--- parallel.autoip([interface or list of interfaces]): sets parallel.ip to this machine's address there
function forked.autoip(interfaces)
  if interfaces ~= nil and type(interfaces) ~= 'table' and type(interfaces) ~= 'string' then
    options.misuse('parallel.autoip: the name of an interface or a list of names expected, got ' .. type(interfaces))
  end
  if type(interfaces) == 'string' then interfaces = {interfaces} end
  local address = machine.address(interfaces)
  if address then parallel.ip = address end
  return address
end

--- What parallel.ip is until somebody sets it.
function forked.ip() return machine.address() or '127.0.0.1' end

--- parallel.reset(): ends all children and counts them from 1 again, as after the start of the program
function forked.reset()
  parallel.close()
  state.last_id = 0
  parallel.ip = nil -- found again when it is asked for
end

return forked
