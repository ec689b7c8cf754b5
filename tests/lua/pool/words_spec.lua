-- The words by which a pool gives tasks, takes them back, and a worker claims them: bounds, and who wins.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local tasks = require 'parallel.core'.tasks

local CHUNK = 12 -- kind of message: see lua/parallel/pool/protocol.lua
local error_of = support.error_of

-- A child that claims `n` tasks of a chunk that it is given in slot 0, says so, and waits.
local function child_that_claims(n)
  local child = parallel.run(function()
    local claimed = require 'parallel.core'.tasks
    local parent = parallel.parent
    local count = parent:receive()
    claimed.take(parent)
    for _ = 1, count do claimed.claim(parent, 0) end
    parent:send(claimed.claim(parent, 1) == nil) -- nothing was given there
    parent:receive()
  end)
  child:send(n)
  tasks.give(child, 10, 0, 1, 0, {}, 1)
  assert.is_true(child:receive())
  return child
end

local function limits(f, ...)
  local claimed, limit = f(...)
  return {claimed, limit}
end

describe('tasks in the slot of a worker', function()
  local child
  after_each(function() child:close() end)

  it('are taken back down to what is kept, and never given again so', function()
    child = child_that_claims(0)
    assert.same({0, 10}, limits(tasks.claimed, child, 0))
    assert.same({0, 4}, limits(tasks.retract, child, 0, 4))
    assert.same({0, 4}, limits(tasks.retract, child, 0, 100))
    assert.same({0, 4}, limits(tasks.claimed, child, 0))
    assert.same({0, 0}, limits(tasks.retract, child, 0, -5))
  end)

  it('stay with the worker once they are claimed', function()
    child = child_that_claims(3)
    assert.same({3, 10}, limits(tasks.claimed, child, 0))
    assert.same({3, 3}, limits(tasks.retract, child, 0, 1))
    assert.same({3, 3}, limits(tasks.retract, child, 0, 0))
  end)

  it('are no more than there are, however often one is claimed', function()
    child = child_that_claims(15)
    assert.same({10, 10}, limits(tasks.claimed, child, 0))
  end)

  it('lie in two slots, and nothing else is reached through them', function()
    child = child_that_claims(0)
    for _, slot in ipairs{-1, 2, 7, 8, 1000000} do
      assert.matches('slot 0 or 1 expected', tostring(error_of(tasks.claimed, child, slot)))
      assert.matches('slot 0 or 1 expected', tostring(error_of(tasks.retract, child, slot, 0)))
      assert.matches('slot 0 or 1 expected', tostring(error_of(tasks.give, child, 1, slot, 1, 0, {}, 1)))
    end
    assert.matches('number of tasks', tostring(error_of(tasks.give, child, -1, 0, 1, 0, {}, 1)))
    for _, kind in ipairs{-1, 0, 1, 128, 255, 256} do
      assert.matches('kind of message', tostring(error_of(tasks.post, child, kind)))
    end
    tasks.post(child, CHUNK)
  end)
end)

-- A worker that runs one chunk of f over the arguments, and goes on after errors.
local function worker_of(f)
  return parallel.run(function(task)
    local parent, its = parallel.parent, require 'parallel.core'.tasks
    local _, slot, _, _, args = its.take(parent)
    while true do
      local ok, err = pcall(its.run, parent, slot, nil, task, args)
      if ok then break end
      its.post(parent, 3, tostring(err):match('task %d') or err, '') -- FAILED
    end
    its.finish(parent, slot)
    parent:receive()
  end, f)
end

-- Gives it a chunk and collects until there were n results or other messages; a list of {kind, first value}, results as the kind 'into'.
local function collected(child, args, none)
  local said, results, n = {}, {}, 0
  tasks.give(child, #args, 0, 1, 0, args, 1)
  repeat
    local taken, kind, first, second = tasks.collect(child, results, n + 1, #args - n, none)
    n = n + taken
    if kind then said[#said + 1] = {kind, first, second} end
    if taken == 0 and not kind then require 'parallel.core'.sleep(0.001) end
  until kind == 4 or kind == 6 -- CHUNK_DONE, LAST
  return results, said, n
end

describe('a chunk that is run', function()
  local child
  after_each(function() child:close() end)

  it('gives the values in order, and the last one with how long it took', function()
    child = worker_of(function(x) return x % 2 == 0 and x * x or ('odd'):rep(x) end)
    local results, said, n = collected(child, {1, 2, 3, 4, 5})
    assert.same({'odd', 4, 'oddoddodd', 16}, results)
    assert.equal(4, n)
    assert.equal(6, said[1][1])
    assert.equal('number', type(said[1][2]))
    assert.equal(('odd'):rep(5), said[1][3])
  end)

  it('goes on behind a task that fails', function()
    child = worker_of(function(x) return x == 2 and error('task 2') or x end)
    local results, said, n = collected(child, {1, 2, 3, 4})
    assert.same({1, 3}, results)
    assert.equal(2, n)
    assert.same({3, 'task 2'}, {said[1][1], said[1][2]})
    assert.same({6, 4}, {said[2][1], said[2][3]})
  end)

  it('has something else in the place of nil, when that is wanted', function()
    child = worker_of(function(x) return x ~= 2 and x ~= 3 and x or nil end)
    local none = {}
    local results, _, n = collected(child, {1, 2, 3, 4, 5}, none)
    assert.equal(4, n)
    assert.same({1, 4}, {results[1], results[4]})
    assert.is_true(results[2] == none and results[3] == none)
  end)
end)

describe('the arguments of a chunk', function()
  it('are a part of the list, holes and all', function()
    assert.same({3, 4}, tasks.slice({1, 2, 3, 4, 5}, 3, 4))
    assert.same({'b'}, tasks.slice({'a', 'b'}, 2, 2))
    local part = tasks.slice({1, nil, 3, n = 3}, 1, 3)
    assert.same({1, 3}, {part[1], part[3]})
    assert.is_nil(part[2])
  end)

  it('are what the list says they are', function()
    local list = setmetatable({}, {__index = function(_, i) return i * 10 end})
    assert.same({20, 30}, tasks.slice(list, 2, 3))
    list[2] = 'own'
    assert.same({'own', 30}, tasks.slice(list, 2, 3))
    assert.matches('table expected', tostring(error_of(tasks.slice, 'list', 1, 2)))
  end)
end)
