--- How the hashes, vectors and counters of tds travel, which are references to structs of C made by LuaJIT's ffi module, or by luaffi on
-- the other Luas: by their own Lua side, which both ends need. Elements are read one by one.
local core = require 'parallel.core'
local good, ffi = pcall(require, 'ffi')
if not good then return end

local function address_of(object) return tonumber(ffi.cast('uintptr_t', ffi.cast('void *', object))) end

-- tds makes a new reference each time an element is read. One of them stands for the struct in all of a message, and says what is in it;
-- any other is sent as that one.
local references = setmetatable({}, {__mode = 'v'})

local function reference_of(object)
  local address = address_of(object)
  if not references[address] then references[address] = object end
  return references[address]
end

local function hash_contents(hash)
  local keys, values = {}, {}
  for key, value in require 'tds'.Hash.__pairs(hash) do keys[#keys + 1], values[#values + 1] = key, value end
  return keys, values
end

local function make_hash(keys, values)
  local hash = require 'tds'.Hash()
  for i = 1, #keys do hash[keys[i]] = values[i] end
  return hash
end

local function vector_contents(vector)
  local values = {}
  for i = 1, #vector do values[i] = vector[i] end
  return #vector, values
end

local function make_vector(n, values)
  local vector = require 'tds'.Vec()
  if n > 0 then vector:resize(n) end
  for i = 1, n do vector[i] = values[i] end
  return vector
end

local function counter_contents(counter) return counter:get() end

local function make_counter(value)
  local counter = require 'tds'.AtomicCounter()
  counter:set(value)
  return counter
end

-- By the name that LuaJIT gives the struct.
local kinds = {
  ['struct tds_hash_'] = {type = 'tds_hash&', contents = hash_contents, make = make_hash},
  ['struct tds_vec_'] = {type = 'tds_vec&', contents = vector_contents, make = make_vector},
  ['struct tds_atomic_counter_'] = {type = 'tds_atomic_counter&', contents = counter_contents, make = make_counter},
}

local function teach(name, kind)
  if core.registered(name) then return end
  local function encode(object)
    local known = reference_of(object)
    if not rawequal(known, object) then return known end
    return nil, kind.contents(object)
  end
  local function decode(known, ...)
    if known ~= nil then return known end
    return kind.make(...)
  end
  core.register(name, {encode = encode, decode = decode})
end

-- luaffi's values are userdata with one metatable for all types.
local function kind_of(object)
  for name, kind in pairs(package.loaded.tds and kinds or {}) do
    if ffi.istype(kind.type, object) then return name, kind end
  end
  error('a value of the ffi module that is not of tds cannot be sent: ' .. tostring(ffi.typeof(object)), 0)
end

local function encode_userdata(object)
  local name, kind = kind_of(object)
  local known = reference_of(object)
  if not rawequal(known, object) then return known end
  return nil, name, kind.contents(object)
end

local function decode_named(known, name, ...)
  if known ~= nil then return known end
  return kinds[name].make(...)
end

for name, kind in pairs(kinds) do teach(name, kind) end
local of_luaffi = not jit and debug.getmetatable(ffi.new('int')) or nil -- luacheck: ignore
core.register('tds of luaffi', {encode = encode_userdata, decode = decode_named, metatable = of_luaffi})
