--- The workers of a pool and who gets which chunk. All pools of a process share one selector, so that waiting for one serves all.
--
-- A worker has up to two chunks: the one it works on and the next. What it has not begun can be taken back at any time,
-- for somebody who is idle. When it ends, its results are all here, the task that was running fails, and the rest of
-- its chunks goes back to the jobs.
local core = require 'parallel.core'
local protocol = require 'parallel.pool_protocol'
local pool_errors = require 'parallel.pool_errors'

local scheduler = {}
scheduler.__index = scheduler

local links = core.links
local give, collect = links.give, links.collect
local clock = core.clock
local SIGSTOP, SIGCONT, SIGKILL = core.signals.STOP, core.signals.CONT, core.signals.KILL

local AHEAD_SECONDS = 0.02 -- a worker gets its second chunk when the first takes less than this
local STEAL_SECONDS = 0.001 -- tasks are worth moving when they take longer than this
local LOOK_SECONDS = 0.002 -- how often idle workers look for tasks behind long ones
local STOP_SECONDS = 0.001 -- a stopped process surely stands still after this
local BAD_STARTS = 3 -- workers in a row that ended before they were ready

local function sooner(a, b)
  if not a then return b end
  return b and b < a and b or a
end

-- --- all pools of this process ---

local selector -- made with the first worker
local workers = setmetatable({}, {__mode = 'v'}) -- child id -> worker, for as long as its pool lives
local pools, last_pool = setmetatable({}, {__mode = 'v'}), 0 -- those that live, with holes, up to last_pool

local function add_pool(self)
  local at = 1
  while pools[at] do at = at + 1 end
  pools[at] = self
  if at > last_pool then last_pool = at end
end

local function remove_pool(self)
  for at = 1, last_pool do
    if pools[at] == self then pools[at] = nil end
  end
end

function scheduler.fd()
  selector = selector or core.selector()
  return selector:fd()
end

-- --- making and ending workers ---

local function worker_settings(self)
  return {share = math.max(1, math.floor((core.pool_share or core.cores()) / self.size)), measure = self.max_memory ~= nil}
end

local function start_worker(self, place)
  local start = require 'parallel.start'
  local options = self.options
  local env = {}
  for name, value in pairs(options.env or {}) do env[name] = value end
  local threads = tostring(worker_settings(self).share)
  for _, name in ipairs{'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'} do
    if os.getenv(name) == nil and env[name] == nil then env[name] = threads end
  end
  local child = start.child{hidden = true,
    code = "require('parallel.pool_worker').main(...)", args = {worker_settings(self), options.init, n = 2},
    lua = options.lua, env = env, cwd = options.cwd, memory_limit = options.memory_limit, nice = options.nice,
    name = ('%s worker %d'):format(self.name, place),
  }
  local worker = {
    scheduler = self, child = child, place = place, chunks = {}, functions = {}, forget = {}, taken = 0,
    own = {}, -- jobs for this worker alone
    began = clock(),
  }
  for i, spec in ipairs(self.everywhere) do worker.own[i] = spec.job_for(place) end
  selector = selector or core.selector()
  selector:add(child)
  workers[child.id] = worker
  self.workers[place] = worker
  return worker
end

function scheduler.new(size, name, options, init_timeout)
  local self = setmetatable({
    size = size, name = name, options = options, workers = {}, jobs = {}, leaving = {},
    max_tasks = options.max_tasks, max_memory = options.max_memory, init_timeout = init_timeout,
    timeouts = init_timeout ~= nil, bad_starts = 0, everywhere = {},
    counts = {done = 0, failed = 0, chunks = 0, replaced = 0, recycled = 0, stolen = 0, busy = 0}, began = clock(),
  }, scheduler)
  for place = 1, size do start_worker(self, place) end
  add_pool(self)
  return self
end

local function forget_worker(self, worker)
  local child = worker.child
  workers[child.id] = nil
  if not links.retired(child) then selector:remove(child) end
  links.forget(child)
  self.leaving[worker] = nil
end

--- The pool cannot go on: everything that waits fails with this error. The first reason stays.
function scheduler:breakdown(err)
  self.broken = self.broken or err
  for i = #self.jobs, 1, -1 do
    local job = self.jobs[i]
    job:abort(err)
    if job.on_abort then job:on_abort(err) end
  end
  self.jobs = {}
end

-- --- sending chunks ---

local function free_slot(worker)
  local other = worker.chunks[1]
  return other and 1 - other.slot or 0
end

