--- Who gets which chunk: a worker that is idle gets the next one, and one that will soon be gets it ahead. What a worker has not
-- begun can be taken back at any time, for somebody who is idle.
local core = require 'parallel.core'
local protocol = require 'parallel.pool.protocol'
local pool_errors = require 'parallel.pool.errors'
local new_crew = require 'parallel.pool.crew'.new
local new_queue = require 'parallel.pool.queue'.new

local scheduler = {}
scheduler.__index = scheduler

local NEVER = math.huge -- seconds
local AHEAD_SECONDS = 0.02 -- a worker gets its second chunk when the first takes less than this
local STEAL_SECONDS = 0.001 -- tasks are worth moving when they take longer than this
local LOOK_SECONDS = 0.002 -- how often idle workers look for tasks behind long ones

--- crew: the fields of parallel.pool.crew.new, but for the queue
function scheduler.new(crew)
  crew.queue = new_queue()
  local self = setmetatable({
    loop = crew.loop, system = crew.system, size = crew.size, queue = crew.queue, crew = new_crew(crew),
    timeouts = crew.init_timeout ~= nil, -- may anything be late?
    began = crew.system.clock(),
  }, scheduler)
  self.loop:add(self)
  return self
end

-- --- sending chunks ---

local function free_slot(worker)
  local other = worker.chunks[1]
  return other and 1 - other.slot or 0
end

local function send_function(self, worker, id, f)
  if worker.functions[id] then return end
  self.system.post(worker.child, protocol.FUNCTION, id, f)
  worker.functions[id] = true
end

local function send_functions(self, worker, chunk)
  local job = chunk.job
  for id in next, worker.forget do
    if worker.functions[id] then self.system.post(worker.child, protocol.FORGET, id) end
    worker.functions[id], worker.forget[id] = nil, nil
  end
  if job.mode ~= protocol.CALLS then return send_function(self, worker, job.id, job.f) end
  local known, args = worker.functions, chunk.args
  for i = 1, chunk.n do
    local id = args[i][1]
    if not known[id] then send_function(self, worker, id, job:function_of(chunk.first + i - 1)) end
  end
end

-- A job that each worker has its own copy of: all get the same message, which goes once to each host (src/cluster/cache.h).
local function send_own(self, worker, chunk)
  local job = chunk.job
  self.system.post(worker.child, protocol.FUNCTION, job.id, job.f, chunk.args[1])
end

local function try_send(self, worker, chunk)
  local job, args = chunk.job, nil
  if job.own then
    send_own(self, worker, chunk)
  else
    send_functions(self, worker, chunk)
    args = chunk.args
  end
  local slot = free_slot(worker)
  chunk.slot = slot
  chunk.sending = self.system.give(worker.child, chunk.n, slot, job.id or 0, chunk.mode, args, chunk.first, job.seed)
end

-- Something in the chunk cannot travel. With one task we know who; with more each is tried on its own.
local function refuse(worker, chunk, err)
  local job = chunk.job
  if chunk.n == 1 then
    local message = tostring(err.message):gsub('^values 4%[1%]', 'argument'):gsub('^values 3', 'argument'):gsub('^values 2', 'function')
    job:fail(chunk.first, pool_errors.refused(job:describe(chunk.first, worker.place), message))
    return
  end
  job.out = job.out - chunk.n
  for number = chunk.first, chunk.first + chunk.n - 1 do job:put_back(number, number) end
end

local gone = {died = true, closed = true, failed = true, corrupt = true} -- codes of errors that tell the end of a worker

