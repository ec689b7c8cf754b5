--- What the write and read methods of a torch.class are given as their file: a queue in memory with the calls of Torch's File.
--
-- The queue is the object's contents in a message. What write put there is encoded after write has returned, by the codec
-- itself, so objects that are shared or refer to each other stay so across all objects of the message.
local File = {}
File.__index = File

local OBJECT, TEXT = 'o', 's'

-- Letter of each kind of number, and the bounds of those that are whole: least <= n < limit.
local numbers = {
  Byte = {letter = 'b', least = 0, limit = 2 ^ 8},
  Char = {letter = 'c', least = -2 ^ 7, limit = 2 ^ 7},
  Short = {letter = 'h', least = -2 ^ 15, limit = 2 ^ 15},
  Int = {letter = 'i', least = -2 ^ 31, limit = 2 ^ 31},
  Long = {letter = 'l', least = -2 ^ 63, limit = 2 ^ 63},
  Float = {letter = 'f'},
  Double = {letter = 'd'},
}
local writer_of = {[OBJECT] = 'writeObject', [TEXT] = 'writeString'}
for name, kind in pairs(numbers) do writer_of[kind.letter] = 'write' .. name end

-- --- writing ---

local function new_writer()
  return setmetatable({n = 0, kinds = {}, values = {}}, File)
end

local function put(file, letter, value, call)
  if not file.n then error(call .. ': this file is there to be read', 3) end
  file.n = file.n + 1
  file.kinds[file.n], file.values[file.n] = letter, value
end

function File:writeObject(object) put(self, OBJECT, object, 'writeObject') end

function File:writeString(text)
  if type(text) ~= 'string' then error('writeString: a string expected, got ' .. type(text), 2) end
  put(self, TEXT, text, 'writeString')
end

-- Torch writes a boolean as an Int.
function File:writeBool(value) put(self, numbers.Int.letter, value and 1 or 0, 'writeBool') end

-- The class of a storage, also of one of Torch's own.
local function typename(value)
  local metatable = type(value) == 'userdata' and debug.getmetatable(value)
  local name = metatable and debug.getregistry()[metatable]
  if type(name) == 'string' then return name end
  local ours = package.loaded['parallel.tensor']
  return ours and ours.typename(value)
end

local function is_storage(value, name) return typename(value) == 'torch.' .. name .. 'Storage' end

local function truncate(value)
  return (value >= 0 and math.floor(value) or math.ceil(value)) + 0 -- no -0
end

local function add_writer(name, kind)
  local call = 'write' .. name
  File[call] = function(self, value)
    if type(value) == 'number' then
      if kind.limit then value = truncate(value) end
      if kind.limit and not (value >= kind.least and value < kind.limit) then
        error(('%s: %s is out of range'):format(call, tostring(value)), 2)
      end
      put(self, kind.letter, value, call)
    elseif is_storage(value, name) then
      if value:size() > 0 then put(self, kind.letter, value, call) end
      return value:size()
    else
      error(('%s: a number or a torch.%sStorage expected, got %s'):format(call, name, typename(value) or type(value)), 2)
    end
  end
end

-- --- reading ---

local function new_reader(kinds, values)
  return setmetatable({at = 1, taken = 0, kinds = kinds, values = values}, File)
end

-- The value to be read next, which must be of this kind.
local function peek(file, letter, call)
  if not file.at then error(call .. ': this file is there to be written', 3) end
  local found = file.kinds:sub(file.at, file.at)
  if found == '' then error(call .. ': nothing is left of what was written', 3) end
  if found ~= letter then
    error(('%s: what comes next was written by %s'):format(call, writer_of[found] or 'nobody'), 3)
  end
  return file.values[file.at]
end

local function advance(file) file.at, file.taken = file.at + 1, 0 end

function File:readObject()
  local object = peek(self, OBJECT, 'readObject')
  advance(self)
  return object
end

