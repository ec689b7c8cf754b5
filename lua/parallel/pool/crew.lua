--- The workers of a pool: started, replaced and ended. When one ends its results are all here, the task that was running fails,
-- and the rest of its chunks goes back to the jobs.
--
-- A worker has up to two chunks: the one it works on and the next. Its fields: crew, child, place (1 to size); chunks; functions
-- (ids of those it has), forget (ids that it may forget); taken (tasks it was given); own (jobs for it alone); began; ready;
-- memory (bytes, as it told last); and at its end: gone (it says no more), slow (it was not ready in time), failure (its error object,
-- if it has one), why (makes the error of its running task when that is known better), settled, first_chunk.
local core = require 'parallel.core'
local protocol = require 'parallel.pool.protocol'
local pool_errors = require 'parallel.pool.errors'
local inbox = require 'parallel.pool.inbox'

local crew = {}
crew.__index = crew

local STOP_SECONDS = 0.001 -- a stopped process surely stands still after this
local BAD_STARTS = 3 -- workers in a row that ended before they were ready

-- --- start ---

--- fields: system, loop, queue, size, name, share (workers that a pool inside a task gets by default), init_timeout (seconds
-- until a worker must be ready, or nil), options (those of parallel.pool)
function crew.new(fields)
  fields.workers, fields.leaving = {}, {} -- place -> worker; worker -> true for those that end after their chunks
  fields.bad_starts = 0 -- workers in a row that ended before they were ready
  fields.lost_at = -math.huge -- the last time that one of these was found to be lost with its host
  fields.everywhere = {} -- functions (place) -> job, for each worker that begins
  fields.counts = {done = 0, failed = 0, chunks = 0, replaced = 0, recycled = 0, stolen = 0, busy = 0}
  fields.max_tasks, fields.max_memory = fields.options.max_tasks, fields.options.max_memory
  local self = setmetatable(fields, crew)
  for place = 1, self.size do self:start(place, true) end
  return self
end

-- Starts a child for a place: here, or on the host that the place is on.
local function start_child(self, place, first, options)
  if not self.places then return self.system.start(options) end
  return self.places:start(place, first, function(host)
    options.host = host
    return self.system.start(options)
  end)
end

local function environment(self)
  local env = {}
  for name, value in pairs(self.options.env or {}) do env[name] = value end
  for _, name in ipairs{'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'} do
    if os.getenv(name) == nil and env[name] == nil then env[name] = tostring(self.share) end
  end
  return env
end

-- The job of one worker, which knows whose it is.
local function own_job(job_for, place)
  local job = job_for(place)
  job.maker = job_for
  return job
end

--- Starts the worker of a place. first: it had none before.
function crew:start(place, first)
  local options = self.options
  local child = start_child(self, place, first, {hidden = true,
    code = "require('parallel.pool.worker').main(...)",
    args = {{share = self.share, measure = self.max_memory ~= nil, functions = options.functions}, options.init, n = 2},
    lua = options.lua, env = environment(self), cwd = options.cwd, memory_limit = options.memory_limit, nice = options.nice,
    functions = options.functions,
    name = ('%s worker %d'):format(self.name, place),
  })
  local worker = {
    crew = self, child = child, place = place, chunks = {}, functions = {}, forget = {}, taken = 0, own = {},
    began = self.system.clock(),
  }
  for i, job_for in ipairs(self.everywhere) do worker.own[i] = own_job(job_for, place) end
  self.loop:watch(worker)
  self.workers[place] = worker
  return worker
end

--- The worker of a place whose last one could not be replaced; nil when there is to be none.
function crew:start_again(place)
  if not self.closing and not self.queue.broken then return self:start(place) end
end

