-- A stand-in for luaffi, the ffi module of the Luas without one: its values are userdata, all with one metatable, and `type` says 'cdata'.
local ffi = {}
local values = setmetatable({}, {__mode = 'k'}) -- userdata -> {type, address}
local classes, cdata, memory_bytes = {}, {}, 0

local function class_of(value) return classes[values[value].type:match '^[%w_]+'] or {} end

function cdata.__index(value, key)
  local index = class_of(value).__index
  if type(index) == 'function' then return index(value, key) end
  return index and index[key]
end
function cdata.__newindex(value, key, to) class_of(value).__newindex(value, key, to) end
function cdata.__len(value) return class_of(value).__len(value) end

-- A userdata that nobody else has: what is left of a file.
local function make(type, address)
  local value = assert(io.open '/dev/null')
  value:close()
  debug.setmetatable(value, cdata)
  values[value] = {type = type, address = address}
  return value
end

function ffi.cdef() end
function ffi.new(type)
  memory_bytes = memory_bytes + 16
  return make(type, memory_bytes)
end
function ffi.cast(type, value)
  local address = values[value] and values[value].address or value
  return type == 'uintptr_t' and address or make(type, address)
end
function ffi.typeof(value)
  return 'ctype<' .. values[value].type:gsub('^tds_[%w_]+', 'struct %0_') .. '>'
end
function ffi.istype(type, value) return values[value].type:gsub(' ', '') == type:gsub(' ', '') end
function ffi.metatype(type, class) classes[type] = class end

local type_of = type
function type(value) return values[value] and 'cdata' or type_of(value) end -- luacheck: ignore

return ffi
