--- What went wrong with a task or a worker, for people: its number, its argument, its worker.
local core = require 'parallel.core'
local errors = require 'parallel.errors'
local modules = require 'parallel.modules'

local pool_errors = {}

local signal_names = {}
for name, number in pairs(core.signals) do signal_names[number] = 'SIG' .. name end

local function with_argument(fields)
  if fields.argument == nil or fields.argument == '' then return ('task %s'):format(fields.task) end
  return ('task %s (%s)'):format(fields.task, fields.argument)
end

-- "task 2 (x) of the inner map, in task 3 (y) of the outer": which one a task's own task was, from the inside out.
local function nesting(places)
  local texts = {}
  for i, place in ipairs(places) do
    texts[i] = place .. (i == 1 and ' of the inner map' or i == #places and ' of the outer' or ' of the one around it')
  end
  return table.concat(texts, ', in ')
end

-- A task failed because one of its own tasks did.
local function nested_failed(fields, inner)
  local places = {}
  for i, place in ipairs(inner.places or {with_argument(inner)}) do places[i] = place end
  places[#places + 1] = with_argument(fields)
  local around = (fields.traceback or ''):gsub('^stack traceback:\n', '')
  fields.places, fields.message, fields.traceback = places, inner.message, inner.traceback or ''
  if around:find('%S') then fields.traceback = ('%s\nin %s:\n%s'):format(fields.traceback, with_argument(fields), around) end
  fields.summary = ('%s: %s'):format(nesting(places), inner.message)
  return errors.new(fields)
end

--- A task raised an error.
function pool_errors.failed(fields)
  fields.code = fields.code or 'failed'
  local inner = fields.value
  if errors.is(inner) and inner.task then return nested_failed(fields, inner) end
  fields.message = modules.explain(fields.message)
  fields.summary = ('%s failed in worker %s: %s'):format(with_argument(fields), fields.worker, fields.message)
  return errors.new(fields)
end

--- How the process of a worker ended, in words. failure: its error object, or nil when it ended with status 0.
function pool_errors.ending(failure)
  if not failure then return 'ended by os.exit(0)' end
  if failure.signal then
    local name = signal_names[failure.signal] or ('signal ' .. failure.signal)
    return 'was killed by ' .. name .. (name == 'SIGKILL' and ' (out of memory?)' or '')
  end
  if failure.status then return ('ended by os.exit(%d)'):format(failure.status) end
  local text, n = tostring(failure.message):gsub('^it ended', 'ended') -- how is not known
  return n == 1 and text or 'ended: ' .. text
end

--- The worker of a task is gone.
function pool_errors.died(fields, failure)
  fields.code = 'died'
  fields.signal, fields.status = failure and failure.signal, failure and failure.status or (not failure and 0 or nil)
  fields.message = ('worker %s %s, replaced'):format(fields.worker, pool_errors.ending(failure))
  fields.summary = ('%s: %s'):format(with_argument(fields), fields.message)
  return errors.new(fields)
end

--- A task took too long and was stopped.
function pool_errors.late(fields, seconds)
  fields.code = 'timeout'
  local what = fields.worker == 0 and 'it was stopped' or ('worker %s was stopped and replaced'):format(fields.worker)
  fields.message = ('no result after %g s; %s'):format(seconds, what)
  fields.summary = ('%s: %s'):format(with_argument(fields), fields.message)
  return errors.new(fields)
end

--- A task's arguments cannot travel.
function pool_errors.refused(fields, message)
  fields.code = 'unsupported'
  fields.message = message
  fields.summary = ('%s cannot be sent to a worker: %s'):format(with_argument(fields), message)
  return errors.new(fields)
end

--- What a task returned, or its error, was not taken.
function pool_errors.not_received(fields, message)
  fields.code = 'unsupported'
  fields.message = modules.explain(message:gsub('^child %d+', 'worker ' .. tostring(fields.worker)))
  fields.summary = ('%s: %s'):format(with_argument(fields), fields.message)
  return errors.new(fields)
end

function pool_errors.cancelled(fields)
  fields.code = 'cancelled'
  fields.message = 'cancelled'
  fields.summary = ('%s was cancelled'):format(with_argument(fields))
  return errors.new(fields)
end

--- A worker that could not start, for the reason of a failure of parallel.run's sort.
function pool_errors.bad_start(name, place, failure)
  local text = pool_errors.ending(failure)
  if failure and failure.text then text = 'init failed: ' .. failure.text end -- in this process
  if failure and failure.code == 'failed' then text = 'init failed: ' .. tostring(failure.message) end
  local message = ('%s: worker %d could not start: %s'):format(name, place, text)
  return errors.new{code = failure and (failure.code or 'failed') or 'died', message = message, summary = message,
    traceback = failure and failure.traceback}
end

--- A worker that was not ready in time.
function pool_errors.slow_init(name, place, seconds)
  local message = ('%s: worker %d could not start: it was not ready after %g s (init_timeout)'):format(name, place, seconds)
  return errors.new{code = 'timeout', message = message, summary = message}
end

return pool_errors
