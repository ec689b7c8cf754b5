--- The options and time limits of calls: which there are, and what a caller is told who wrote one that there is not.
local core = require 'parallel.core'

local options = {}

-- --- telling the caller ---

local ours = debug.getinfo(1, 'S').source:match('^(.*)/[^/]*$') or '@'

-- The innermost line that is not ours.
local function callers_line()
  for level = 3, 30 do
    local info = debug.getinfo(level, 'Sl')
    if not info then return '' end
    if info.currentline > 0 and info.source:sub(1, #ours + 1) ~= ours .. '/' then
      return ('%s:%d: '):format(info.short_src, info.currentline)
    end
  end
  return ''
end

--- Raises an error about the call of one of our functions; it names the caller's line.
function options.misuse(text)
  local place = callers_line()
  local first, last = text:find(place, 1, true)
  if first and last >= first then text = text:sub(1, first - 1) .. text:sub(last + 1) end -- C has named it already
  error(place .. text, 0)
end

-- --- names that are nearly right ---

local FAR = 100 -- a distance that no names have
local SHARED = 4 -- letters that two words of one meaning begin with: retry, retries

local function plain(name) return (tostring(name):lower():gsub('[^%w]', '')) end

-- How many letters have to be put in, left out, changed or swapped to make b of a.
local function distance(a, b)
  local row, before = {}, nil
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local last = before
    before, row = row, {[0] = i}
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      row[j] = math.min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (same and 0 or 1))
      local swapped = i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j)
      if swapped then row[j] = math.min(row[j], last[j - 2] + 1) end
    end
  end
  return row[#b]
end

-- How far the name that was meant may be from this one; FAR: it is another word.
local function nearness(given, name)
  local a, b = plain(given), plain(name)
  if #a > 40 then return FAR end
  local n = distance(a, b)
  if n <= math.max(1, math.floor(math.max(#a, #b) / 3)) then return n end
  local inside = #a >= SHARED and (b:find(a, 1, true) or #b >= SHARED and a:find(b, 1, true))
  local related = #a >= SHARED and #b >= SHARED and a:sub(1, SHARED) == b:sub(1, SHARED)
  return (inside or related) and SHARED + n or FAR
end

--- The names, those first that are nearest to the given one; and whether the first may be what was meant. names: a list or a set.
function options.nearest(given, names)
  local list, near = {}, {}
  for key, value in pairs(names) do list[#list + 1] = type(key) == 'number' and value or key end
  for _, name in ipairs(list) do near[name] = nearness(given, name) end
  table.sort(list, function(a, b)
    if near[a] ~= near[b] then return near[a] < near[b] end
    return a < b
  end)
  return list, list[1] ~= nil and near[list[1]] < FAR
end

--- What is said of an option that there is not. names: those that there are; of: 'of a host', or nil.
function options.unknown(what, given, names, of)
  local list, near = options.nearest(given, names)
  return ("%s: there is no option '%s'%s%s (%s)"):format(what, tostring(given), of and ' ' .. of or '', near and '; ' .. list[1] .. '?' or '',
    table.concat(list, ', '))
end

--- A table of options, or {} for nil. known: the names that there are, each with true, or with the type that its value must have.
-- Raises an error that names the caller's line.
function options.check(given, known, what)
  if given == nil then return {} end
  if type(given) ~= 'table' then options.misuse(('%s: options in a table expected, got %s'):format(what, type(given))) end
  for name, value in pairs(given) do
    local kind = known[name]
    if not kind then options.misuse(options.unknown(what, name, known)) end
    if kind ~= true and type(value) ~= kind then
      options.misuse(("%s: option '%s' must be a %s, got %s"):format(what, name, kind, type(value)))
    end
  end
  if known == options.timeout then options.seconds(given.timeout, what) end
  return given
end

-- --- the environment of a process ---

--- Text that the system takes: with a zero byte in it, it would be cut there.
function options.is_text(value) return type(value) == 'string' and not value:find('\0', 1, true) end

--- Does a table change an environment: names with strings as values, or false to remove a name? Else: what is said of one that does not.
function options.is_environment(env)
  for name, value in pairs(env) do
    local good = options.is_text(name) and name ~= '' and not name:find('=', 1, true)
    if not good or value ~= false and type(value) ~= 'number' and not options.is_text(value) then
      return false, 'env takes names with strings as values, or false to remove a name'
    end
  end
  return true
end

--- The value of a variable; a number as text, which has a point whatever the locale.
function options.variable(value)
  if type(value) ~= 'number' then return value end
  return (tostring(value):gsub(',', '.'))
end

-- --- time limits ---

options.timeout = {timeout = true}

--- A time limit, or nil. Raises an error that names the caller's line.
function options.seconds(value, what)
  if value == nil or type(value) == 'number' and value >= 0 then return value end
  options.misuse(('%s: seconds (a number from 0 on) expected, got %s'):format(what, type(value) == 'number' and value or type(value)))
end

--- {timeout=...} and nothing else is a table of options, any other value a message.
function options.are(value)
  if type(value) ~= 'table' or getmetatable(value) ~= nil then return false end
  local name = next(value)
  return name == 'timeout' and next(value, name) == nil
end

--- Raises an error about a message, or a table to be filled, that surely was to be options: {time_out=1}.
function options.refuse_slip(value, what)
  if type(value) ~= 'table' or getmetatable(value) ~= nil then return end
  local name = next(value)
  if type(name) ~= 'string' or next(value, name) ~= nil or nearness(name, 'timeout') > 2 then return end
  options.misuse(options.unknown(what, name, options.timeout) .. (': if this table is meant, give options behind it, %s(table, {})'):format(what))
end

--- A message and its options as they were given: the message may have been left out.
function options.split(message, given, what)
  if given == nil then
    if options.are(message) then return nil, options.check(message, options.timeout, what) end
    options.refuse_slip(message, what)
  end
  return message, given and options.check(given, options.timeout, what)
end

--- When the time of these options is up; nil: never.
function options.deadline(given)
  local timeout = given and given.timeout
  return timeout and core.clock() + timeout
end

--- How many seconds there are until then; nil: any number.
function options.left(deadline) return deadline and math.max(0, deadline - core.clock()) end

return options
