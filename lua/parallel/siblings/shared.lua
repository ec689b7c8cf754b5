--- Objects in shared memory that all processes with a handle use at once: parallel.counter, parallel.lock, parallel.table. Their
-- operations are in C (src/lua/shared); they travel in messages and as arguments like any value.
local core = require 'parallel.core'
local options_of = require 'parallel.options'

local shared = {}
local kinds = core.shared

-- One handle in a process for each object: a process that has got a lock twice still has one lock.
local handles = setmetatable({}, {__mode = 'v'}) -- identity of the memory -> object

--- For the codec: what of an object travels, and the object from that.
function shared.encode(object)
  core.tensor() -- storages are made of it
  local storage = kinds.storage(object)
  handles[kinds.identity(storage)] = object
  return storage
end

function shared.decode(kind, storage)
  local identity = kinds.identity(storage)
  local object = handles[identity]
  if object and getmetatable(object) == kinds[kind].metatable then return object end
  object = kinds[kind].attach(storage)
  handles[identity] = object
  return object
end

--- parallel.counter([start])
function shared.counter(start) return kinds.counter.new(start) end

--- parallel.lock()
function shared.lock() return kinds.lock.new() end

--- parallel.table([{bytes=}])
function shared.table(options)
  return kinds.table.new(options_of.check(options, {bytes = true}, 'parallel.table').bytes)
end

local function unlock_after(lock, ok, ...)
  if ok then
    lock:unlock()
    return ...
  end
  pcall(lock.unlock, lock) -- f may have done so before it failed
  core.raise((...))
end

local function check_self(self, kind, what)
  if getmetatable(self) == kinds[kind].metatable then return end
  options_of.misuse(('%s: a parallel.%s expected, got %s (call it as %s:%s(), with a colon)'):format(what, kind, type(self), kind, what))
end

--- lock:with(f, ...) -> what f(...) returned, called while the lock is ours
function kinds.lock.methods.with(lock, f, ...)
  check_self(lock, 'lock', 'with')
  if type(f) ~= 'function' then options_of.misuse('with: a function expected, got ' .. type(f)) end
  lock:lock()
  return unlock_after(lock, pcall(f, ...))
end

--- for key, value in table:pairs() do: all that was in it at one moment
function kinds.table.methods.pairs(self)
  check_self(self, 'table', 'pairs')
  return next, (self:copy())
end

--- How many entries it has.
function kinds.table.methods.count(self)
  check_self(self, 'table', 'count')
  return (select(2, self:copy()))
end

kinds.table.metatable.__pairs = kinds.table.methods.pairs
kinds.table.metatable.__len = kinds.table.methods.count

return shared
