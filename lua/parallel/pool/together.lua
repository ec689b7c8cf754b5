--- pool:group: f(group, ...) once in each worker, with all of them as a group.
local answers = require 'parallel.pool.answers'
local compat = require 'parallel.compat'
local core = require 'parallel.core'
local pool_errors = require 'parallel.pool.errors'
local state = require 'parallel.state'
local summary = require 'parallel.summary'

local TRIES = 3 -- groups of which a member ended before it was told

-- In a worker: takes the group, and leaves it whatever happens, so that nobody waits for this one.
local function in_worker(name, f, ...)
  local failure = require 'parallel.child.failure'
  local ok, result = require 'parallel.siblings.member'.within(name, failure.call, f, ...)
  if not ok then failure.raise_again(result) end
  return result
end

-- For a pool without workers: a group of one.
local function alone(f, ...)
  local ok, result = require 'parallel.siblings.member'.within(nil, pcall, f, ...)
  if not ok then core.raise(result) end
  return {result}
end

-- Waits until all workers have begun. Returns them by place, and their children.
local function await_workers(pool)
  local scheduler = pool.scheduler
  local workers = scheduler.crew.workers
  scheduler.loop:drive(function()
    if scheduler.queue.broken then return true end
    for place = 1, pool.size do
      if not workers[place] or not workers[place].ready then return false end
    end
    return true
  end)
  scheduler:check_broken()
  local members, children = {}, {}
  for place = 1, pool.size do
    members[place], children[place] = workers[place], workers[place].child
  end
  return members, children
end

-- Takes in the ends of workers that the pool has not heard of. Returns whether there was one.
local function take_leave(crew, members)
  local gone = false
  for place, worker in ipairs(members) do
    local ended = core.child.retired(worker.child)
    if not ended then
      local _, status, signal = worker.child:status()
      ended = status ~= nil or signal ~= nil
    end
    if ended then
      gone = true
      crew:hear(worker)
      if crew.workers[place] == worker then crew:ended(worker) end
    end
  end
  return gone
end

-- Returns the workers by place and the name of the group that they are.
local function make_group(pool)
  local failure
  for _ = 1, TRIES do
    local members, children = await_workers(pool)
    state.last_group = state.last_group + 1
    local name = ('%s (%d)'):format(pool.name, state.last_group)
    local ok
    ok, failure = pcall(require 'parallel.siblings.make', children, {name = name})
    if ok then return members, name end
    if not take_leave(pool.scheduler.crew, members) then break end
  end
  core.raise(failure)
end

-- Is this what a member tells because of another one?
local function is_echo(err) return type(err.value) == 'table' and err.value.rank ~= nil end

-- Rather the error of the member that began it than what others tell because of it.
local function is_cause(err, before) return is_echo(before) and not is_echo(err) end

return function(pool, f, ...)
  if not pool.scheduler then return alone(f, ...) end
  local scheduler = pool.scheduler
  scheduler:check_broken()
  local members, name = make_group(pool)
  local id, timeout = pool.functions:new_id(), pool.defaults.timeout
  if timeout then scheduler.timeouts = true end
  local argument = summary(select('#', ...), ...)
  local function describe(_, number, place) return {task = number, worker = place, argument = argument} end
  local given = answers.new(pool.size, {f = in_worker, args = compat.pack(name, f, ...), id = id, timeout = timeout, describe = describe}, is_cause)
  for place, worker in ipairs(members) do worker.own[#worker.own + 1] = given:job(place) end
  scheduler.loop:drive(function()
    for place, worker in ipairs(members) do -- who ends before it has begun is not replaced here
      if worker.settled then given:take(place, nil, pool_errors.died(describe(nil, 1, place), worker.failure)) end
    end
    return given.left == 0 or scheduler.queue.broken
  end)
  given.failure = given.failure or scheduler.queue.broken
  return given:all()
end
