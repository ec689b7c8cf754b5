-- Random schedules of a pool in a world of its own (world.lua): each seed is a workload, with crashes, errors, time limits, steals,
-- cancellations and closings at moments that nobody chose. What has to hold whatever happens is checked; a failure names its seed.
--
--   tests/run-script.sh jit tests/lua/pool/simulation.lua [schedules [first seed]]
local new_world = require 'pool.world'.new
local new_loop = require 'parallel.pool.loop'.new
local new_pool = require 'parallel.pool'.new
local state = require 'parallel.state'

local simulation = {}

-- --- what a schedule is ---

-- What becomes of each task, as often as it is tried: mostly a value; some fail, some end their worker, some take for ever. `sure`: they
-- come to an end by themselves.
local function fates_of(random, n, options)
  local fates = {}
  for task = 1, n do
    local luck = random(100)
    local kind = luck <= 80 and 'value' or luck <= 88 and 'error' or luck <= 92 and 'die' or luck <= 94 and 'exit' or
      luck <= 96 and options.timeout and 'hang' or luck <= 98 and 'refused' or 'value'
    fates[task] = {kind = kind, from = random(2), seconds = random() ^ 4 * 0.02} -- `from` the second try on it may be a value
  end
  return fates
end

local function new_plan(seed, random)
  local options = {workers = random(4), retries = random(3) - 1}
  if random(3) == 1 then options.chunk = random(7) end
  if random(3) == 1 then options.max_tasks = random(10) end
  if random(3) == 1 then options.timeout = 0.005 + random() * 0.02 end
  return {seed = seed, options = options, kill_rate = random(2) == 1 and 0 or random() * 0.5, bad_start = random(8) == 1}
end

-- --- what is noted of each task, and has to hold ---

local check = {}
check.__index = check

local function new_check(fates, options)
  return setmetatable({fates = fates, options = options, begun = {}, running = {}, values = {}, lost = {}, failed = {}}, check)
end

local function count(list, task) list[task] = (list[task] or 0) + 1 end

function check:begin(task)
  if self.running[task] then error(('task %d is run by two workers at once'):format(task), 0) end
  if self.values[task] then error(('task %d is run again although it had its value'):format(task), 0) end
  count(self.begun, task)
  self.running[task] = true
  local fate = self.fates[task]
  if fate.kind == 'refused' then return 'value', fate.seconds end
  if fate.kind == 'value' or (fate.from == 2 and self.begun[task] > 1) then return 'value', fate.seconds end
  return fate.kind, fate.seconds
end

function check:over(task, outcome)
  self.running[task] = nil
  if outcome == 'value' then count(self.values, task) else count(self.failed, task) end
end

function check:gone(task)
  self.running[task] = nil
  count(self.lost, task)
end

-- A task is tried again only after it failed, and as often as wanted.
function check:tries(task)
  local begun = self.begun[task] or 0
  local ends = (self.values[task] or 0) + (self.lost[task] or 0) + (self.failed[task] or 0) + (self.running[task] and 1 or 0)
  if begun ~= ends then error(('task %d began %d times and ended %d times'):format(task, begun, ends), 0) end
  if begun > 1 + self.options.retries then
    error(('task %d began %d times with %d retries'):format(task, begun, self.options.retries), 0)
  end
end

-- What the user was told has to be what happened.
function check:told(task, value, err)
  self:tries(task)
  local fate = self.fates[task]
  if value ~= nil then
    if value ~= task * 10 then error(('task %d has the value %s'):format(task, tostring(value)), 0) end
    if not self.values[task] then error(('task %d has a value and never came to its end'):format(task), 0) end
    return
  end
  local code = type(err) == 'table' and err.code
  local allowed = {failed = self.failed[task], died = self.lost[task], timeout = self.lost[task] and self.options.timeout,
    cancelled = true, unsupported = fate.kind == 'refused', closed = true}
  -- A worker that ends again and again before it begins its first task: that one is to blame at last.
  if code == 'died' and not self.lost[task] then allowed.died = self.killing end
  if not allowed[code] then error(('task %d ended with %s'):format(task, tostring(code or err)), 0) end
