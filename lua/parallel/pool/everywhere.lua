--- pool:everywhere: for each worker a job that is its own, also for those that begin later.
local compat = require 'parallel.compat'
local core = require 'parallel.core'
local inline = require 'parallel.pool.inline'
local new_job = require 'parallel.pool.job'.new
local protocol = require 'parallel.pool.protocol'

return function(pool, f, ...)
  local scheduler, args, timeout = pool.scheduler, compat.pack(...), pool.defaults.timeout
  local results, seen, left, failure = {}, {}, math.max(1, pool.size), nil
  local function done(place, value, err)
    if seen[place] then return end -- by a worker that was replaced
    seen[place] = true
    left = left - 1
    results[place] = value
    failure = failure or err
  end
  local id = scheduler and pool.functions:new_id()
  local function job_for(place)
    return new_job{
      own = true, mode = protocol.SPREAD, items = {args}, last = 1, f = f, id = id, timeout = timeout,
      on_value = function(_, _, value) done(place, value) end,
      on_error = function(_, _, err) done(place, nil, err) end,
    }
  end
  if not scheduler then
    inline.drive(job_for(1), function() return left == 0 end)
    if failure then core.raise(failure) end
    return results
  end
  scheduler:add_everywhere(job_for, timeout)
  scheduler.loop:drive(function() return left == 0 or scheduler.queue.broken end)
  failure = failure or scheduler.queue.broken
  if failure then
    scheduler.crew:remove_everywhere(job_for)
    core.raise(failure)
  end
  return results
end