local function send_function(worker, id, f)
  if worker.functions[id] then return end
  links.post(worker.child, protocol.FUNCTION, id, f)
  worker.functions[id] = true
end

local function send_functions(worker, chunk)
  local job = chunk.job
  for id in next, worker.forget do
    if worker.functions[id] then links.post(worker.child, protocol.FORGET, id) end
    worker.functions[id], worker.forget[id] = nil, nil
  end
  if job.mode ~= protocol.CALLS then return send_function(worker, job.id, job.f) end
  local known, args = worker.functions, chunk.args
  for i = 1, chunk.n do
    local id = args[i][1]
    if not known[id] then send_function(worker, id, job:function_of(chunk.first + i - 1)) end
  end
end

local function try_send(worker, chunk)
  local job = chunk.job
  send_functions(worker, chunk)
  local slot = free_slot(worker)
  chunk.slot = slot
  chunk.sending = give(worker.child, chunk.n, slot, job.id or 0, job.mode, chunk.args, chunk.first, job.seed)
end

-- Something in the chunk cannot travel. With one task we know who; with more each is tried on its own.
local function refuse(self, worker, chunk, err)
  local job = chunk.job
  if chunk.n == 1 then
    local message = tostring(err.message):gsub('^values 4%[1%]', 'argument'):gsub('^values 2', 'function')
    job:fail(chunk.first, pool_errors.refused(job:describe(chunk.first, worker.place), message))
    return
  end
  job.out = job.out - chunk.n
  for number = chunk.first, chunk.first + chunk.n - 1 do job:put_back(number, number) end
end