-- Gives a chunk to a worker. When the worker is gone (and replaced) the chunk is back in its job. Returns false when it was refused: the
-- worker can have another one.
local function hand_over(self, worker, chunk)
  local ok, err = pcall(try_send, self, worker, chunk)
  if ok then
    chunk.args = nil
    worker.chunks[#worker.chunks + 1] = chunk
    if not chunk.job.own then worker.taken = worker.taken + chunk.n end -- else one that may do one task would never do it
    return true
  end
  local code = type(err) == 'table' and err.code
  if code == 'unsupported' then
    refuse(worker, chunk, err)
    return false
  end
  chunk.job:give_up(chunk.first, chunk.first + chunk.n - 1)
  if gone[code] then
    self.crew:hear(worker)
    if self.crew.workers[worker.place] == worker then self.crew:ended(worker) end
    return true
  end
  -- Ctrl-C, or no memory: a part of the message may be out, so this worker cannot be trusted to know what it has to do.
  self.system.kill(worker.child)
  core.raise(err)
end

-- --- choosing ---

local function next_chunk(self, worker)
  local max_tasks = self.crew.max_tasks
  local most = max_tasks and max_tasks - worker.taken
  if most and most <= 0 then return nil end
  local had = #worker.chunks
  local chunk = self.queue:take(self.size, most)
  if not chunk or self.crew.workers[worker.place] == worker and #worker.chunks <= had then return chunk end
  chunk.job:give_up(chunk.first, chunk.first + chunk.n - 1) -- an iterator has used this pool: the worker is gone, or has something else
end

-- May this worker, which has a chunk, have the next one already?
local function may_run_ahead(self, worker)
  local chunk = worker.chunks[1]
  local cost = chunk.job.cost
  if not cost or worker.chunks[2] or cost * chunk.n > AHEAD_SECONDS then return false end
  local claimed, _, age = self.system.claimed(worker.child, chunk.slot)
  return claimed == 0 or age < AHEAD_SECONDS
end

-- Gives each idle worker something to do. Returns whether one stays idle.
local function assign_idle(self)
  local crew, workers, idle = self.crew, self.crew.workers, false
  local recycles = crew.max_tasks or crew.max_memory or crew.places
  for place = 1, self.size do
    local worker = workers[place] or crew:start_again(place)
    if worker and not worker.chunks[1] then
      if recycles and not worker.own[1] then worker = crew:recycle_if_due(worker) end
      local chunk
      repeat
        chunk = worker.own[1] and table.remove(worker.own, 1):take(1) or next_chunk(self, worker)
      until not chunk or hand_over(self, worker, chunk)
      idle = idle or not chunk
    end
  end
  return idle
end

-- All have something to do: gives those who will soon be done the next chunk.
local function assign_ahead(self)
  if not self.queue:has_tasks() then return end
  local workers = self.crew.workers
  for place = 1, self.size do
    local worker = workers[place]
    if worker and worker.chunks[1] and not worker.own[1] and may_run_ahead(self, worker) then
      local chunk
      repeat
        chunk = next_chunk(self, worker)
        if not chunk then return end
      until hand_over(self, worker, chunk)
    end
  end
end

--- Gives work to those who can take some.
function scheduler:assign()
  if not assign_idle(self) then assign_ahead(self) end
end

-- --- taking back ---

-- Takes back what is not begun of a chunk behind the first `keep` tasks. Returns how many tasks that were.
local function take_back(self, worker, chunk, keep)
  local _, limit = self.system.retract(worker.child, chunk.slot, keep)
  if limit < chunk.got then limit = chunk.got end -- the worker may write anything into the word: what has come is not taken back
  local n = chunk.n - limit
  if n <= 0 then return 0 end
  chunk.job:give_up(chunk.first + limit, chunk.first + chunk.n - 1)
  chunk.n = limit
  worker.taken = worker.taken - n
  return n
end

-- The chunk of others with the most tasks to come, when it is worth to be shared.
local function richest(self)
  local best, best_left, best_worker = nil, 0, nil
  local claimed_of, workers = self.system.claimed, self.crew.workers
  for place = 1, self.size do
    local worker = workers[place]
    for i, chunk in ipairs(worker and worker.chunks or {}) do
      local claimed, limit, age = claimed_of(worker.child, chunk.slot)
      local left = limit - claimed
      local first = worker.chunks[1]
      if i > 1 then
        local _
        claimed, _, age = claimed_of(worker.child, first.slot)
      end
      local stuck = claimed > 0 and age or 0
      local movable = left > 0 and not chunk.job.own
      if movable and (not worker.ready or stuck > STEAL_SECONDS or (chunk.job.cost or 0) * left > STEAL_SECONDS) then
        local weight = left + (i > 1 and 0.5 or 0)
        if weight > best_left then best, best_left, best_worker = chunk, weight, worker end
      end
    end
  end
  return best, best_worker
end

-- Do tasks wait behind others, in workers?
local function something_waits(self)
  local workers = self.crew.workers
  for place = 1, self.size do
    local worker = workers[place]
    local first = worker and worker.chunks[1]
    if first and (first.n - first.got > 1 or worker.chunks[2] or not worker.ready) then return true end
  end
  return false
end

-- Somebody is idle: lets him have a part of what others have not begun. Returns whether tasks are waiting behind others.
local function share(self)
  if not something_waits(self) then return false end
  local chunk, worker = richest(self)
  if not chunk then return true end
  local claimed, limit = self.system.claimed(worker.child, chunk.slot)
  local keep = worker.chunks[1] == chunk and claimed + math.floor((limit - claimed) / 2) or 0
  local n = take_back(self, worker, chunk, keep)
  self.crew.counts.stolen = self.crew.counts.stolen + n
  if n > 0 then self:assign() end
  return true
end

--- Gives out work and ends what takes too long. Returns after how many seconds at the latest to do it again.
function scheduler:give_out()
  local seconds = NEVER
  if not assign_idle(self) then
    assign_ahead(self)
  elseif share(self) then
    seconds = LOOK_SECONDS
  end
  return self.timeouts and math.min(seconds, self.crew:check_limits()) or seconds
end

-- --- jobs ---

--- Raises the error for which the pool gives out nothing any more, if there is one.
function scheduler:check_broken()
  if self.queue.broken then core.raise(self.queue.broken) end
end

function scheduler:add_job(job)
  self:check_broken()
  self.queue:add(job)
  if job.timeout then self.timeouts = true end
end

--- Each worker gets a job of its own: see crew:add_everywhere. timeout: it has a time limit.
function scheduler:add_everywhere(job_for, timeout)
  self:check_broken()
  if timeout then self.timeouts = true end
  self.crew:add_everywhere(job_for)
end

--- The job is over.
function scheduler:remove_job(job)
  self.queue:remove(job)
  if job.id and job.forget_function then self.crew:forget_function(job.id) end
end

--- Nothing more of this job is begun.
function scheduler:drop_job(job, err)
  self.queue:remove(job)
  job:abort(err)
  local workers = self.crew.workers
  for place = 1, self.size do
    local worker = workers[place]
    for _, chunk in ipairs(worker and worker.chunks or {}) do
      if chunk.job == job and not self.system.retired(worker.child) then take_back(self, worker, chunk, 0) end
    end
  end
end

--- Cancels a task: one that waits in a worker is taken back, one that runs is stopped and fails with err.
function scheduler:cancel_task(job, number, err)
  local worker, chunk, place = self.crew:find(job, number)
  if not worker then return end
  take_back(self, worker, chunk, place - 1)
  worker, chunk, place = self.crew:find(job, number)
  if worker then self.crew:stop_task(worker, chunk, place, function() return err end) end
end

-- --- the rest ---

--- Ends all workers, after their running chunks or at once; whoever still waits gets err.
function scheduler:stop(at_once, err)
  self.loop:remove(self)
  self.crew:stop(at_once)
  self.queue:breakdown(err)
end

--- What pool:stats() tells.
function scheduler:stats()
  local result = {workers = self.size, seconds = self.system.clock() - self.began, running = 0, ready = 0, pids = {}}
  for name, value in pairs(self.crew.counts) do result[name] = value end
  for place, worker in pairs(self.crew.workers) do
    if worker.ready then result.ready = result.ready + 1 end
    if #worker.chunks > 0 then result.running = result.running + 1 end
    result.pids[place] = worker.child.unixid
  end
  result.queued = self.queue:waiting()
  if self.crew.places then result.hosts = self.crew.places:count() end
  result.utilisation = result.seconds > 0 and result.busy / (result.seconds * self.size) or 0
  return result
end

return scheduler
