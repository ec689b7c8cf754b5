--- Error objects: what a blocking call raises when the other process failed.
--
-- Fields: `code` ("failed", "died", "closed", "timeout", "unsupported", "corrupt", "yielded", "full", "limit"), `id` of the child,
-- `message`, and where they apply `traceback` (the child's), `value` (the child's error value when it was no string),
-- `signal`, `status`. tostring(err) says it all.
local core = require 'parallel.core'

-- A child's code may take these away, so as to be confined.
local getmetatable, setmetatable, tostring, type = getmetatable, setmetatable, tostring, type

local errors = {}
local metatable = {__name = 'parallel.error'}
core.set_error_metatable(metatable)
core.register('parallel.error', {metatable = metatable}) -- they travel by this name, also where no module may be named

local function subject(err)
  local name = err.name and (' (' .. tostring(err.name) .. ')') or ''
  return 'child ' .. tostring(err.id) .. name
end

local texts = {
  failed = function(err)
    local text = subject(err) .. ' failed: ' .. tostring(err.message)
    if err.traceback and err.traceback ~= '' then text = text .. '\n' .. err.traceback end
    return text
  end,
  died = function(err) return subject(err) .. ' died: ' .. tostring(err.message) end,
  corrupt = function(err) return subject(err) .. ' cannot be understood: ' .. tostring(err.message) end,
}

function metatable.__tostring(err)
  if err.summary then -- of a task: it says itself what it is about
    local traceback = err.traceback
    return traceback and traceback ~= '' and err.summary .. '\n' .. traceback or err.summary
  end
  local text = texts[err.code]
  return text and text(err) or tostring(err.message)
end

function metatable.__concat(a, b) return tostring(a) .. tostring(b) end

--- Makes an error object from a table of its fields.
function errors.new(fields) return setmetatable(fields, metatable) end

--- Is value an error object of this library?
function errors.is(value) return type(value) == 'table' and getmetatable(value) == metatable end

--- Raises an error object.
function errors.raise(fields) return core.raise(errors.new(fields)) end

--- Raises several errors at once: the first one as it is, with the others listed in its field `others`.
function errors.raise_all(list)
  if #list > 1 and errors.is(list[1]) then
    local others = {}
    for i = 2, #list do others[i - 1] = list[i] end
    list[1].others = others
  end
  return core.raise(list[1])
end

return errors
