--- How the hashes, vectors and counters of tds travel on LuaJIT, where they are references to structs of C: by their own Lua side, which
-- both ends need. Elements are read one by one.
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

local function teach(name, contents, make)
  if core.registered(name) then return end
  local function encode(object)
    local known = reference_of(object)
    if not rawequal(known, object) then return known end
    return nil, contents(object)
  end
  local function decode(known, ...)
    if known ~= nil then return known end
    return make(...)
  end
  core.register(name, {encode = encode, decode = decode})
end

teach('struct tds_hash_', hash_contents, make_hash)
teach('struct tds_vec_', vector_contents, make_vector)
teach('struct tds_atomic_counter_', counter_contents, make_counter)
