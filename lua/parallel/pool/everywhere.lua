--- pool:everywhere: for each worker a job that is its own, also for those that begin later.
local compat = require 'parallel.compat'
local core = require 'parallel.core'
local new_job = require 'parallel.pool.job'.new
local protocol = require 'parallel.pool.protocol'

return function(pool, f, ...)
  local scheduler = pool.scheduler
  if not scheduler then return {f(...)} end
  scheduler:check_broken()
  local crew, queue = scheduler.crew, scheduler.queue
  local id, args = pool.functions:new_id(), compat.pack(...)
  local results, seen, left, failure = {}, {}, pool.size, nil
  local function done(place, value, err)
    if seen[place] then return end -- by a worker that was replaced
    seen[place] = true
    left = left - 1
    results[place] = value
    failure = failure or err
  end
  local function job_for(place)
    return new_job{
      own = true, mode = protocol.SPREAD, items = {args}, last = 1, f = f, id = id,
      on_value = function(_, _, value) done(place, value) end,
      on_error = function(_, _, err) done(place, nil, err) end,
    }
  end
  crew:add_everywhere(job_for)
  scheduler.loop:drive(function() return left == 0 or queue.broken end)
  failure = failure or queue.broken
  if failure then
    crew:remove_everywhere(job_for)
    core.raise(failure)
  end
  return results
end
