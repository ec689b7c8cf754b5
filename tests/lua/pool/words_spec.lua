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
