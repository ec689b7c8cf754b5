--- parallel.pool{workers=, ...}: long-lived workers, and the ways to use them: map, imap, submit, everywhere.
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local future = require 'parallel.future'
local inline = require 'parallel.pool_inline'
local new_job = require 'parallel.pool_job'.new
local pool_errors = require 'parallel.pool_errors'
local pool_function = require 'parallel.pool_function'
local protocol = require 'parallel.pool_protocol'
local scheduler = require 'parallel.pool_scheduler'
local misuse = pool_errors.misuse

local pool = {}
local methods = {}
local metatable = {__index = methods, __name = 'parallel.pool'}
local SUBMITS_PER_LOOK = 16 -- submit looks for results now and then, so that workers do not run dry
local INIT_SECONDS = 60 -- at least, for a worker to get ready, when tasks have a time limit
local IN_FLIGHT = 64 -- tasks per worker that imap reads ahead

-- --- options ---

local function number_option(options, name, least, whole)
  local value = options[name]
  if value == nil then return end
  if type(value) ~= 'number' or not (value >= least) or (whole and value ~= math.floor(value)) then
    misuse(("pool: option '%s' must be %s from %g on, got %s"):format(name, whole and 'a whole number' or 'a number', least,
      tostring(value)))
  end
end

local task_options = {chunk = true, timeout = true, retries = true, seed = true, on_error = true, progress = true}
local stream_options = {ordered = true, in_flight = true, chunk = true, timeout = true, retries = true, seed = true,
  on_error = true, progress = true}
local pool_options = {workers = true, init = true, init_timeout = true, name = true, lua = true, env = true, cwd = true, memory_limit = true,
  nice = true, max_tasks = true, max_memory = true}
for name in pairs(task_options) do pool_options[name] = true end
pool.options = pool_options

