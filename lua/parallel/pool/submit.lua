--- pool:submit: all calls that were submitted to a pool are one job, which lasts as long as the pool.
local future = require 'parallel.pool.future'
local inline = require 'parallel.pool.inline'
local new_job = require 'parallel.pool.job'.new
local pool_errors = require 'parallel.pool.errors'
local protocol = require 'parallel.pool.protocol'

local SUBMITS_PER_LOOK = 16 -- submit looks for results now and then, so that workers do not run dry

-- --- the job ---

-- The part of a range of calls that was not cancelled: from the first live one up to the next cancelled one.
local function live(job, from, to)
  while from <= to and not job.futures[from] do from = from + 1 end
  if from > to then return false end
  local last = from
  while last < to and job.futures[last + 1] do last = last + 1 end
  if last < to then job:put_back(last + 1, to) end
  return from, last
end

local function function_of(job, number) return job.bodies[number] end

-- Returns the future of a call, which is over.
local function forget_call(job, number)
  local fut = job.futures[number]
  job.futures[number], job.items[number], job.bodies[number] = nil, nil, nil
  return fut
end

local function on_value(job, number, ...)
  local fut = forget_call(job, number)
  if fut then future.fulfil(fut, ...) end
end

local function on_error(job, number, err)
  local fut = forget_call(job, number)
  if fut then future.reject(fut, err) end
end

local function on_abort(job, err)
  for number in pairs(job.futures) do on_error(job, number, err) end
end

-- What future:cancel() does.
local function cancel(job, fut)
  local scheduler = fut.pool.scheduler
  if not scheduler then return false end
  scheduler.loop:poll()
  if fut.state == 'pending' then
    local err = pool_errors.cancelled(job:describe(fut.task, nil))
    scheduler:cancel_task(job, fut.task, err)
    if fut.state == 'pending' then on_error(job, fut.task, err) end -- it had not begun, or was to be tried again
    scheduler:assign()
  end
  return fut.state == 'cancelled'
end

-- The job that all submitted calls of a pool belong to.
local function calls_of(pool)
  local defaults = pool.defaults
  local job = new_job{
    mode = protocol.CALLS, items = {}, futures = {}, bodies = {}, last = 0, live = live, function_of = function_of,
    timeout = defaults.timeout, retries = defaults.retries, seed = defaults.seed, chunk = defaults.chunk,
    on_value = on_value, on_error = on_error, on_abort = on_abort, cancel = cancel,
  }
  pool.calls = job
  if pool.scheduler then pool.scheduler:add_job(job) end
  return job
end

-- --- calls ---

return function(pool, f, ...)
  local scheduler = pool.scheduler
  if scheduler and scheduler.queue.broken then scheduler:check_broken() end
  local job = pool.calls or calls_of(pool)
  local number = job.last + 1
  local fut = future.new(pool, number)
  job.items[number] = {n = select('#', ...) + 1, scheduler and pool.functions:id_of(f) or 0, ...}
  job.bodies[number], job.futures[number], job.last = f, fut, number
  if not scheduler then
    inline.drive(job, function() return fut.state ~= 'pending' end)
    return fut
  end
  local waiting = job:fresh()
  if waiting <= 2 * pool.size then scheduler:assign() end
  if number % SUBMITS_PER_LOOK == 0 and waiting > 1 then scheduler.loop:poll() end
  return fut
end

