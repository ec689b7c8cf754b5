--- pool:imap: a job that is a stream. Its tasks are read from an iterator while others run, and handed out as they end.
local compat = require 'parallel.compat'
local core = require 'parallel.core'
local call = require 'parallel.pool.call'
local new_job = require 'parallel.pool.job'.new
local options_of = require 'parallel.pool.options'
local protocol = require 'parallel.pool.protocol'

local IN_FLIGHT, IN_FLIGHT_SHORT = 64, 256 -- tasks per worker that are read ahead; of short ones more, or workers would wait for them
local SHORT_SECONDS = 1e-5 -- of a task
local SLOW_SECONDS = 0.005 -- a loop over results that takes longer for one may leave what was received unwritten for too long

local NIL, FAILED = {}, {} -- among the results that are there: nil, and that of a task whose error is job.failure

-- --- reading ---

-- Of a list each element is an argument: reads the next one. Returns false when there is none.
local function read_element(job)
  local number = job.last + 1
  if number > job.length then return false end
  job.last, job.items[number] = number, job.list[number]
  return true
end

local function called(job, ok, ...)
  if not ok then job.source_error = ... end
  if not ok or (...) == nil then return false end
  job.last = job.last + 1
  job.items[job.last] = compat.pack(...)
  return true
end

-- What a function returns are the arguments.
local function read_values(job) return called(job, pcall(job.iterator)) end

-- Fields of a job that reads from a list, or from a function that gives the next values until nil.
local function source_of(items)
  if type(items) == 'table' and not (getmetatable(items) or {}).__call then
    return {mode = protocol.ONE, read = read_element, list = items, length = options_of.length_of(items, 'imap')}
  end
  options_of.check_function(items, 'imap: the iterator')
  return {mode = protocol.SPREAD, read = read_values, iterator = items}
end

-- How many tasks may be in flight.
local function room(job)
  if job.in_flight then return job.in_flight end
  local short = job.cost and job.cost < SHORT_SECONDS
  return (short and IN_FLIGHT_SHORT or IN_FLIGHT) * math.max(1, job.pool.size)
end

-- Reads while there is room for more in flight.
local function pull(job, most)
  local in_flight = room(job)
  while not job.dry and job:fresh() < most and job.last - job.delivered < in_flight do
    if not job:read() then
      job.dry = true
      return
    end
    if job.journal then job.journal:restore(job.last) end
  end
end

-- --- the job ---

-- n results are among those that are ready; one that is nil is not.
local function on_values(job, first, n)
  local ready, items = job.ready, job.items
  for number = first, first + n - 1 do
    if ready[number] == nil then ready[number] = NIL end
    items[number] = nil
    if not job.ordered then
      job.came = job.came + 1
      job.order[job.came] = number
    end
  end
end

local function put(job, number, result)
  job.ready[number] = result
  on_values(job, number, 1)
end

local function on_error(job, number, err)
  local ok, value = call.handle_error(job, err)
  if not ok then value = FAILED end
  put(job, number, value)
end

local function waiting(job) return room(job) - (job.last - job.delivered) + job:fresh() + #job.ranges end

local function stream_job(pool, options, fields)
  fields.items, fields.last, fields.delivered, fields.pull, fields.waiting = {}, 0, 0, pull, waiting
  fields.in_flight = options.in_flight
  fields.chunk, fields.timeout, fields.retries, fields.seed = options.chunk, options.timeout, options.retries, options.seed
  fields.handler, fields.on_value, fields.on_error = options.on_error, put, on_error
  fields.pool, fields.ordered, fields.ready = pool, options.ordered ~= false, {}
  fields.order, fields.came = {}, 0 -- the numbers as they came; only where they are handed out so
  if not options.journal then fields.results, fields.on_values = fields.ready, on_values end
  return new_job(fields)
end

-- --- handing out ---

-- The number of the task to be handed out next, when it is there.
local function next_ready(job)
  local number = job.delivered + 1
  if not job.ordered then return job.order[number] end
  if job.ready[number] ~= nil then return number end
end

local function is_served(job) return next_ready(job) or job.aborted or (job.dry and job.out == 0 and job:idle()) end

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

-- Waits for the next one. Returns its number, or ends the stream.
local function wait(job)
  local ok, problem = pcall(call.drive, job.pool, job, function() return is_served(job) end, job.tick)
  local number = ok and next_ready(job)
  if number then return number end
  local err = not ok and problem or job.aborted or job.source_error or nil
  err = end_stream(job.pool, job, err)
  if err then core.raise(err) end
end

local function next_result(job)
  if job.over then return nil end
  local number = next_ready(job) or wait(job)
  if not number then return nil end
  local result = job.ready[number]
  if result == FAILED then core.raise(end_stream(job.pool, job, job.failure)) end
  if result == NIL then result = nil end
  job.ready[number] = nil
  job.delivered = job.delivered + 1
  if not job.ordered then job.order[job.delivered] = nil end
  if job.journal then
    commit(job)
    job.handed_out = core.clock()
  end
  return number, result
end

return function(pool, f, items, options)
  options = options_of.of_call(options, pool.defaults, options_of.imap, 'imap')
  local job = stream_job(pool, options, source_of(items))
  call.journal(pool, job, f, options, 'imap')
  job.progress, job.tick = call.progress(options, job)
  call.begin(pool, job, f)
  return function() return next_result(job) end
end
