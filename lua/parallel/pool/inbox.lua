--- What workers say: results, errors, that a chunk is done.
local protocol = require 'parallel.pool.protocol'
local pool_errors = require 'parallel.pool.errors'

local inbox = {}

-- The first chunk of a worker is done.
local function chunk_done(crew, worker, chunk, seconds)
  local chunks, counts, n = worker.chunks, crew.counts, chunk.n
  chunks[1], chunks[2] = chunks[2], nil
  if n > 0 then chunk.job:learn(n, seconds > chunk.sending and seconds or chunk.sending) end
  counts.chunks, counts.busy = counts.chunks + 1, counts.busy + seconds
end

-- n tasks have a result. Not counted by chunks: a map may be over before its last chunk is said to be done.
local function count_done(crew, n)
  local counts = crew.counts
  counts.done = counts.done + n
end

-- Kind of message -> what it does. Returns whether it could be said now.
local says = {}

says[protocol.OK] = function(crew, worker, ...)
  local chunk = worker.chunks[1]
  if not chunk or chunk.got >= chunk.n then return false end
  chunk.got = chunk.got + 1
  count_done(crew, 1)
  chunk.job:complete(chunk.first + chunk.got - 1, ...)
  return true
end

says[protocol.LAST] = function(crew, worker, seconds, ...)
  local chunk = worker.chunks[1]
  if not chunk or chunk.got ~= chunk.n - 1 or type(seconds) ~= 'number' then return false end
  chunk.got = chunk.n
  count_done(crew, 1)
  chunk_done(crew, worker, chunk, seconds)
  chunk.job:complete(chunk.first + chunk.n - 1, ...)
  return true
end

says[protocol.FAILED] = function(crew, worker, text, traceback, value)
  local chunk = worker.chunks[1]
  if not chunk or chunk.got >= chunk.n then return false end
  chunk.got = chunk.got + 1
  local number = chunk.first + chunk.got - 1
  local fields = chunk.job:describe(number, worker.place)
  fields.message, fields.traceback, fields.value = tostring(text), tostring(traceback or ''), value
  crew.counts.failed = crew.counts.failed + 1
  chunk.job:fail(number, pool_errors.failed(fields))
  return true
end

says[protocol.REFUSED] = function(crew, worker, text, last)
  local chunk = worker.chunks[1]
  if not chunk or chunk.got >= chunk.n or last and chunk.got ~= chunk.n - 1 then return false end
  chunk.got = chunk.got + 1
  local number = chunk.first + chunk.got - 1
  crew.counts.failed = crew.counts.failed + 1
  if last then chunk_done(crew, worker, chunk, 0) end
  chunk.job:fail(number, pool_errors.not_received(chunk.job:describe(number, worker.place), tostring(text)))
  return true
end

says[protocol.CHUNK_DONE] = function(crew, worker, seconds, memory)
  local chunk = worker.chunks[1]
  if not chunk or chunk.got ~= chunk.n or type(seconds) ~= 'number' then return false end
  worker.memory = memory
  chunk_done(crew, worker, chunk, seconds)
  return true
end

says[protocol.READY] = function(crew, worker)
  worker.ready = true
  crew.bad_starts = 0
  return true
end

says[0] = function() return true end -- a message that a user's code sent in spite of all: nobody receives it

local nothing = {}

-- The list that takes the values of this chunk directly, where, how many, and what stands for nil.
local function destination(chunk)
  local job = chunk and chunk.job
  if not job or not job.results or job.aborted then return nothing, 1, 0 end
  return job.results, chunk.first + chunk.got, chunk.n - chunk.got, job.none
end

-- What one collect brought. Returns whether there may be more: a worker without a chunk has said all.
local function collected(crew, worker, n, kind, ...)
  if n > 0 then
    local chunk = worker.chunks[1]
    local first = chunk.first + chunk.got
    chunk.got = chunk.got + n
    count_done(crew, n)
    chunk.job:completed(first, n)
  end
  if not kind then return false end
  local say = says[kind]
  if say and say(crew, worker, ...) then return worker.chunks[1] ~= nil end
  if kind ~= protocol.GONE then crew.system.kill(worker.child) end -- it says what cannot be
  worker.gone = true
  return false
end

--- Takes in all that a worker of this crew has said, and its end.
function inbox.hear(crew, worker)
  local collect = crew.system.collect
  repeat
    local results, at, most, none = destination(worker.chunks[1])
  until not collected(crew, worker, collect(worker.child, results, at, most, none))
  if worker.gone then crew:ended(worker) end
end

return inbox
