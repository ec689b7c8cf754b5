--- pool:imap: a job that is a stream. Its tasks are read from an iterator while others run, and handed out as they end.
local compat = require 'parallel.compat'
local core = require 'parallel.core'
local call = require 'parallel.pool.call'
local new_job = require 'parallel.pool.job'.new
local options_of = require 'parallel.pool.options'
local protocol = require 'parallel.pool.protocol'

local IN_FLIGHT, IN_FLIGHT_MAX = 64, 1024 -- tasks per worker that are read ahead; more of short ones, or workers would wait for them:
local IN_FLIGHT_SECONDS = 0.002 -- as many as take so long
local SLOW_SECONDS = 0.005 -- a loop over results that takes longer for one may leave what was received unwritten for too long

local NIL, FAILED = {}, {} -- among the results that are there: nil, and that of a task whose error is job.failure

-- --- reading ---

-- From now on the arguments of a task are several.
local function spread(job)
  local items = job.items
  for number, item in next, items do items[number] = {n = 1, item} end
  job.mode = protocol.SPREAD
end

-- What the iterator has returned are the arguments of the next task. Returns false where that is nothing, or the pool was closed meanwhile.
local function take(job, ...)
  local item = ...
  if item == nil or job.aborted then return false end
  if job.mode == protocol.ONE and select('#', ...) > 1 then spread(job) end
  if job.mode == protocol.SPREAD then item = compat.pack(...) end
  job.last = job.last + 1
  job.items[job.last] = item
  return true
end

local function take_until(job, last)
  local iterator = job.iterator
  while job.last < last do
    if not take(job, iterator()) then return true end
  end
  return false
end

-- The tasks until `last`, or until there are no more: then the job is dry.
local function read(job, last)
  if not job.iterator then
    job.last = math.min(last, job.length)
    job.dry = job.last == job.length
    return
  end
  job.reading = true
  local ok, dry = pcall(take_until, job, last)
  job.reading = false
  job.dry = not ok or dry
  if not ok then job.source_error = dry or 'the iterator of imap raised ' .. tostring(dry) end
end

-- Fields of a job that reads from a list, or from a function that gives the next values until nil.
local function source_of(items)
  if type(items) == 'table' and not (getmetatable(items) or {}).__call then
    return {mode = protocol.ONE, items = items, length = options_of.length_of(items, 'imap')}
  end
  options_of.check_function(items, 'imap: the iterator')
  return {mode = protocol.ONE, items = {}, iterator = items}
end

-- How many tasks may be in flight.
local function room(job)
  if job.in_flight then return job.in_flight end
  local short = job.cost and math.floor(IN_FLIGHT_SECONDS / job.cost) or 0
  return math.max(IN_FLIGHT, math.min(short, IN_FLIGHT_MAX)) * math.max(1, job.pool.size)
end

-- Reads while there is room for more in flight; with a journal one by one, for it may have the result already. An iterator that waits
-- for a pool gets here from within itself: it is not called again before it has returned.
local function pull(job, most)
  if job.reading then return end
  local last = math.min(job.next_number + most - 1, job.delivered + room(job))
  while not job.dry and job.last < last do
    local before = job.last
    read(job, job.journal and before + 1 or last)
    if job.journal and job.last > before then job.journal:restore(job.last) end
  end
end

-- --- the job ---

-- n results are among those that are ready.
local function on_values(job, first, n)
  for number = first, first + n - 1 do
    if job.iterator then job.items[number] = nil end
    if not job.ordered then
      job.came = job.came + 1
      job.order[job.came] = number
    end
  end
end

local function put(job, number, result)
  if result == nil then result = NIL end
  job.ready[number] = result
  on_values(job, number, 1)
end

local function on_error(job, number, err)
  local ok, value = call.handle_error(job, err)
  if not ok then value = FAILED end
  put(job, number, value)
end

-- The number of the task to be handed out next, when it is there.
local function next_ready(job)
  local number = job.delivered + 1
  if not job.ordered then return job.order[number] end
  if job.ready[number] ~= nil then return number end
end

local function is_served(job) return next_ready(job) or job.aborted or (job.dry and job.out == 0 and job:idle()) end

local function waiting(job) return room(job) - (job.last - job.delivered) + job:fresh() + #job.ranges end

local function stream_job(pool, options, fields)
  fields.last, fields.delivered, fields.pull, fields.waiting = 0, 0, pull, waiting
  fields.in_flight = options.in_flight
  fields.chunk, fields.timeout, fields.retries, fields.seed = options.chunk, options.timeout, options.retries, options.seed
  fields.handler, fields.on_value, fields.on_error = options.on_error, put, on_error
  fields.pool, fields.ordered, fields.ready = pool, options.ordered ~= false, {}
  fields.order, fields.came = {}, 0 -- the numbers as they came; only where they are handed out so
  if not options.journal then fields.results, fields.none = fields.ready, NIL end
  if fields.iterator or not fields.ordered then fields.on_values = on_values end
  fields.served = function() return is_served(fields) end
  return new_job(fields)
end

-- --- handing out ---

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
  local ok, problem = pcall(call.drive, job.pool, job, job.served, job.tick)
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
