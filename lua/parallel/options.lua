--- The options and time limits of calls on children and groups.
local core = require 'parallel.core'

local options = {}

--- {timeout=...} and nothing else is a table of options, any other value a message.
function options.are(value)
  if type(value) ~= 'table' or getmetatable(value) ~= nil or value.timeout == nil then return false end
  local second = next(value, (next(value)))
  return second == nil
end

--- A message and its options as they were given: the message may have been left out.
function options.split(message, given)
  if given == nil and options.are(message) then return nil, message end
  if given ~= nil and type(given) ~= 'table' then
    error('bad options: a table such as {timeout=1} expected, got ' .. type(given), 3)
  end
  return message, given
end

--- When the time of these options is up; nil: never.
function options.deadline(given)
  local timeout = given and given.timeout
  return timeout and core.clock() + timeout
end

--- How many seconds there are until then; nil: any number.
function options.left(deadline) return deadline and math.max(0, deadline - core.clock()) end

return options