end

-- --- what a user does ---

local acts = {}

-- The next n tasks of the schedule, as a list.
local function next_tasks(run, n)
  local list = {}
  for i = 1, math.min(n, run.n - run.used) do list[i] = run.used + i end
  run.used = run.used + #list
  return list
end

-- An error of the pool itself (a worker that cannot start) ends a call; anything else must be a task's.
local function pool_failed(run, err)
  if (run.plan.bad_start or run.plan.kill_rate > 0) and type(err) == 'table' and not err.task then
    run.broken = true
    return true
  end
  return false
end

function acts.map(run)
  local list = next_tasks(run, run.random(8))
  local skip = run.random(3) > 1
  local ok, results, errors = pcall(run.pool.map, run.pool, run.f, list, {on_error = skip and 'skip' or nil})
  if not ok then
    if pool_failed(run, results) then return end
    if skip then error(results, 0) end
    return run.check:told(list[results.task], nil, results)
  end
  for i, task in ipairs(list) do run.check:told(task, results[i], errors and errors[i]) end
end

function acts.imap(run)
  local list = next_tasks(run, run.random(8))
  local ordered, last, seen = run.random(2) == 1, 0, 0
  local leave = run.random(5) == 1 and run.random(5) or nil
  local ok, err = pcall(function()
    for i, value in run.pool:imap(run.f, list, {ordered = ordered, in_flight = run.random(8), on_error = 'skip'}) do
      if ordered and i ~= last + 1 then error(('result %d comes after %d'):format(i, last), 0) end
      last, seen = i, seen + 1
      if value ~= nil then run.check:told(list[i], value) end
      if seen == leave then return end
    end
    if seen ~= #list then error(('%d of %d results came'):format(seen, #list), 0) end
  end)
  if not ok and not pool_failed(run, err) then error(err, 0) end
end