-- Gives a chunk to a worker. false: the worker is gone (and replaced), the chunk is back in its job.
local function hand_over(self, worker, chunk)
  local ok, err = pcall(try_send, worker, chunk)
  if ok then
    chunk.args = nil
    worker.chunks[#worker.chunks + 1] = chunk
    worker.taken = worker.taken + chunk.n
    return true
  end
  if type(err) == 'table' and err.code == 'unsupported' then
    refuse(self, worker, chunk, err)
    return true
  end
  chunk.job:give_up(chunk.first, chunk.first + chunk.n - 1)
  if type(err) == 'table' and (err.code == 'died' or err.code == 'closed' or err.code == 'failed' or err.code == 'corrupt') then
    self:handle(worker)
    if self.workers[worker.place] == worker then self:ended(worker) end
    return false
  end
  -- Ctrl-C, or no memory: a part of the message may be out, so this worker cannot be trusted to know what it has to do.
  links.kill_now(worker.child, SIGKILL)
  core.raise(err)
end

-- --- choosing ---

-- May this job have tasks to be given out?
local function has_tasks(job) return job.next_number <= job.last or job.ranges[1] or job.pull end

local function next_chunk(self, worker)
  local most = self.max_tasks and self.max_tasks - worker.taken
  if most and most <= 0 then return nil end
  local jobs = self.jobs
  for i = 1, #jobs do
    local job = jobs[i]
    if has_tasks(job) then
      local size = job:chunk_size(self.size)
      local chunk = job:take(most and most < size and most or size)
      if chunk then return chunk end
    end
  end
end

local function something_to_give(self)
  local jobs = self.jobs
  for i = 1, #jobs do
    if has_tasks(jobs[i]) then return true end
  end
  return false
end

-- May this worker, which has a chunk, have the next one already?
local function may_run_ahead(worker)
  local chunk = worker.chunks[1]
  local cost = chunk.job.cost
  if not cost or worker.chunks[2] or cost * chunk.n > AHEAD_SECONDS then return false end
  local claimed, _, age = links.claimed(worker.child, chunk.slot)
  return claimed == 0 or age < AHEAD_SECONDS
end

local function recycle_if_due(self, worker)
  local due = self.max_tasks and worker.taken >= self.max_tasks or
    self.max_memory and worker.memory and worker.memory > self.max_memory
  if not due then return worker end
  self.counts.recycled = self.counts.recycled + 1
  self.leaving[worker] = true
  pcall(links.post, worker.child, protocol.QUIT)
  return start_worker(self, worker.place)
end

-- Gives each idle worker something to do. Returns whether one stays idle.
local function assign_idle(self)
  local workers_here, idle = self.workers, false
  for place = 1, self.size do
    local worker = workers_here[place]
    if worker and not worker.chunks[1] then
      if self.max_tasks or self.max_memory then worker = recycle_if_due(self, worker) end
      local chunk = worker.own[1] and table.remove(worker.own, 1):take(1) or next_chunk(self, worker)
      if chunk then hand_over(self, worker, chunk) else idle = true end
    end
  end
  return idle
end

--- Gives work to those who can take some: first to the idle ones, then ahead. Returns whether somebody stayed idle.
function scheduler:assign()
  if assign_idle(self) then return true end
  if not something_to_give(self) then return false end
  for place = 1, self.size do
    local worker = self.workers[place]
    if worker and worker.chunks[1] and not worker.own[1] and may_run_ahead(worker) then
      local chunk = next_chunk(self, worker)
      if not chunk then break end
      hand_over(self, worker, chunk)
    end
  end
  return false
end

-- Takes back what is not begun of a chunk behind the first `keep` tasks. Returns how many tasks that were.
local function take_back(worker, chunk, keep)
  local _, limit = links.retract(worker.child, chunk.slot, keep)
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
  for place = 1, self.size do
    local worker = self.workers[place]
    for i, chunk in ipairs(worker and worker.chunks or {}) do
      local claimed, limit, age = links.claimed(worker.child, chunk.slot)
      local left = limit - claimed
      local first = worker.chunks[1]
      if i > 1 then claimed, limit, age = links.claimed(worker.child, first.slot) end
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

local function something_waits(self)
  for place = 1, self.size do
    local worker = self.workers[place]
    local first = worker and worker.chunks[1]
    if first and (first.n - first.got > 1 or worker.chunks[2] or not worker.ready) then return true end
  end
  return false
end

--- Takes back what a worker has not begun of a chunk behind its first `keep` tasks.
function scheduler:withdraw(worker, chunk, keep)
  return take_back(worker, chunk, keep)
end

--- Somebody is idle: lets him have a part of what others have not begun. Returns whether tasks are waiting behind others.
function scheduler:share()
  if not something_waits(self) then return false end
  local chunk, worker = richest(self)
  if not chunk then return true end
  local claimed, limit = links.claimed(worker.child, chunk.slot)
  local keep = worker.chunks[1] == chunk and claimed + math.floor((limit - claimed) / 2) or 0
  local n = take_back(worker, chunk, keep)
  self.counts.stolen = self.counts.stolen + n
  if n > 0 then self:assign() end
  return true
end

-- --- what workers say ---

-- The first chunk of a worker is done.
local function chunk_done(self, worker, chunk, seconds)
  local chunks, counts, n = worker.chunks, self.counts, chunk.n
  chunks[1], chunks[2] = chunks[2], nil
  if n > 0 then chunk.job:learn(n, seconds > chunk.sending and seconds or chunk.sending) end
  counts.chunks, counts.busy = counts.chunks + 1, counts.busy + seconds
end

-- n tasks have a result. Not counted by chunks: a map may be over before its last chunk is said to be done.
local function count_done(self, n)
  local counts = self.counts
  counts.done = counts.done + n
end

local says = {}

says[protocol.OK] = function(self, worker, ...)
  local chunk = worker.chunks[1]
  if not chunk or chunk.got >= chunk.n then return false end
  chunk.got = chunk.got + 1
  count_done(self, 1)
  chunk.job:complete(chunk.first + chunk.got - 1, ...)
  return true
end

says[protocol.LAST] = function(self, worker, seconds, ...)
  local chunk = worker.chunks[1]
  if not chunk or chunk.got ~= chunk.n - 1 or type(seconds) ~= 'number' then return false end
  chunk.got = chunk.n
  count_done(self, 1)
  chunk_done(self, worker, chunk, seconds)
  chunk.job:complete(chunk.first + chunk.n - 1, ...)
  return true
end

says[protocol.FAILED] = function(self, worker, text, traceback, value)
  local chunk = worker.chunks[1]
  if not chunk or chunk.got >= chunk.n then return false end
  chunk.got = chunk.got + 1
  local number = chunk.first + chunk.got - 1
  local fields = chunk.job:describe(number, worker.place)
  fields.message, fields.traceback, fields.value = tostring(text), tostring(traceback or ''), value
  self.counts.failed = self.counts.failed + 1
  chunk.job:fail(number, pool_errors.failed(fields))
  return true
end

says[protocol.CHUNK_DONE] = function(self, worker, seconds, memory)
  local chunk = worker.chunks[1]
  if not chunk or chunk.got ~= chunk.n or type(seconds) ~= 'number' then return false end
  worker.memory = memory
  chunk_done(self, worker, chunk, seconds)
  return true
end

says[protocol.READY] = function(self, worker)
  worker.ready = true
  self.bad_starts = 0
  return true
end

says[0] = function() return true end -- a message that a user's code sent in spite of all: nobody receives it

local nothing = {}

-- The list that takes the values of this chunk directly, and where.
local function destination(chunk)
  local job = chunk and chunk.job
  if not job or not job.results or job.aborted then return nothing, 1, 0 end
  return job.results, chunk.first + chunk.got, chunk.n - chunk.got
end

-- One step of taking in. Returns whether there may be more: a worker without a chunk has said all.
local function take_in(self, worker, n, kind, ...)
  if n > 0 then
    local chunk = worker.chunks[1]
    chunk.got = chunk.got + n
    count_done(self, n)
    chunk.job:completed(n)
  end
  if not kind then return false end
  local handler = says[kind]
  if handler and handler(self, worker, ...) then return worker.chunks[1] ~= nil end
  if kind ~= protocol.GONE then links.kill_now(worker.child, SIGKILL) end -- it says what cannot be
  worker.gone = true
  return false
end

--- Takes in all that a worker has said.
function scheduler:handle(worker)
  repeat
    local results, at, most = destination(worker.chunks[1])
  until not take_in(self, worker, collect(worker.child, results, at, most))
  if worker.gone then self:ended(worker) end
end

-- --- the end of a worker ---

-- Tasks of a chunk whose worker is gone: those that had begun fail, the others go back.
-- A chunk whose workers end again and again before they begin it, in taking it over: its first task is to blame at last.
local function settle(worker, chunk, why, failure)
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
    job:fail(number, why and why(fields) or pool_errors.died(fields, failure))
  end
  job:give_up(first + math.max(claimed, chunk.got), first + chunk.n - 1)
end

local function how_it_ended(child)
  local ok, err = pcall(links.wait, child)
  if not ok and type(err) == 'table' then return err end
  return links.failure(child)
end

--- The process of a worker is gone. why(fields) makes the error of its running task when it is known better.
function scheduler:ended(worker)
  local child = worker.child
  if worker.settled then return end
  worker.settled = true
  for _, chunk in ipairs(worker.chunks) do chunk.claimed = (links.claimed(child, chunk.slot)) end
  local failure = how_it_ended(child)
  forget_worker(self, worker)
  if self.leaving[worker] or self.workers[worker.place] ~= worker then return end
  self.workers[worker.place] = nil
  local chunks = worker.chunks
  worker.first_chunk, worker.chunks = chunks[1], {}
  if not worker.ready and not worker.why then
    self.bad_starts = self.bad_starts + 1
    if worker.slow then
      self:breakdown(pool_errors.slow_init(self.name, worker.place, self.init_timeout))
    elseif failure and failure.code == 'failed' or self.bad_starts >= BAD_STARTS then
      self:breakdown(pool_errors.bad_start(self.name, worker.place, failure))
    end
  end
  for _, chunk in ipairs(chunks) do settle(worker, chunk, worker.why, failure) end
  if self.closing or self.broken then return end
  self.counts.replaced = self.counts.replaced + 1
  start_worker(self, worker.place)
end

--- Stops the task that a worker runs now by ending the worker. Nothing happens when it has just gone on to the next one.
-- why(fields) makes the error. Returns whether it was stopped.
function scheduler:stop_task(worker, chunk, claimed, why)
  links.kill_now(worker.child, SIGSTOP)
  core.sleep(STOP_SECONDS)
  self:handle(worker)
  if worker.gone then return false end
  local now = worker.chunks[1] == chunk and (links.claimed(worker.child, chunk.slot))
  if now ~= claimed or chunk.got >= claimed then
    links.kill_now(worker.child, SIGCONT)
    return false
  end
  worker.why = why
  links.kill_now(worker.child, SIGKILL)
  pcall(links.wait, worker.child)
  self:handle(worker)
  if not worker.settled then self:ended(worker) end
  return true
end

-- Ends the worker, whatever it does.
local function end_worker(self, worker)
  links.kill_now(worker.child, SIGKILL)
  pcall(links.wait, worker.child)
  pcall(self.handle, self, worker)
  if not worker.settled then self:ended(worker) end
end

-- Seconds until the task that the worker runs is stopped; 0: it was. nil: it has no limit.
local function check_task(self, worker)
  local chunk = worker.chunks[1]
  local limit = chunk and chunk.job.timeout
  if not limit then return nil end
  local claimed, _, age = links.claimed(worker.child, chunk.slot)
  if claimed <= chunk.got then return limit end
  if age < limit then return limit - age end
  self:stop_task(worker, chunk, claimed, function(fields) return pool_errors.late(fields, limit) end)
  return 0
end

-- The same for a worker that is not ready yet.
local function check_start(self, worker)
  local limit = self.init_timeout
  if not limit or worker.ready then return nil end
  local left = worker.began + limit - clock()
  if left > 0 then return left end
  worker.slow = true
  end_worker(self, worker)
  return 0
end

-- Ends tasks that take too long. Returns after how many seconds the next one may be due.
local function check_timeouts(self)
  local nearest
  for place = 1, self.size do
    local worker = self.workers[place]
    if worker then nearest = sooner(nearest, sooner(check_start(self, worker), check_task(self, worker))) end
  end
  return nearest
end

--- Ends the tasks of a job that run now; used when it is given up in a hurry.
function scheduler:stop_job(job)
  for place = 1, self.size do
    local worker = self.workers[place]
    local chunk = worker and worker.chunks[1]
    if chunk and chunk.job == job then
      worker.why = function(fields) return pool_errors.cancelled(fields) end
      end_worker(self, worker)
    end
  end
end

--- Nothing more of this job is begun.
function scheduler:drop_job(job, err)
  for i, other in ipairs(self.jobs) do
    if other == job then table.remove(self.jobs, i) end
  end
  job:abort(err)
  for place = 1, self.size do
    local worker = self.workers[place]
    for _, chunk in ipairs(worker and worker.chunks or {}) do
      if chunk.job == job and not links.retired(worker.child) then take_back(worker, chunk, 0) end
    end
  end
end

--- Is a chunk of this job still with a worker?
function scheduler:works_on(job)
  for _, worker in pairs(self.workers) do
    for _, chunk in ipairs(worker.chunks) do
      if chunk.job == job then return true end
    end
  end
  return false
end

function scheduler:add_job(job)
  if self.broken then core.raise(self.broken) end
  self.jobs[#self.jobs + 1] = job
  if job.timeout then self.timeouts = true end
end

function scheduler:remove_job(job)
  for i, other in ipairs(self.jobs) do
    if other == job then table.remove(self.jobs, i) end
  end
  if job.id and job.forget_function then
    for _, worker in pairs(self.workers) do worker.forget[job.id] = true end
  end
end

--- A function that is not used any more.
function scheduler:forget_function(id)
  for _, worker in pairs(self.workers) do worker.forget[id] = true end
end

-- --- waiting ---

-- Gives out work in all pools. Returns when at the latest to look again, in seconds.
local function prepare()
  local nearest
  for at = 1, last_pool do
    local pool = pools[at]
    if pool then
      local idle = pool:assign()
      if idle and pool:share() then nearest = sooner(nearest, LOOK_SECONDS) end
      if pool.timeouts then nearest = sooner(nearest, check_timeouts(pool)) end
    end
  end
  return nearest
end

-- Handles what is there, waiting at most `seconds` for the first of it. Returns whether there was something.
local function wait_and_handle(seconds)
  local worker = workers[selector:wait(seconds)]
  if not worker then return false end
  worker.scheduler:handle(worker)
  return true
end

--- Runs all pools until finished(context) or until the deadline. Returns what finished says.
function scheduler.drive(finished, deadline, tick, context)
  while not finished(context) do
    local seconds = prepare()
    if finished(context) then return true end
    if deadline then
      local left = deadline - clock()
      if left <= 0 then
        while wait_and_handle(0) do end
        return finished(context)
      end
      seconds = sooner(seconds, left)
    end
    if tick then seconds = sooner(seconds, tick()) end
    wait_and_handle(seconds)
  end
  return true
end

--- Takes in what has come and gives out work; never waits.
function scheduler.poll()
  if not selector or not next(workers) then return end
  prepare()
  while wait_and_handle(0) do end
  prepare()
end

--- Ends all workers: after their running chunks, or at once.
function scheduler:stop(at_once)
  if self.stopped then return end
  self.stopped, self.closing = true, true
  remove_pool(self)
  local all = {}
  for _, worker in pairs(self.workers) do all[#all + 1] = worker end
  for worker in pairs(self.leaving) do all[#all + 1] = worker end
  for _, worker in ipairs(all) do
    if at_once then links.kill_now(worker.child, SIGKILL) else pcall(links.post, worker.child, protocol.QUIT) end
  end
  for _, worker in ipairs(all) do
    if not at_once then pcall(links.wait, worker.child, 5) end
    forget_worker(self, worker)
  end
  self.workers = {}
end

return scheduler