--- Each worker, and each that begins later, gets a job of its own: job_for(place).
function crew:add_everywhere(job_for)
  self.everywhere[#self.everywhere + 1] = job_for
  for place, worker in pairs(self.workers) do worker.own[#worker.own + 1] = own_job(job_for, place) end
end

--- Those who have not begun it never will, and those who run it are ended.
function crew:remove_everywhere(job_for)
  for i = #self.everywhere, 1, -1 do
    if self.everywhere[i] == job_for then table.remove(self.everywhere, i) end
  end
  for place = 1, self.size do
    local worker = self.workers[place]
    local chunk, own = worker and worker.chunks[1], worker and worker.own or {}
    for i = #own, 1, -1 do
      if own[i].maker == job_for then table.remove(own, i) end
    end
    if chunk and chunk.job.maker == job_for then self:stop_job(chunk.job) end
  end
end

--- Is no worker ready yet, as far as we have heard?
function crew:begins()
  for _, worker in pairs(self.workers) do
    if worker.ready then return false end
  end
  return true
end

--- The worker itself, or a new one in its place when it has done or grown enough.
function crew:recycle_if_due(worker)
  local due = self.max_tasks and worker.taken >= self.max_tasks or
    self.max_memory and worker.memory and worker.memory > self.max_memory or
    self.places and self.places:may_go_home(worker.place)
  if not due then return worker end
  self.counts.recycled = self.counts.recycled + 1
  self.leaving[worker] = true
  pcall(self.system.post, worker.child, protocol.QUIT)
  return self:start(worker.place)
end

--- A function that no worker needs any more.
function crew:forget_function(id)
  for _, worker in pairs(self.workers) do worker.forget[id] = true end
end

--- The worker that has a task of a job, its chunk, and the task's place in that; nil when none has it.
function crew:find(job, number)
  for _, worker in pairs(self.workers) do
    for _, chunk in ipairs(worker.chunks) do
      if chunk.job == job and number >= chunk.first and number < chunk.first + chunk.n then
        return worker, chunk, number - chunk.first + 1
      end
    end
  end
end

--- Is a chunk of this job still with a worker?
function crew:works_on(job)
  for _, worker in pairs(self.workers) do
    for _, chunk in ipairs(worker.chunks) do
      if chunk.job == job then return true end
    end
  end
  return false
end

-- --- the end of a worker ---

local function forget_worker(self, worker)
  self.loop:unwatch(worker)
  self.system.forget(worker.child)
  self.leaving[worker] = nil
end

-- How many tasks of each chunk had begun, for as long as the channel lasts.
local function note_claims(self, worker)
  for _, chunk in ipairs(worker.chunks) do chunk.claimed = (self.system.claimed(worker.child, chunk.slot)) end
end

local function how_it_ended(self, worker)
  local ok, err = pcall(self.system.wait, worker.child)
  if not ok and type(err) == 'table' then return err end
  return self.system.failure(worker.child)
end

-- Was it lost with its host? Then nobody knows how it ended.
local function is_lost(self, failure)
  return self.places and failure and failure.code == 'died' and not failure.signal and not failure.status
end

-- One more worker in a row was not ready. A host takes all of its workers with it, which counts once.
local function count_bad_start(self, worker, failure)
  local lost = is_lost(self, failure)
  if lost and worker.began < self.lost_at then return end
  if lost then self.lost_at = self.system.clock() end
  self.bad_starts = self.bad_starts + 1
end

-- Why this worker's end is the pool's end, too; nil: it is not.
local function bad_start(self, worker, failure)
  if worker.ready or worker.why then return nil end
  count_bad_start(self, worker, failure)
  if worker.slow then return pool_errors.slow_init(self.name, worker.place, self.init_timeout) end
  if failure and failure.code == 'failed' or self.bad_starts >= BAD_STARTS then
    return pool_errors.bad_start(self.name, worker.place, failure)
  end
end

-- Tasks of a chunk whose worker is gone: those that had begun fail, the others go back.
-- A chunk whose workers end again and again before they begin it, in taking it over: its first task is to blame at last.
local function settle(worker, chunk, failure)
  local job, first = chunk.job, chunk.first
  local claimed = chunk.claimed
  if claimed == 0 and worker.ready and chunk == worker.first_chunk and chunk.n > 0 then
    job.spoiled = job.spoiled or {}
    job.spoiled[first] = (job.spoiled[first] or 0) + 1
    if job.spoiled[first] >= BAD_STARTS then claimed = 1 end
  end
  if claimed > chunk.n then claimed = chunk.n end
  for i = chunk.got + 1, claimed do
    local number = first + i - 1
    local fields = job:describe(number, worker.place)
    job:fail(number, worker.why and worker.why(fields) or pool_errors.died(fields, failure))
  end
  job:give_up(first + math.max(claimed, chunk.got), first + chunk.n - 1)
end

local function replace(self, place)
  if self:start_again(place) then self.counts.replaced = self.counts.replaced + 1 end
end

--- The process of a worker is gone.
function crew:ended(worker)
  if worker.settled then return end
  worker.settled = true
  note_claims(self, worker)
  local failure = how_it_ended(self, worker)
  worker.failure = failure
  local stays = not self.leaving[worker] and self.workers[worker.place] == worker
  forget_worker(self, worker)
  if not stays then return end
  self.workers[worker.place] = nil
  local chunks = worker.chunks
  worker.first_chunk, worker.chunks = chunks[1], {}
  local reason = bad_start(self, worker, failure)
  if reason then self.queue:breakdown(reason) end
  local started, problem = pcall(replace, self, worker.place)
  for _, chunk in ipairs(chunks) do settle(worker, chunk, failure) end -- last: code of the user that hears of it may wait for the pool
  if not started then core.raise(problem) end
end

--- Takes in all that a worker has said, and its end: crew:hear(worker).
crew.hear = inbox.hear

-- Ends the worker, whatever it does.
local function end_worker(self, worker)
  self.system.kill(worker.child)
  pcall(self.system.wait, worker.child)
  pcall(self.hear, self, worker)
  if not worker.settled then self:ended(worker) end
end

--- Stops the task that a worker runs now by ending the worker. Nothing happens when it has just gone on to the next one.
-- why(fields) makes the error. Returns whether it was stopped.
function crew:stop_task(worker, chunk, claimed, why)
  local system, child = self.system, worker.child
  system.stop(child)
  system.sleep(STOP_SECONDS)
  self:hear(worker)
  if worker.gone then return false end
  local now = worker.chunks[1] == chunk and (system.claimed(child, chunk.slot))
  if now ~= claimed or chunk.got >= claimed then
    system.continue(child)
    return false
  end
  worker.why = why
  system.kill(child)
  pcall(system.wait, child)
  self:hear(worker)
  if not worker.settled then self:ended(worker) end
  return true
end

--- Ends the tasks of a job that run now.
function crew:stop_job(job)
  for place = 1, self.size do
    local worker = self.workers[place]
    local chunk = worker and worker.chunks[1]
    if chunk and chunk.job == job then
      worker.why = pool_errors.cancelled
      end_worker(self, worker)
    end
  end
end

-- --- time limits ---

local NEVER = math.huge -- seconds

-- Seconds until the task that the worker runs is stopped; 0: it was.
local function check_task(self, worker)
  local chunk = worker.chunks[1]
  local limit = chunk and chunk.job.timeout
  if not limit then return NEVER end
  local claimed, _, age = self.system.claimed(worker.child, chunk.slot)
  if claimed <= chunk.got then return limit end
  if age < limit then return limit - age end
  self:stop_task(worker, chunk, claimed, function(fields) return pool_errors.late(fields, limit) end)
  return 0
end

-- The same for a worker that is not ready yet.
local function check_start(self, worker)
  local limit = self.init_timeout
  if not limit or worker.ready then return NEVER end
  local left = worker.began + limit - self.system.clock()
  if left > 0 then return left end
  worker.slow = true
  end_worker(self, worker)
  return 0
end

--- Ends tasks and starts that take too long. Returns after how many seconds the next one may be due.
function crew:check_limits()
  local nearest = NEVER
  for place = 1, self.size do
    local worker = self.workers[place]
    if worker then nearest = math.min(nearest, check_start(self, worker), check_task(self, worker)) end
  end
  return nearest
end

-- --- the end of all ---

--- Ends all workers: after their running chunks, or at once.
function crew:stop(at_once)
  if self.closing then return end
  self.closing = true
  local all = {}
  for _, worker in pairs(self.workers) do all[#all + 1] = worker end
  for worker in pairs(self.leaving) do all[#all + 1] = worker end
  for _, worker in ipairs(all) do
    if at_once then self.system.kill(worker.child) else pcall(self.system.post, worker.child, protocol.QUIT) end
  end
  for _, worker in ipairs(all) do
    if not at_once then pcall(self.system.wait, worker.child, 5) end
    forget_worker(self, worker)
    worker.settled, worker.gone, worker.chunks = true, true, {} -- for the one whose word is being heard
  end
  for place in pairs(self.workers) do self.workers[place] = nil end
end

return crew