local function names(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return table.concat(list, ', ')
end

local function check_known(options, known, what)
  if options == nil then return {} end
  if type(options) ~= 'table' then misuse(('%s: options in a table expected, got %s'):format(what, type(options))) end
  for name in pairs(options) do
    if not known[name] then
      misuse(("%s: there is no option '%s' (%s)"):format(what, tostring(name), names(known)))
    end
  end
  return options
end

local function check_values(options)
  number_option(options, 'workers', 0, true)
  number_option(options, 'chunk', 1, true)
  number_option(options, 'timeout', 0)
  number_option(options, 'init_timeout', 0)
  number_option(options, 'retries', 0, true)
  number_option(options, 'seed', -math.huge)
  number_option(options, 'max_tasks', 1, true)
  number_option(options, 'max_memory', 1)
  number_option(options, 'in_flight', 1, true)
  local handler = options.on_error
  if handler ~= nil and handler ~= 'raise' and handler ~= 'skip' and type(handler) ~= 'function' then
    misuse("pool: option 'on_error' must be 'raise', 'skip' or a function, got " .. tostring(handler))
  end
  if options.init ~= nil and type(options.init) ~= 'function' then
    misuse("pool: option 'init' must be a function, got " .. type(options.init))
  end
end
pool.check_options = function(options, what)
  options = check_known(options, pool_options, what)
  check_values(options)
  return options
end

-- Options of a call, with those of the pool behind them.
local function call_options(self, options, known, what)
  options = check_known(options, known, what)
  check_values(options)
  local merged = {}
  for name in pairs(known) do
    merged[name] = options[name]
    if merged[name] == nil then merged[name] = self.defaults[name] end
  end
  return merged
end

local function check_function(f, what)
  local meta = type(f) ~= 'function' and getmetatable(f)
  if type(f) == 'function' or (type(meta) == 'table' and meta.__call) then return end
  misuse(('%s: a function expected, got %s'):format(what, type(f)))
end

-- A list made by table.pack knows its own length; in others `n` may be anything.
local function length_of(list)
  local n = list.n
  return type(n) == 'number' and n >= 0 and n == math.floor(n) and n or #list
end

local function check_open(self, what)
  if getmetatable(self) ~= metatable then
    misuse(('%s: a pool expected, got %s (call it as pool:%s(), with a colon)'):format(what, type(self), what))
  end
  if self.closed then misuse(('%s: the pool was closed'):format(what)) end
end

-- --- opening ---

function pool.default_workers()
  return core.pool_share or core.cores()
end

local open_pools = setmetatable({}, {__mode = 'k'})

require 'parallel.relatives'.close_pools = function()
  for self in pairs(open_pools) do self:close{now = true} end
end

-- How long a worker may take until it is ready. Whoever limits his tasks does not want to wait for ever for init either; yet
-- preparing may take longer than a task.
local function init_seconds(options)
  return options.init_timeout or options.timeout and math.max(options.timeout, INIT_SECONDS)
end

local function init_here(options, name)
  local ok, failure, late = inline.call(options.init, init_seconds(options))
  if ok then return end
  local err = late and pool_errors.slow_init(name, 0, late) or pool_errors.bad_start(name, 0, failure)
  core.raise(err)
end

--- parallel.pool{workers=, init=, ...} -> pool
function pool.open(options)
  if type(options) == 'number' then options = {workers = options} end
  options = pool.check_options(options, 'parallel.pool')
  local size = options.workers or pool.default_workers()
  local self = setmetatable({size = size, defaults = options, name = options.name or 'pool'}, metatable)
  if size > 0 then
    self.scheduler = scheduler.new(size, self.name, options, init_seconds(options))
    open_pools[self] = true
    local forget = self.scheduler
    self.functions = pool_function.new(function(id) forget:forget_function(id) end)
  elseif options.init then
    init_here(options, self.name)
  end
  return self
end

-- Runs pools, or the job in this process, until finished().
local function drive(self, job, finished, deadline, tick)
  if self.scheduler then return scheduler.drive(finished, deadline, tick) end
  return inline.drive(job, finished, tick)
end

function methods._drive(self, finished, deadline, context)
  if self.scheduler then return scheduler.drive(finished, deadline, nil, context) end
  return finished(context)
end

-- --- jobs ---

local function begin(self, job, f)
  job.f = f
  if self.scheduler then
    job.id, job.forget_function = self.functions:id_of(f, true)
    self.scheduler:add_job(job)
  end
end

-- The job is over, in peace or not.
local function finish(self, job)
  if not self.scheduler then return end
  -- A traced worker writes out its events before it says that a chunk is done.
  local sched = self.scheduler
  if core.trace_on() and not job.aborted then scheduler.drive(function() return not sched:works_on(job) end) end
  sched:remove_job(job)
end

local function give_up(self, job, err)
  if not self.scheduler then return end
  -- Not an error of a task: Ctrl-C or the like. What runs is stopped as well.
  local hurry = not (type(err) == 'table' and err.task)
  self.scheduler:drop_job(job, err)
  if hurry then self.scheduler:stop_job(job) end
end

-- What to do with the final error of a task. Returns true, replacement | false
local function handle_error(job, err)
  local handler = job.handler
  if handler == nil or handler == 'raise' then
    job.failure = job.failure or err
    return false
  end
  job.errors = job.errors or {}
  job.errors[err.task] = err
  if handler == 'skip' then return true, nil end
  local ok, value = pcall(handler, err)
  if ok then return true, value end
  job.failure = job.failure or value
  return false
end

local function progress_of(options, total)
  if not options.progress then return nil end
  return require 'parallel.progress'.new(options.progress, total)
end

-- --- map ---

--- pool:map(f, list [, {chunk=, timeout=, retries=, on_error=, seed=, progress=}]) -> results in order [, errors by task]
function methods.map(self, f, list, options)
  check_open(self, 'map')
  check_function(f, 'map')
  if type(list) ~= 'table' then misuse('map: a list expected, got ' .. type(list)) end
  options = call_options(self, options, task_options, 'map')
  local total = length_of(list)
  local results = {}
  local job = new_job{
    kind = 'list', mode = protocol.ONE, items = list, last = total, results = results, chunk = options.chunk,
    timeout = options.timeout, retries = options.retries, seed = options.seed, handler = options.on_error,
    on_value = function(_, number, value) results[number] = value end,
    on_error = function(job, _, err)
      local ok, value = handle_error(job, err)
      if ok then results[err.task] = value end
    end,
  }
  begin(self, job, f)
  local progress = progress_of(options, total)
  local tick = progress and function() return progress:show(job.ended) end
  local function finished() return job.ended >= total or job.failure ~= nil or job.aborted end
  local ok, problem = pcall(drive, self, job, finished, nil, tick)
  local err = not ok and problem or job.failure or job.aborted or nil
  if err then pcall(give_up, self, job, err) end
  finish(self, job)
  if progress then progress:finish(job.ended, err) end
  if err then core.raise(err) end
  return results, job.errors
end

-- --- imap ---

-- Any iterator: a list, or a function that gives the next values until nil.
local function source_of(items)
  if type(items) == 'table' and not (getmetatable(items) or {}).__call then
    local i, n = 0, length_of(items)
    return function()
      i = i + 1
      if i <= n then return true, compat.pack(items[i]) end
      return true, nil
    end
  end
  check_function(items, 'imap: the iterator')
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
  end
end

local function stream_job(self, options, source)
  return new_job{
    kind = 'stream', mode = protocol.SPREAD, items = {}, last = 0, delivered = 0, source = source, pull = pull,
    in_flight = options.in_flight or IN_FLIGHT * math.max(1, self.size), chunk = options.chunk, timeout = options.timeout,
    retries = options.retries, seed = options.seed, handler = options.on_error, ready = {}, order = {},
    waiting = function(job) return job.in_flight - (job.last - job.delivered) + job:fresh() + #job.ranges end,
    on_value = function(job, number, value)
      job.ready[number] = {value = value}
      job.order[#job.order + 1] = number
      job.items[number] = nil
    end,
    on_error = function(job, number, err)
      local ok, value = handle_error(job, err)
      job.ready[number] = ok and {value = value} or {error = job.failure}
      job.order[#job.order + 1] = number
      job.items[number] = nil
    end,
  }
end

-- The number of the task to be handed out next, when it is there.
local function next_ready(job, ordered)
  if ordered then
    local number = job.delivered + 1
    return job.ready[number] and number
  end
  return job.order[job.delivered + 1]
end

local function end_stream(self, job, err)
  if job.over then return end
  job.over = true
  if err then pcall(give_up, self, job, err) end
  finish(self, job)
  if job.progress then job.progress:finish(job.ended, err) end
end

local function next_result(self, job, ordered)
  if job.over then return nil end
  local function finished()
    return next_ready(job, ordered) or job.aborted or (job.dry and job.out == 0 and job:idle())
  end
  local tick = job.progress and function() return job.progress:show(job.ended) end
  local ok, problem = pcall(drive, self, job, finished, nil, tick)
  local number = ok and next_ready(job, ordered)
  local entry = number and job.ready[number]
  local err = not ok and problem or (entry and entry.error) or (not number and (job.aborted or job.source_error)) or nil
  if err or not number then end_stream(self, job, err) end
  if err then core.raise(err) end
  if not number then return nil end
  job.ready[number] = nil
  job.order[job.delivered + 1] = false
  job.delivered = job.delivered + 1
  return number, entry.value
end

--- for i, result in pool:imap(f, iterator [, {ordered=true, in_flight=, ...}]) do: i is the number of the task
function methods.imap(self, f, items, options)
  check_open(self, 'imap')
  check_function(f, 'imap')
  options = call_options(self, options, stream_options, 'imap')
  local ordered = options.ordered ~= false
  local job = stream_job(self, options, source_of(items))
  job.progress = progress_of(options)
  begin(self, job, f)
  return function() return next_result(self, job, ordered) end
end
-- --- submit ---

-- The part of a range of calls that was not cancelled: from the first live one up to the next cancelled one.
local function live(job, from, to)
  while from <= to and not job.futures[from] do from = from + 1 end
  if from > to then return false end
  local last = from
  while last < to and job.futures[last + 1] do last = last + 1 end
  if last < to then job:put_back(last + 1, to) end
  return from, last
end

local function forget_call(job, number)
  local fut = job.futures[number]
  job.futures[number], job.items[number], job.bodies[number] = nil, nil, nil
  return fut
end

local function calls_job(options)
  return new_job{
    kind = 'calls', mode = protocol.CALLS, items = {}, futures = {}, bodies = {}, last = 0, live = live,
    timeout = options.timeout, retries = options.retries, seed = options.seed, chunk = options.chunk,
    function_of = function(job, number) return job.bodies[number] end,
    on_value = function(job, number, ...)
      local fut = forget_call(job, number)
      if fut then future.fulfil(fut, ...) end
    end,
    on_error = function(job, number, err)
      local fut = forget_call(job, number)
      if fut then future.reject(fut, err) end
    end,
    on_abort = function(job, err)
      for number in pairs(job.futures) do
        local fut = forget_call(job, number)
        if fut then future.reject(fut, err) end
      end
    end,
  }
end

-- The job that all submitted calls of a pool belong to.
local function calls_of(self)
  local job = calls_job(self.defaults)
  self.calls = job
  if self.scheduler then self.scheduler:add_job(job) end
  return job
end

--- pool:submit(f, ...) -> future
function methods.submit(self, f, ...)
  check_open(self, 'submit')
  check_function(f, 'submit')
  local sched = self.scheduler
  if sched and sched.broken then core.raise(sched.broken) end
  local job = self.calls or calls_of(self)
  local number = job.last + 1
  local fut = future.new(self, number)
  job.items[number] = {n = select('#', ...) + 1, sched and self.functions:id_of(f) or 0, ...}
  job.bodies[number], job.futures[number], job.last = f, fut, number
  if not sched then
    inline.drive(job, function() return fut.state ~= 'pending' end)
    return fut
  end
  local waiting = job:fresh()
  if waiting <= 2 * self.size then sched:assign() end
  if number % SUBMITS_PER_LOOK == 0 and waiting > 1 then scheduler.poll() end
  return fut
end

-- Where a call is: the worker that has it, its chunk, its place in it.
local function find_call(self, number)
  for _, worker in pairs(self.scheduler.workers) do
    for _, chunk in ipairs(worker.chunks) do
      if chunk.job == self.calls and number >= chunk.first and number < chunk.first + chunk.n then
        return worker, chunk, number - chunk.first + 1
      end
    end
  end
end

function methods._cancel(self, fut)
  local job, sched = self.calls, self.scheduler
  if not sched then return false end
  sched.poll()
  if fut.state ~= 'pending' then return fut.state == 'cancelled' end
  local fields = job:describe(fut.task, nil)
  local err = pool_errors.cancelled(fields)
  local worker, chunk, place = find_call(self, fut.task)
  if worker then
    sched:withdraw(worker, chunk, place - 1)
    worker, chunk, place = find_call(self, fut.task)
  end
  if worker then
    -- It has begun.
    local stopped = sched:stop_task(worker, chunk, place, function() return err end)
    if not stopped and fut.state == 'done' then return false end
  end
  forget_call(job, fut.task)
  if fut.state == 'pending' then future.reject(fut, err) end
  sched:assign()
  return fut.state == 'cancelled'
end

-- --- everywhere ---

local function everywhere_job(self, spec, place)
  local job = new_job{
    kind = 'own', own = true, mode = protocol.SPREAD, items = {spec.args}, last = 1, f = spec.f, id = spec.id,
    on_value = function(_, _, value) spec.done(place, value) end,
    on_error = function(_, _, err) spec.done(place, nil, err) end,
  }
  return job
end

--- pool:everywhere(f, ...) -> results by worker: runs f(...) once in each worker, and in those that replace one later
function methods.everywhere(self, f, ...)
  check_open(self, 'everywhere')
  check_function(f, 'everywhere')
  if not self.scheduler then return {f(...)} end
  local sched = self.scheduler
  if sched.broken then core.raise(sched.broken) end
  local results, failure, left = {}, nil, self.size
  local seen = {}
  local spec = {f = f, id = self.functions:new_id(), args = compat.pack(...)}
  function spec.done(place, value, err)
    if seen[place] then return end
    seen[place] = true
    left = left - 1
    results[place] = value
    failure = failure or err
  end
  spec.job_for = function(place) return everywhere_job(self, spec, place) end
  sched.everywhere[#sched.everywhere + 1] = spec
  for place, worker in pairs(sched.workers) do worker.own[#worker.own + 1] = spec.job_for(place) end
  scheduler.drive(function() return left == 0 or sched.broken end)
  if sched.broken then failure = failure or sched.broken end
  if failure then
    for i, other in ipairs(sched.everywhere) do
      if other == spec then table.remove(sched.everywhere, i) end
    end
    core.raise(failure)
  end
  return results
end

-- --- the rest ---

--- What the pool has done so far.
function methods.stats(self)
  if not self.scheduler then
    local job = self.calls
    return {workers = 0, submitted = job and job.last or 0, running = 0, queued = 0}
  end
  local sched, result = self.scheduler, {}
  for name, value in pairs(sched.counts) do result[name] = value end
  result.workers, result.seconds = self.size, core.clock() - sched.began
  result.running, result.queued, result.ready, result.pids = 0, 0, 0, {}
  for place, worker in pairs(sched.workers) do
    if worker.ready then result.ready = result.ready + 1 end
    if #worker.chunks > 0 then result.running = result.running + 1 end
    result.pids[place] = worker.child.unixid
  end
  for _, job in ipairs(sched.jobs) do result.queued = result.queued + (job.ranges and job:waiting() or 0) end
  result.utilisation = result.seconds > 0 and result.busy / (result.seconds * self.size) or 0
  return result
end
--- Takes in results and gives out work without waiting: for event loops.
function methods.poll(self)
  if self.scheduler then scheduler.poll() end
end

--- A descriptor that is readable when poll has something to do.
function methods.fd(self)
  if not self.scheduler then error('fd: a pool without workers (workers=0) has no descriptor', 2) end
  return scheduler.fd()
end

--- pool:close([{now=true}]): waits for what was submitted, then ends the workers; now: ends them at once. Idempotent.
function methods.close(self, options)
  if self.closed then return end
  self.closed = true
  open_pools[self] = nil
  local sched, job = self.scheduler, self.calls
  if not sched then return end
  local now = type(options) == 'table' and options.now or false
  local ok, problem = true, nil
  if not now and job then
    ok, problem = pcall(scheduler.drive, function() return job.aborted or sched.broken or job:idle() end)
  end
  sched:stop(now or not ok)
  sched:breakdown(pool_errors.plain('closed', 'the pool was closed'))
  if not ok then core.raise(problem) end
end

function metatable.__close(self, err) self:close{now = err ~= nil} end

function metatable.__tostring(self)
  return ('parallel.pool (%d workers%s)'):format(self.size, self.closed and ', closed' or '')
end

return pool