--- '*l': up to the end of the line; '*a': all text that was written in a row.
function File:readString(format)
  if format ~= '*a' and format ~= '*l' then error("readString: '*a' or '*l' expected, got " .. tostring(format), 2) end
  local parts, found = {}, nil
  peek(self, TEXT, 'readString')
  while not found and self.kinds:sub(self.at, self.at) == TEXT do
    local text = self.values[self.at]
    if type(text) ~= 'string' then error('readString: what was written is no string', 2) end
    local first = self.taken + 1
    if format == '*l' then found = text:find('\n', first, true) end
    parts[#parts + 1] = text:sub(first, found and found - 1)
    if found and found < #text then self.taken = found else advance(self) end
  end
  return table.concat(parts)
end

-- One number: a value of its own, or the next of a storage.
local function read_number(file, name, kind, call)
  local value = peek(file, kind.letter, call)
  if type(value) == 'number' then
    advance(file)
    return value
  elseif not is_storage(value, name) or value:size() <= file.taken then
    error(call .. ': what was written is no number', 3)
  end
  file.taken = file.taken + 1
  local number = value[file.taken]
  if file.taken == value:size() then advance(file) end
  return number
end

local function new_storage(name, size)
  local torch = package.loaded.torch or require 'parallel.tensor'
  return torch[name .. 'Storage'](size)
end

-- Are that many numbers left? Asked before there is memory for them: the count may come from the message itself.
local function check_left(file, wanted, name, kind, call)
  peek(file, kind.letter, call)
  local left, at = -file.taken, file.at
  while left < wanted and file.kinds:sub(at, at) == kind.letter do
    local value = file.values[at]
    left, at = left + (is_storage(value, name) and value:size() or 1), at + 1
  end
  if left < wanted then error(('%s: %s are left of %s'):format(call, left, wanted), 3) end
end

local function fill(file, storage, name, kind, call)
  for i = 1, storage:size() do storage[i] = read_number(file, name, kind, call) end
  return storage
end

local function read_storage(file, size, name, kind, call)
  if size == 0 then return new_storage(name, 0) end
  check_left(file, size, name, kind, call)
  local value = file.values[file.at]
  if file.taken == 0 and is_storage(value, name) and value:size() == size then
    advance(file)
    return value
  end
  return fill(file, new_storage(name, size), name, kind, call)
end

local function add_reader(name, kind)
  local call = 'read' .. name
  File[call] = function(self, into)
    if into == nil then return read_number(self, name, kind, call) end
    if type(into) == 'number' and into >= 0 then return read_storage(self, into, name, kind, call) end
    if not is_storage(into, name) then
      error(('%s: nothing, a size or a torch.%sStorage expected, got %s'):format(call, name, tostring(into)), 2)
    end
    fill(self, into, name, kind, call)
    return into:size()
  end
end

for name, kind in pairs(numbers) do
  add_writer(name, kind)
  add_reader(name, kind)
end

function File:readBool() return read_number(self, 'Int', numbers.Int, 'readBool') == 1 end

-- --- what kind of file it is ---

function File:isReadable() return self.at ~= nil end
function File:isWritable() return self.n ~= nil end
for name, answer in pairs {isBinary = true, isAscii = false, isAutoSpacing = false, isQuiet = false, isReferenced = true,
                           hasError = false} do
  File[name] = function() return answer end
end
for _, name in ipairs {'binary', 'ascii', 'autoSpacing', 'noAutoSpacing', 'pedantic', 'clearError', 'synchronize'} do
  File[name] = function(self) return self end
end

-- --- what the codec calls ---

local class_file = {}

-- An error of any kind becomes a text.
local function protected(method, ...)
  local good, message = pcall(method, ...)
  if not good then error(tostring(message), 0) end
end

local function write_fields(object, file)
  if type(object) ~= 'table' then error('the class has read, but no write', 0) end
  local fields = {}
  for key, value in next, object do fields[key] = value end
  file:writeObject(fields)
end

local function read_fields(object, file)
  local fields = file:readObject()
  if type(object) ~= 'table' or type(fields) ~= 'table' then
    error('the class has no read here, and what was written are not the fields of a table', 0)
  end
  for key, value in next, fields do rawset(object, key, value) end
end

--- What the object's write method (nil: its fields are written) puts into a file, as one table.
function class_file.write(object, method, metatable)
  local file = new_writer()
  protected(method or write_fields, object, file)
  local version = rawget(metatable, '__version')
  return {table.concat(file.kinds), file.values, type(version) == 'number' and version or 1}
end

--- A new object of the class, which knows nothing yet.
function class_file.make(metatable)
  local factory = rawget(metatable, '__factory')
  if type(factory) ~= 'function' then return setmetatable({}, metatable) end
  local object = factory()
  if debug.getmetatable(object) ~= metatable then
    error(('its factory made a %s'):format(typename(object) or type(object)), 0)
  end
  return object
end

--- Lets the object read what write put into the table.
function class_file.read(object, method, contents)
  local kinds, values, version = contents[1], contents[2], contents[3]
  if type(kinds) ~= 'string' or type(values) ~= 'table' or type(version) ~= 'number' then
    error('what was written is not whole', 0)
  end
  protected(method or read_fields, object, new_reader(kinds, values), version)
end

return class_file
