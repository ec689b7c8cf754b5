--- A call that works on one job, from its first task to its end: what map and imap have in common.
local core = require 'parallel.core'
local inline = require 'parallel.pool.inline'

local call = {}

local LONG = 10000 -- elements, of which it pays to know how tables lie in memory

--- From now on tasks of this job are given out; they call f.
function call.begin(pool, job, f)
  job.f = f
  if pool.scheduler then
    job.id, job.forget_function = pool.functions:id_of(f, true)
    job:expect(pool.costs[f])
    pool.scheduler:add_job(job)
  end
end

--- Runs all pools, or the job in this process, until finished().
function call.drive(pool, job, finished, tick)
  local scheduler = pool.scheduler
  if not scheduler then return inline.drive(job, finished, tick) end
  if job.last >= LONG and scheduler.crew:begins() then
    scheduler:assign()
    core.direct_state() -- tests it, while nothing else is to be done
  end
  return scheduler.loop:drive(finished, nil, tick)
end

-- Nothing more of the job is begun. When it is not the error of a task, but Ctrl-C or the like, what runs is stopped as well.
local function give_up(scheduler, job, err)
  scheduler:drop_job(job, err)
  if type(err) ~= 'table' or not err.task then scheduler.crew:stop_job(job) end
end

--- The job is over: in peace, or with an error. Returns an error if its journal has one.
function call.finish(pool, job, err)
  local scheduler = pool.scheduler
  if not scheduler then return job.journal and job.journal:finish(err) end
  if job.cost then pool.costs[job.f] = job.cost end
  if err then pcall(give_up, scheduler, job, err) end
  -- A traced worker writes out its events before it says that a chunk is done.
  if core.trace_on() and not job.aborted then
    scheduler.loop:drive(function() return not scheduler.crew:works_on(job) end)
  end
  scheduler:remove_job(job)
  return job.journal and job.journal:finish(err)
end

--- What to do with the final error of a task. Returns true, replacement | false
function call.handle_error(job, err)
  local handler = job.handler
  if handler == nil or handler == 'raise' then
    job.failure = job.failure or err
    return false
  end
  job.errors = job.errors or {}
  job.failed = (job.failed or 0) + 1
  job.errors[err.task] = err
  if handler == 'skip' then return true, nil end
  local ok, value = pcall(handler, err)
  if ok then return true, value end
  job.failure = job.failure or value
  return false
end

--- Gives a job the journal that the options ask for, before call.begin.
function call.journal(pool, job, f, options, what)
  if not options.journal then return end
  require 'parallel.pool.journal'.attach(job, f, options, what, pool.defaults.functions)
end

-- Calls both; returns when the first of them wants to be called again.
local function both(a, b)
  return function()
    local first, second = a(), b()
    return first and second and math.min(first, second) or first or second
  end
end

--- The line that shows how far a job is, or nil; and what drive has to call for it and for the journal.
function call.progress(options, job, total)
  local journal = job.journal
  local tick = journal and function() return journal:tick() end
  if not options.progress then return nil, tick end
  local line = require 'parallel.progress'.new(options.progress, total, function() return job.failed or 0 end,
    function() return journal and journal.taken or 0 end)
  local function show() return line:show(job.ended) end
  return line, tick and both(show, tick) or show
end

return call
