--- pool:everywhere: for each worker a job that is its own, also for those that begin later.
local answers = require 'parallel.pool.answers'
local compat = require 'parallel.compat'
local inline = require 'parallel.pool.inline'

return function(pool, f, ...)
  local scheduler, timeout = pool.scheduler, pool.defaults.timeout
  local id = scheduler and pool.functions:new_id()
  local given = answers.new(math.max(1, pool.size), {f = f, args = compat.pack(...), id = id, timeout = timeout})
  local function job_for(place) return given:job(place) end
  if not scheduler then
    inline.drive(job_for(1), function() return given.left == 0 end)
    return given:all()
  end
  scheduler:add_everywhere(job_for, timeout)
  scheduler.loop:drive(function() return given.left == 0 or scheduler.queue.broken end)
  given.failure = given.failure or scheduler.queue.broken
  if given.failure then scheduler.crew:remove_everywhere(job_for) end
  return given:all()
end
