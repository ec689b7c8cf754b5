--- pool:imap: a job that is a stream. Its tasks are read from an iterator while others run, and handed out as they end.
local compat = require 'parallel.compat'
local core = require 'parallel.core'
local call = require 'parallel.pool.call'
local new_job = require 'parallel.pool.job'.new
local options_of = require 'parallel.pool.options'
local protocol = require 'parallel.pool.protocol'

local IN_FLIGHT = 64 -- tasks per worker that are read ahead
local SLOW_SECONDS = 0.005 -- a loop over results that takes longer for one may leave what was received unwritten for too long

-- --- reading ---

-- Any iterator: a list, or a function that gives the next values until nil.
local function source_of(items)
  if type(items) == 'table' and not (getmetatable(items) or {}).__call then
    local i, n = 0, options_of.length_of(items, 'imap')
    return function()
      i = i + 1
      if i <= n then return true, compat.pack(items[i]) end
      return true, nil
    end
  end
  options_of.check_function(items, 'imap: the iterator')
  return function()
    local values
    local ok, problem = pcall(function() values = compat.pack(items()) end)
    if not ok then return false, problem end
    return true, values[1] ~= nil and values or nil
  end
end

-- Reads from the iterator while there is room for more in flight.
local function pull(job, most)
  while not job.dry and job:fresh() < most and job.last - job.delivered < job.in_flight do
    local ok, values = job.source()
    if not ok then job.source_error = values end
    if not ok or not values then
      job.dry = true
      return
    end
    job.last = job.last + 1
    job.items[job.last] = values
    if job.journal then job.journal:restore(job.last) end
  end
end

-- --- the job ---

local function put(job, number, entry)
  job.ready[number] = entry
  job.order[#job.order + 1] = number
  job.items[number] = nil
end

local function on_value(job, number, value) put(job, number, {value = value}) end

local function on_error(job, number, err)
  local ok, value = call.handle_error(job, err)
  put(job, number, ok and {value = value} or {error = job.failure})
end

local function waiting(job) return job.in_flight - (job.last - job.delivered) + job:fresh() + #job.ranges end

local function stream_job(pool, options, source)
  return new_job{
    mode = protocol.SPREAD, items = {}, last = 0, delivered = 0, source = source, pull = pull,
    in_flight = options.in_flight or IN_FLIGHT * math.max(1, pool.size), chunk = options.chunk, timeout = options.timeout,
    retries = options.retries, seed = options.seed, handler = options.on_error, ready = {}, order = {},
    waiting = waiting, on_value = on_value, on_error = on_error,
  }
end

-- --- handing out ---

-- The number of the task to be handed out next, when it is there.
local function next_ready(job, ordered)
  if ordered then
    local number = job.delivered + 1
    return job.ready[number] and number
  end
  return job.order[job.delivered + 1]
end

local function end_stream(pool, job, err)
  job.over = true
  err = call.finish(pool, job, err) or err
  if job.progress then job.progress:finish(job.ended, err) end
  return err
end

-- What was kept while somebody else took his time is written before he goes on, who may take his time again.
local function commit(job)
  local now = core.clock()
  local ok, err = pcall(job.journal.tick, job.journal, not job.handed_out or now - job.handed_out > SLOW_SECONDS)
  if not ok then core.raise(end_stream(job.pool, job, err)) end
end

local function next_result(pool, job, ordered, tick)
  if job.over then return nil end
  local function finished()
    return next_ready(job, ordered) or job.aborted or (job.dry and job.out == 0 and job:idle())
  end
  local ok, problem = pcall(call.drive, pool, job, finished, tick)
  local number = ok and next_ready(job, ordered)
  local entry = number and job.ready[number]
  local err = not ok and problem or (entry and entry.error) or (not number and (job.aborted or job.source_error)) or nil
  if err or not number then err = end_stream(pool, job, err) end
  if err then core.raise(err) end
  if not number then return nil end
  job.ready[number] = nil
  job.order[job.delivered + 1] = false
  job.delivered = job.delivered + 1
  if job.journal then
    commit(job)
    job.handed_out = core.clock()
  end
  return number, entry.value
end

return function(pool, f, items, options)
  options = options_of.of_call(options, pool.defaults, options_of.imap, 'imap')
  local ordered = options.ordered ~= false
  local job = stream_job(pool, options, source_of(items))
  job.pool = pool
  call.journal(pool, job, f, options, 'imap')
  local tick
  job.progress, tick = call.progress(options, job)
  call.begin(pool, job, f)
  return function() return next_result(pool, job, ordered, tick) end
end
