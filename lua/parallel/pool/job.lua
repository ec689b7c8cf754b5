--- A job: numbered tasks of which a pool takes chunks: a list (map), a stream (imap), calls (submit).
--
-- A job knows which tasks were not given out yet: the fresh ones from `next_number` on, and ranges that came back, from
-- a dead worker, for a retry, or to be run by somebody who is idle.
local compat = require 'parallel.compat'
local protocol = require 'parallel.pool.protocol'
local slice = require 'parallel.core'.tasks.slice
local summary = require 'parallel.summary'

local job = {}
job.__index = job

local CHUNK_SECONDS = 0.005 -- what a chunk should take
local FIRST_SECONDS = 0.001 -- what a first chunk should take, when a task takes what it took the last time
local LEAST_SECONDS = 0.0002 -- below this the round trip would count
local TOGETHER_SECONDS = 0.0002 -- fixed chunks that are shorter than this travel together
local MOST_TOGETHER = 1024
local LEAST_COST = 1e-8 -- seconds; a task takes no less
local GROWTH = 64 -- a chunk is at most so many times the one before

--- fields: mode (of parallel.pool.protocol), items, last (how many tasks there are so far); on_value(job, number, values...) and
-- on_error(job, number, error), called once for each task with what is final; f or function_of(job, number); and options: chunk,
-- timeout, retries, seed. What not every job has: results (the list into which a worker's values may be put directly), none (what is put
-- there for nil), on_values(job, first, n) (called when n of them were), pull(job, most) (reads more tasks), live(job, from, to) (leaves
-- out those that were cancelled), on_abort(job, error).
function job.new(fields)
  if fields.chunk then fields.chunk = math.floor(fields.chunk) end -- 2.0 would make task 3 one with the number 3.0
  fields.next_number = 1
  fields.ranges = {}
  fields.attempts = {}
  fields.out = 0 -- tasks given to workers
  fields.ended = 0 -- tasks with a final result or error
  fields.last_size = 1
  return setmetatable(fields, job)
end

-- --- giving out ---

function job:fresh() -- how many fresh tasks there are right now
  return self.last - self.next_number + 1
end

function job:waiting()
  local n, ranges = self:fresh(), self.ranges
  if not ranges[1] then return n end
  for _, range in ipairs(ranges) do n = n + range[2] - range[1] + 1 end
  return n
end

--- Tasks from..to can be given out again. Lower numbers go first.
function job:put_back(from, to)
  if from > to or self.aborted then return end
  local ranges, at = self.ranges, 1
  while ranges[at] and ranges[at][1] < from do at = at + 1 end
  table.insert(ranges, at, {from, to})
end

-- The next tasks, at most `most`, as a range.
function job:take_range(most)
  local range = self.ranges[1]
  if range then
    local from = range[1]
    local to = math.min(range[2], from + most - 1)
    range[1] = to + 1
    if range[1] > range[2] then table.remove(self.ranges, 1) end
    return from, to
  end
  local from, last = self.next_number, self.last
  if from > last then return nil end
  local to = from + most - 1
  if to > last then to = last end
  self.next_number = to + 1
  return from, to
end

-- A fixed chunk: when it is very short several travel in one message, which costs nothing of the balance, since each task that
-- was not begun can still be given to somebody else.
function job:units(cost)
  local size = self.chunk
  if not cost or cost * size >= TOGETHER_SECONDS then return size end
  local together = math.floor(TOGETHER_SECONDS / (cost * size))
  return size * math.min(together, MOST_TOGETHER)
end

--- How many tasks the next chunk should have.
function job:chunk_size(workers)
  local left = self:waiting()
  if left == 1 then return 1 end
  local cost = self.cost
  if self.chunk then return self:units(cost) end
  if not cost then return 1 end
  local size = math.floor(CHUNK_SECONDS / cost)
  local fair = math.ceil(left / (2 * workers))
  local least = math.ceil(LEAST_SECONDS / cost)
  if fair < least then fair = least end
  if size > fair then size = fair end
  if size > self.last_size * GROWTH then size = self.last_size * GROWTH end
  return size > 1 and size or 1
end

--- What a task took the last time, or nil. The first chunks are as large as that allows, but a part of what others would be: it may be
-- otherwise this time.
function job:expect(cost)
  if not cost then return end
  self.cost = cost
  self.last_size = math.max(1, math.floor(FIRST_SECONDS / cost / GROWTH))
end

--- A chunk of n tasks took so long.
function job:learn(n, seconds)
  local cost, before = seconds / n, self.cost
  if cost < LEAST_COST then cost = LEAST_COST end
  self.cost = before and (before + cost) / 2 or cost
  if n > self.last_size then self.last_size = n end
end

--- A chunk for a worker, or nil when there is nothing to do right now.
function job:take(most)
  if self.pull then self:pull(most) end
  local from, to
  repeat
    from, to = self:take_range(most)
    if from and self.live then from, to = self:live(from, to) end
  until from ~= false -- false: all of that range was cancelled
  if not from then return nil end
  local n = to - from + 1
  self.out = self.out + n
  -- mode: that of these args, for a job may change its own; slot and sending: where it is and how long sending it took, once a worker has it
  return {job = self, first = from, n = n, got = 0, args = slice(self.items, from, to), mode = self.mode, slot = 0, sending = 0}
end

-- --- what comes back ---

--- The final value of a task.
function job:complete(number, ...)
  self.out = self.out - 1
  if self.aborted then return end
  self.ended = self.ended + 1
  self:on_value(number, ...)
end

--- n tasks have put their values where they belong.
function job:completed(first, n)
  self.out = self.out - n
  self.ended = self.ended + n
  if self.on_values then self:on_values(first, n) end
end

function job:arguments(number)
  local item = self.items[number]
  if self.mode == protocol.ONE then return 1, item end
  if not item then return 0 end -- nobody waits for this task any more
  local first = self.mode == protocol.CALLS and 2 or 1
  return item.n - first + 1, compat.unpack(item, first, item.n)
end

--- What an error tells of a task.
function job:describe(number, worker)
  return {task = number, worker = worker, argument = summary(self:arguments(number))}
end

--- A task has failed: it is tried again as often as wanted.
function job:fail(number, err)
  self.out = self.out - 1
  if self.aborted then return end
  local attempts = (self.attempts[number] or 0) + 1
  self.attempts[number] = attempts
  if attempts <= (self.retries or 0) and err.code ~= 'cancelled' and err.code ~= 'unsupported' then
    self:put_back(number, number)
    return
  end
  if attempts > 1 then
    err.attempts = attempts
    err.summary = ('%s (%d attempts)'):format(err.summary, attempts)
  end
  self.ended = self.ended + 1
  self:on_error(number, err)
end

--- Tasks that were given out and had not begun.
function job:give_up(from, to)
  if from > to then return end
  self.out = self.out - (to - from + 1)
  self:put_back(from, to)
end

--- Nothing of this job is given out any more.
function job:abort(err)
  if self.aborted then return end
  self.aborted = err or true
  self.ranges = {}
  self.last = self.next_number - 1
end

function job:idle() return self.out == 0 and #self.ranges == 0 and self:fresh() == 0 end

return job
