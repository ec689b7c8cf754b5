--- pool:group: f(group, ...) once in each worker, with all of them as a group.
local compat = require 'parallel.compat'
local core = require 'parallel.core'
local new_job = require 'parallel.pool.job'.new
local pool_errors = require 'parallel.pool.errors'
local protocol = require 'parallel.pool.protocol'
local state = require 'parallel.state'
local summary = require 'parallel.summary'

local TRIES = 3 -- groups of which a member ended before it was told

-- In a worker: takes the group, and leaves it whatever happens, so that nobody waits for this one.
local function in_worker(name, f, ...)
  local worker = require 'parallel.child.worker'
  local ok, result = require 'parallel.siblings.member'.within(name, worker.call, f, ...)
  if not ok then worker.raise_again(result) end
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

return function(pool, f, ...)
  if not pool.scheduler then return alone(f, ...) end
  local scheduler = pool.scheduler
  scheduler:check_broken()
  local members, name = make_group(pool)
  local id, args = pool.functions:new_id(), compat.pack(name, f, ...)
  local timeout = pool.defaults.timeout
  if timeout then scheduler.timeouts = true end
  local argument = summary(select('#', ...), ...)
  local function describe(_, number, place) return {task = number, worker = place, argument = argument} end
  local results, seen, left, failure = {}, {}, pool.size, nil
  local function done(place, value, err)
    if seen[place] then return end
    seen[place] = true
    left = left - 1
    results[place] = value
    if err and (not failure or is_echo(failure) and not is_echo(err)) then failure = err end
  end
  for place, worker in ipairs(members) do
    worker.own[#worker.own + 1] = new_job{
      own = true, mode = protocol.SPREAD, items = {args}, last = 1, f = in_worker, id = id, timeout = timeout, describe = describe,
      on_value = function(_, _, value) done(place, value) end,
      on_error = function(_, _, err) done(place, nil, err) end,
    }
  end
  scheduler.loop:drive(function()
    for place, worker in ipairs(members) do -- who ends before it has begun is not replaced here
      if worker.settled then done(place, nil, pool_errors.died(describe(nil, 1, place), worker.failure)) end
    end
    return left == 0 or scheduler.queue.broken
  end)
  scheduler.crew:forget_function(id)
  failure = failure or scheduler.queue.broken
  if failure then core.raise(failure) end
  return results
end
