--- file:writeObject and file:readObject: any value in Torch7's own format, in which files of Torch7 are read here and the other way
-- round. What is read may be anybody's: it is checked, and functions in it are refused unless they are asked for.
--
-- An object is the number of its kind and what belongs to it. Tables, objects of classes and functions are numbered as they come;
-- one that has come already is its number alone.
local NIL, NUMBER, STRING, TABLE, OBJECT, BOOLEAN = 0, 1, 2, 3, 4, 5
local OLD_FUNCTION, OLD_SHARED_FUNCTION, FUNCTION = 6, 7, 8 -- as several versions of Torch7 wrote them

local load_text = rawget(_G, 'loadstring') or load
local integer_of, subtype = math.tointeger, math.type -- luacheck: ignore

return function(torch)
  local File = torch.getmetatable('torch.File')

  -- What a file remembers of the objects that went through it.
  local memory = setmetatable({}, {__mode = 'k'})

  local function remembered(file)
    local known = memory[file]
    if not known then
      known = {written = {}, kept = {}, count = 0, read = {}, upvalue_ids = {}, next_upvalue = 1, upvalues = {}, place = {}, depth = 0}
      memory[file] = known
    end
    return known
  end

  --- Without references an object is written again each time that it comes.
  function File:referenced(on)
    remembered(self).unreferenced = not on
    return self
  end

  function File:isReferenced() return not remembered(self).unreferenced end

  -- --- writing ---

  local kinds = {['nil'] = NIL, number = NUMBER, string = STRING, table = TABLE, boolean = BOOLEAN}

  -- The kind that a value is written as; nil: it cannot be.
  local function kind_of(value)
    local name = torch.typename(value)
    if name and torch.factory(name) then return OBJECT end
    if type(value) == 'function' and pcall(string.dump, value) then return FUNCTION end
    return kinds[type(value)]
  end

  function File.isWritableObject(_, value) return kind_of(value) end

  local function write_text(file, text)
    file:writeInt(#text)
    if #text > 0 then file:writeChar(torch.CharStorage(text)) end
  end

  -- Where the value that is being written stands, in words.
  local function place_of(known) return #known.place > 0 and table.concat(known.place, '.') or 'the top' end

  local function method_of(object, name)
    local class = torch.getmetatable(torch.typename(object))
    local method = class['__' .. name] or class[name]
    return type(method) == 'function' and method or nil
  end

  local write

  local function write_number(file, known, number)
    if subtype and subtype(number) == 'integer' and integer_of(number + 0.0) ~= number then
      error(('%s at %s is an integer that no double holds, and this format has only those'):format(number, place_of(known)), 0)
    end
    file:writeDouble(number)
  end

  local function write_named(file, known, name, value, hook)
    known.place[#known.place + 1] = tostring(name)
    write(file, known, value, hook)
    known.place[#known.place] = nil
  end

  local function write_table(file, known, value, hook)
    local size = 0
    for _ in next, value do size = size + 1 end
    file:writeInt(size)
    for key, element in next, value do
      local named = type(key) == 'string' or type(key) == 'number'
      write(file, known, key, hook)
      write_named(file, known, named and key or '<' .. type(key) .. '>', element, hook)
    end
  end

  -- The fields of an object whose class does not write it itself. What cannot be written is left out, as by Torch, not silently.
  local function write_fields(file, known, object, hook)
    if type(object) ~= 'table' then
      error(('<%s> at %s is an object that cannot be written: its class has no method write'):format(torch.typename(object),
        place_of(known)), 0)
    end
    local fields = {}
    for key, value in next, object do
      if kind_of(value) then
        fields[key] = value
      else
        io.stderr:write(('warning: the field <%s> of <%s> at %s is left out: a %s cannot be written\n'):format(tostring(key),
          torch.typename(object), place_of(known), type(value)))
      end
    end
    write(file, known, fields, hook)
  end

  local function write_object(file, known, object, hook)
    local name = torch.typename(object)
    write_text(file, 'V ' .. torch.version(object))
    write_text(file, name)
    local method = method_of(object, 'write')
    if method then method(object, file) else write_fields(file, known, object, hook) end
  end

  -- Upvalues that several functions share have the same number.
  local function upvalues_of(known, f)
    local list = {}
    for i = 1, 255 do
      local name, value = debug.getupvalue(f, i)
      if not name then break end
      local id = debug.upvalueid and debug.upvalueid(f, i)
      if id and not known.upvalue_ids[id] then
        known.upvalue_ids[id], known.next_upvalue = known.next_upvalue, known.next_upvalue + 1
      end
      if name == '_ENV' then value = nil end
      list[i] = {name = name, id = id and known.upvalue_ids[id], value = value}
    end
    return list
  end

  local function write_function(file, known, f, hook)
    write_text(file, string.dump(f))
    write(file, known, upvalues_of(known, f), hook)
  end

  local writers = {[TABLE] = write_table, [OBJECT] = write_object, [FUNCTION] = write_function}

  function write(file, known, original, hook)
    local value = original
    if hook then value = hook(original) end
    local kind = kind_of(value)
    if not kind then error(('a %s cannot be written, at %s'):format(type(value), place_of(known)), 0) end
    file:writeInt(kind)
    if kind == NUMBER then return write_number(file, known, value) end
    if kind == BOOLEAN then return file:writeBool(value) end
    if kind == STRING then return write_text(file, value) end
    if kind == NIL then return end
    local identity = torch.pointer(original)
    local number = not known.unreferenced and known.written[identity]
    if number then return file:writeInt(number) end
    known.count = known.count + 1
    if not known.unreferenced then
      known.written[identity] = known.count
      known.kept[known.count] = original -- or another may come at its address
    end
    file:writeInt(known.count)
    writers[kind](file, known, value, hook)
  end

  --- Writes a value. `name` is what errors call it; hook(value) gives what is written in its place.
  function File:writeObject(value, name, hook)
    local known = remembered(self)
    local places = #known.place
    if name ~= nil then known.place[places + 1] = tostring(name) end
    local good, message = pcall(write, self, known, value, hook)
    for i = #known.place, places + 1, -1 do known.place[i] = nil end
    if not good then error(message, 0) end
  end

  -- --- reading ---

  local read

  local function read_text(file)
    local size = file:readInt()
    if size < 0 then error(('a text of %d bytes'):format(size), 0) end
    return size == 0 and '' or file:readChar(size):string()
  end

  local function read_number(file)
    local number = file:readDouble()
    local whole = integer_of and number >= -2 ^ 53 and number <= 2 ^ 53 and not (number == 0 and 1 / number < 0)
    return whole and integer_of(number) or number -- what is whole may have been an integer
  end

  local function read_table(file, known, number)
    local size, made = file:readInt(), {}
    if size < 0 then error(('a table of %d entries'):format(size), 0) end
    if number then known.read[number] = made end
    for _ = 1, size do
      local key = read(file, known)
      if key == nil or key ~= key then error('a key of a table that is ' .. tostring(key), 0) end
      made[key] = read(file, known)
    end
    return made
  end

  local function read_class(file)
    local first = read_text(file)
    local version = tonumber(first:match('^V (.*)$'))
    if not version then return first, 0 end -- older than versions
    return read_text(file), version
  end

  local function read_fields(file, known, object, name)
    if type(object) ~= 'table' then error(('an object of class <%s>, which has no method read'):format(name), 0) end
    local fields = read(file, known)
    if type(fields) ~= 'table' then error(('an object of class <%s> whose fields are a %s'):format(name, type(fields)), 0) end
    for key, value in next, fields do object[key] = value end
  end

  local function read_object(file, known, number)
    local name, version = read_class(file)
    local factory = torch.factory(name)
    if not factory then
      local hint = name:find('Cuda', 1, true) and ' (there are no CUDA tensors here)' or ': load the file that defines it first'
      error(('an object of class <%s>, which is not known here%s'):format(name:sub(1, 100), hint), 0)
    end
    local object = factory()
    if number then known.read[number] = object end
    local method = method_of(object, 'read')
    if method then method(object, file, version) else read_fields(file, known, object, name) end
    return object
  end

  local function load_function(known, text)
    if not known.functions then
      error('a function. Functions of a file may do anything, so they are refused unless you ask for them: ' ..
        'torch.load(path, format, {functions = true})', 0)
    end
    local f, message = load_text(text)
    if not f then error('a function that does not load here (each kind of Lua has functions of its own): ' .. message, 0) end
    return f
  end

  local function join(known, f, i, id)
    if not id or not debug.upvaluejoin then return end
    local other = known.upvalues[id]
    if other then debug.upvaluejoin(f, i, other.f, other.i) else known.upvalues[id] = {f = f, i = i} end
  end

  local function set_upvalues(known, f, upvalues, plain)
    if type(upvalues) ~= 'table' then error('a function without its upvalues', 0) end
    for i, upvalue in ipairs(upvalues) do
      if plain then
        debug.setupvalue(f, i, upvalue)
      elseif type(upvalue) ~= 'table' then
        error('a function without its upvalues', 0)
      elseif upvalue.name == '_ENV' then
        debug.setupvalue(f, i, _G)
      else
        debug.setupvalue(f, i, upvalue.value)
        join(known, f, i, upvalue.id)
      end
    end
  end

  local function read_function(file, known, number, kind)
    local f = load_function(known, read_text(file))
    if number then known.read[number] = f end
    set_upvalues(known, f, read(file, known), kind ~= FUNCTION)
    return f
  end

  local readers = {
    [TABLE] = read_table, [OBJECT] = read_object, [FUNCTION] = read_function, [OLD_SHARED_FUNCTION] = read_function,
  }

  -- What a first number that is no kind says about the file.
  local function wrong_kind(file, kind)
    local bytes = kind % 2 ^ 32
    local first, last = bytes % 256, math.floor(bytes / 2 ^ 24)
    if file:isBinary() and first >= 48 and first <= 56 and math.floor(bytes / 256) % 256 == 10 then
      return ": it looks like an ascii file, which torch.load(path, 'ascii') reads"
    elseif file:isBinary() and bytes % 2 ^ 24 == 0 and last <= FUNCTION then
      return ': its numbers have the other order of bytes, see file:bigEndianEncoding() and file:littleEndianEncoding()'
    end
    return ''
  end

  function read(file, known)
    local kind = file:readInt()
    if kind == NIL then return nil end
    if kind == NUMBER then return read_number(file) end
    if kind == BOOLEAN then return file:readBool() end
    if kind == STRING then return read_text(file) end
    if kind == OLD_FUNCTION then return read_function(file, known, nil, kind) end
    local reader = readers[kind]
    if not reader then error(('unknown object, of kind %s%s'):format(kind, wrong_kind(file, kind)), 0) end
    local number = file:readInt()
    if known.unreferenced then return (reader(file, known, nil, kind)) end
    local object = known.read[number]
    if object ~= nil then return object end
    return (reader(file, known, number, kind))
  end

  -- Keeps the first place of an error: objects are read within objects.
  local function at_place(file, message)
    if type(message) ~= 'string' then return message end
    message = message:gsub('^[^\n]*parallel/torch/[%w_]+%.lua:%d+: ', '') -- a place in our own code says nothing
    local good, position = pcall(file.position, file)
    return ('%s (read up to position %s)'):format(message, good and position or 'unknown')
  end

  --- Reads a value. options: functions = true accepts functions.
  function File:readObject(options)
    local known = remembered(self)
    if known.depth > 0 then return (read(self, known)) end
    known.functions = type(options) == 'table' and options.functions or false
    known.depth = 1
    local good, value = pcall(read, self, known)
    known.depth = 0
    if not good then error(at_place(self, value), 0) end
    return value
  end
end
