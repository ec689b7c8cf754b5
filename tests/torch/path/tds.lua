-- A stand-in for tds: references to structs of C, of which nobody knows the inside, with its names and calls.
local ffi = require 'ffi'
ffi.cdef [[
  typedef struct tds_hash_ tds_hash;
  typedef struct tds_vec_ tds_vec;
  typedef struct tds_atomic_counter_ tds_atomic_counter;
]]

local tds = {}
local structs = {} -- address -> {kind, memory, values}

local function address_of(value) return tonumber(ffi.cast('uintptr_t', ffi.cast('void *', value))) end

local function of(value) return structs[address_of(value)] end

local function new(kind, empty)
  local memory = ffi.new('char[16]')
  structs[address_of(memory)] = {kind = kind, memory = memory, values = empty}
  return ffi.cast(kind .. ' &', memory)
end

-- Elements are kept by their address, and get a new reference each time they are read.
local function stored(value)
  return type(value) == 'cdata' and tostring(ffi.typeof(value)):find('struct tds_') and {address = address_of(value)} or value
end
local function given(value)
  if type(value) ~= 'table' then return value end
  local struct = structs[value.address]
  return ffi.cast(struct.kind .. ' &', struct.memory)
end

tds.id = address_of
function tds.kind(value) return of(value).kind end

local hash = {}
function hash.__index(self, key) return given(of(self).values[key]) end
function hash.__newindex(self, key, value) of(self).values[key] = stored(value) end
function hash.__len(self)
  local n = 0
  for _ in pairs(of(self).values) do n = n + 1 end
  return n
end
function hash.__pairs(self)
  local values, key, value = of(self).values, nil, nil
  return function()
    key, value = next(values, key)
    return key, given(value)
  end
end
tds.Hash = setmetatable({}, {__index = hash, __call = function() return new('tds_hash', {}) end})

local vector, methods = {}, {}
function methods.resize(self, n) of(self).values.n = n end
function vector.__index(self, key) return methods[key] or given(of(self).values[key]) end
function vector.__newindex(self, key, value)
  local values = of(self).values
  values[key], values.n = stored(value), math.max(values.n, key)
end
function vector.__len(self) return of(self).values.n end
tds.Vec = setmetatable({}, {__call = function() return new('tds_vec', {n = 0}) end})

local counter = {}
function counter.get(self) return of(self).values.n end
function counter.set(self, n) of(self).values.n = n end
function counter.inc(self) of(self).values.n = of(self).values.n + 1 end
tds.AtomicCounter = setmetatable({}, {__call = function() return new('tds_atomic_counter', {n = 0}) end})

ffi.metatype('tds_hash', hash)
ffi.metatype('tds_vec', vector)
ffi.metatype('tds_atomic_counter', {__index = counter})

return tds