function acts.submit(run)
  for _, task in ipairs(next_tasks(run, run.random(6))) do
    local ok, fut = pcall(run.pool.submit, run.pool, run.f, task)
    if not ok then
      if not pool_failed(run, fut) then error(fut, 0) end
      return
    end
    local ended = 0
    fut:on_done(function() ended = ended + 1 end)
    run.futures[#run.futures + 1] = {future = fut, task = task, ended = function() return ended end}
  end
end

local function collect(run, entry)
  local ok, value = pcall(entry.future.result, entry.future)
  if entry.ended() ~= 1 then error(('the future of task %d ended %d times'):format(entry.task, entry.ended()), 0) end
  if not ok and pool_failed(run, value) then return end
  if ok and value == nil then error(('task %d has no value'):format(entry.task), 0) end
  run.check:told(entry.task, ok and value or nil, not ok and value or nil)
end

function acts.results(run)
  for _ = 1, run.random(6) do
    local entry = #run.futures > 0 and table.remove(run.futures, run.random(#run.futures))
    if entry then collect(run, entry) end
  end
end

function acts.cancel(run)
  local entry = run.futures[#run.futures > 0 and run.random(#run.futures) or 1]
  if not entry then return end
  local before = run.check.begun[entry.task] or 0
  local cancelled = entry.future:cancel()
  if cancelled ~= (entry.future.state == 'cancelled') then error('cancel says what is not', 0) end
  if cancelled and before == 0 and (run.check.values[entry.task] or 0) > 0 then
    error(('task %d was cancelled and had its value'):format(entry.task), 0)
  end
  entry.cancelled = cancelled and (run.check.begun[entry.task] or 0)
end

function acts.poll(run) run.pool:poll() end

function acts.pause(run) run.world:run(run.random() * 0.02) end

function acts.everywhere(run)
  local task = next_tasks(run, 1)[1]
  if not task then return end
  run.check.fates[task] = {kind = 'value', from = 1, seconds = 0.0001}
  run.check.many[task] = true
  local ok, err = pcall(run.pool.everywhere, run.pool, run.f, task)
  if not ok and not pool_failed(run, err) and not (type(err) == 'table' and err.code == 'died') then error(err, 0) end
end

local names = {'map', 'map', 'imap', 'submit', 'submit', 'results', 'cancel', 'poll', 'pause', 'everywhere'}

-- --- the end of a schedule ---

local function finish(run)
  local now = run.random(3) == 1
  if not now then
    for _, entry in ipairs(run.futures) do collect(run, entry) end
    run.futures = {}
  end
  local ok, err = pcall(run.pool.close, run.pool, {now = now})
  if not ok and not pool_failed(run, err) then error(err, 0) end
  for _, entry in ipairs(run.futures) do
    if entry.future.state == 'pending' then error(('the future of task %d is pending after the end'):format(entry.task), 0) end
    if entry.cancelled and (run.check.begun[entry.task] or 0) > entry.cancelled then
      error(('task %d began after it was cancelled'):format(entry.task), 0)
    end
  end
  run.world:run(1)
  for _, child in ipairs(run.world.children) do
    if not child.forgotten then error(('worker %d was never forgotten'):format(child.id), 0) end
    if child.watched then error(('worker %d is watched still'):format(child.id), 0) end
  end
end

local function new_run(plan, world_random)
  local run = {plan = plan, random = world_random, used = 0, n = 40, futures = {}}
  run.check = new_check(fates_of(run.random, run.n, plan.options), plan.options)
  run.check.many, run.check.killing = {}, plan.kill_rate > 0 or plan.bad_start or plan.options.timeout ~= nil
  local checked = run.check
  run.world = new_world(plan.seed * 7 + 1, {
    kill_rate = plan.kill_rate,
    on_start = function() return plan.bad_start and run.random(5) == 1 and (run.random(2) == 1 and 'die' or 'fail') or nil end,
    on_begin = function(task)
      if checked.many[task] then return 'value', 0.0001 end
      return checked:begin(task)
    end,
    on_end = function(task, _, outcome) if not checked.many[task] then checked:over(task, outcome) end end,
    on_lost = function(task) if not checked.many[task] then checked:gone(task) end end,
    value_of = function(task) return task * 10 end,
    cannot_travel = function(task) return checked.fates[task] and checked.fates[task].kind == 'refused' end,
  })
  run.f = function() end
  run.pool = new_pool(plan.options, new_loop(run.world.system))
  return run
end

-- Plays the schedule of one seed. Raises what did not hold.
local function play(seed)
  local chance = new_world(seed, {}).random
  local run = new_run(new_plan(seed, chance), chance)
  for _ = 1, chance(5) do
    if run.broken then break end
    acts[names[chance(#names)]](run)
  end
  finish(run)
end

local function with_traceback(err) return debug.traceback(tostring(err), 2) end

--- Plays n schedules from seed `first` on. Returns nil, or the first seed that failed and why.
function simulation.run(n, first)
  local share = state.pool_share
  state.pool_share = 2 -- nobody has to ask the system how many cores there are
  local failed, problem
  for seed = first, first + n - 1 do
    local ok, err = xpcall(function() play(seed) end, with_traceback)
    if not ok then
      failed, problem = seed, err
      break
    end
  end
  state.pool_share = share
  return failed, problem
end

--- The same for very many of them: no two are alike, so LuaJIT's compiler would take most of the time and then drop what it made.
function simulation.run_interpreted(n, first)
  local compiles = jit and jit.status()
  if compiles then jit.off() end
  local failed, problem = simulation.run(n, first)
  if compiles then jit.on() end
  return failed, problem
end

if arg and arg[0] and arg[0]:match('pool/simulation%.lua$') then
  local n, first = tonumber(arg[1]) or 100000, tonumber(arg[2]) or 1
  local seed, problem = simulation.run_interpreted(n, first)
  if seed then
    print(('seed %d: %s'):format(seed, problem))
    os.exit(1)
  end
  print(('%d schedules, none failed'):format(n))
end

return simulation
