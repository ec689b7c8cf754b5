--- Hashes of Lua values that are the same in each run of a program: tables by their sorted keys, functions by their text and what they
-- refer to. They tell whether a journal belongs to this function and list.
local core = require 'parallel.core'

local digest = {}

local type_order = {number = 1, string = 2, boolean = 3}
local put

local function number_text(value)
  if math.type and math.type(value) == 'integer' then return ('i%d'):format(value) end -- luacheck: ignore
  return ('f%.17g'):format(value)
end

-- --- tables ---

local function before(a, b)
  if a.rank ~= b.rank then return a.rank < b.rank end
  return a.order < b.order
end

-- Keys in an order that does not depend on addresses: numbers, texts, booleans. Of others there may be one of each type.
local function sorted_keys(t)
  local list = {}
  for key in next, t do
    local rank, order = type_order[type(key)] or 4, key
    if rank == 3 then order = tostring(key) elseif rank == 4 then order = type(key) end
    list[#list + 1] = {rank = rank, order = order, key = key}
  end
  table.sort(list, before)
  return list
end

local function put_table(parts, t)
  local metatable = getmetatable(t)
  parts[#parts + 1] = '{'
  if type(metatable) == 'table' then parts[#parts + 1] = tostring(rawget(metatable, '__typename') or rawget(metatable, '__name') or 'metatable') end
  for _, entry in ipairs(sorted_keys(t)) do
    put(parts, entry.key)
    put(parts, rawget(t, entry.key))
  end
  parts[#parts + 1] = '}'
end

-- --- functions ---

-- The lines of a chunk's text.
local function lines_of(text, from, to)
  local lines, number = {}, 0
  for line in (text .. '\n'):gmatch('([^\n]*)\n') do
    number = number + 1
    if number > to then break end
    if number >= from then lines[#lines + 1] = line end
  end
  return #lines == to - from + 1 and table.concat(lines, '\n') or nil
end

-- What stands in the lines of a function: moving it elsewhere does not change it. nil: they are not at hand.
local function text_of(info)
  local kind = info.source:sub(1, 1)
  if kind == '=' then return nil end
  if kind ~= '@' then return info.what == 'main' and info.source or lines_of(info.source, info.linedefined, info.lastlinedefined) end
  local file = io.open(info.source:sub(2), 'rb')
  local text = file and file:read('*a')
  if file then file:close() end
  if not text or info.what == 'main' then return text end
  return lines_of(text, info.linedefined, info.lastlinedefined)
end

local function put_function(parts, f)
  local info = debug.getinfo(f, 'Su')
  if info.what == 'C' then
    parts[#parts + 1] = 'function in C'
    return
  end
  local good, dump = pcall(string.dump, f, true)
  parts[#parts + 1] = text_of(info) or good and dump or 'function'
  parts[#parts + 1] = ('%d %s %s'):format(info.nups, tostring(info.nparams), tostring(info.isvararg))
  local i = 1
  while true do
    local name, value = debug.getupvalue(f, i)
    if not name then break end
    parts[#parts + 1] = name
    put(parts, value)
    i = i + 1
  end
end

-- --- any value ---

-- Modules and what is in them go by name.
local function library_names()
  local names = {[_G] = '_G'}
  for name, module in pairs(package.loaded) do
    if type(module) == 'table' and type(name) == 'string' then
      if names[module] == nil or name < names[module] then names[module] = name end
      for key, value in next, module do
        if type(value) == 'function' and type(key) == 'string' then
          local full = name .. '.' .. key
          if names[value] == nil or full < names[value] then names[value] = full end
        end
      end
    end
  end
  return names
end

local function put_object(parts, value)
  local kind = type(value)
  if parts.seen[value] then
    parts[#parts + 1] = 'again ' .. parts.seen[value]
    return
  end
  parts.count = parts.count + 1
  parts.seen[value] = parts.count
  parts.names = parts.names or library_names()
  local name = parts.names[value]
  if name then
    parts[#parts + 1] = 'library ' .. name
  elseif kind == 'table' then
    put_table(parts, value)
  elseif kind == 'function' then
    put_function(parts, value)
  else
    local good, bytes = pcall(core.encode, value)
    parts[#parts + 1] = good and bytes or kind
  end
end

function put(parts, value)
  local kind = type(value)
  if kind == 'string' then
    parts[#parts + 1] = 's' .. value
  elseif kind == 'number' then
    parts[#parts + 1] = number_text(value)
  elseif kind == 'nil' or kind == 'boolean' then
    parts[#parts + 1] = tostring(value)
  else
    put_object(parts, value)
  end
end

--- 16 hexadecimal digits for some values.
function digest.of(...)
  local parts = {seen = {}, count = 0}
  for i = 1, select('#', ...) do put(parts, (select(i, ...))) end
  for i, part in ipairs(parts) do parts[i] = #part .. ':' .. part end -- else {'ab', 'c'} would be {'a', 'bc'}
  return core.journal.hash(table.concat(parts))
end

return digest
