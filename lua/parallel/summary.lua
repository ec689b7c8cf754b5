--- Values in a few words, for people who read an error.
local LONGEST = 60 -- characters of an argument that are shown

local function shorten(text)
  return #text > LONGEST and text:sub(1, LONGEST - 3) .. '...' or text
end

local summary

local function summarize_table(t, depth)
  if depth > 1 then return '{...}' end
  local parts, shown = {}, 0
  for key, value in pairs(t) do
    shown = shown + 1
    if shown > 4 then
      parts[#parts + 1] = '...'
      break
    end
    local text = summary(value, depth + 1)
    if type(key) ~= 'number' then text = tostring(key) .. '=' .. text end
    parts[#parts + 1] = text
  end
  return '{' .. table.concat(parts, ', ') .. '}'
end

function summary(value, depth)
  local kind = type(value)
  if kind == 'string' then return ('%q'):format(#value > LONGEST and value:sub(1, LONGEST) or value):gsub('\\\n', '\\n') end
  if kind == 'number' or kind == 'boolean' or kind == 'nil' then return tostring(value) end
  if kind == 'table' and getmetatable(value) == nil then return summarize_table(value, depth) end
  local metatable = getmetatable(value)
  local name = type(metatable) == 'table' and rawget(metatable, '__typename') or type(metatable) == 'table' and rawget(metatable, '__name')
  return type(name) == 'string' and name or kind
end

--- summary(n, ...): a few words that show n values.
return function(n, ...)
  local parts = {}
  for i = 1, n do
    local ok, text = pcall(summary, (select(i, ...)), 0)
    parts[i] = shorten(ok and text or '?')
  end
  return shorten(table.concat(parts, ', '))
end
