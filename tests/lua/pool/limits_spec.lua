-- Time limits: of tasks in this process (workers = 0), and of init.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local core = require 'parallel.core'

local function error_of(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe('a time limit without workers', function()
  local function count(n)
    local sum = 0
    for i = 1, n do sum = sum + i % 7 end
    return sum
  end

  -- Both tasks are `endless`: each fails, and what has no such limit runs. (What is short may be late, too, where a
  -- machine is busy with others.)
  local function check(endless)
    local results, errors = parallel.map(endless, {1, 2}, {workers = 0, timeout = 0.1, on_error = 'skip'})
    assert.same({}, results)
    for i = 1, 2 do
      assert.equal('timeout', errors[i].code)
      assert.equal(('task %d (%d): no result after 0.1 s; it was stopped'):format(i, i), tostring(errors[i]))
    end
    assert.is_nil(debug.gethook())
    assert.same({1, 2}, parallel.map(function(x) return x end, {1, 2}, {workers = 0, timeout = support.patience}))
    assert.is_nil(debug.gethook())
  end

  it('stops a loop without end', function()
    check(function() while true do end end)
  end)

  it('stops a loop that was compiled before', function()
    count(1e6)
    check(function() count(1e15) end)
    if support.version == 'jit' then assert.is_true((require('jit').status())) end
  end)

  it('stops code that catches all errors', function()
    check(function() while true do pcall(count, 1e15) end end)
  end)

  it('stops a loop in a coroutine', function()
    check(function() coroutine.wrap(function() while true do end end)() end)
  end)

  it('is told of a task that a C function kept too long', function()
    check(function() core.sleep(0.12) end)
  end)

  it('holds for submitted tasks, and lets go of what is within it', function()
    local pool = parallel.pool{workers = 0, timeout = 0.1, retries = 1}
    local err = error_of(function() pool:submit(function() while true do end end):result() end)
    assert.equal('timeout', err.code)
    assert.equal(2, err.attempts)
    pool = parallel.pool{workers = 0, timeout = support.patience, retries = 1}
    assert.equal(25, pool:submit(function(x) return x * x end, 5):result())
    assert.matches('no luck', tostring(error_of(function() pool:submit(function() error('no luck') end):result() end)))
  end)

  it('may be nested: the nearest holds', function()
    local function code(inner, outer) -- of the error of a task whose own task has no end; nil where it was only the inner one's
      local _, errors = parallel.map(function(seconds)
        return parallel.map(function() while true do end end, {1}, {workers = 0, timeout = seconds, on_error = 'skip'})
      end, {inner}, {workers = 0, timeout = outer, on_error = 'skip'})
      return errors and errors[1] and errors[1].code
    end
    assert.is_nil(code(0.05, support.patience))
    assert.equal('timeout', code(support.patience, 0.05))
  end)

  it('keeps the hook that was there', function()
    local lines = 0
    local function hook() lines = lines + 1 end
    debug.sethook(hook, 'l')
    parallel.map(function(x) return x end, {1}, {workers = 0, timeout = support.patience})
    local after, mask = debug.gethook()
    debug.sethook()
    assert.equal(hook, after)
    assert.equal('l', mask)
  end)
end)

describe('a submitted task without workers', function()
  it('is tried again as often as asked', function()
    local pool, tries = parallel.pool{workers = 0, retries = 2}, 0
    local fut = pool:submit(function()
      tries = tries + 1
      if tries < 3 then error('again') end
      return tries
    end)
    assert.equal(3, fut:result())
  end)
end)

describe('init', function()
  local function hang() while true do end end

  it('has a time limit of its own', function()
    local pool = parallel.pool{workers = 2, init = hang, init_timeout = 0.2}
    local pids = pool:stats().pids
    local fut = pool:submit(function() return 1 end)
    local err = error_of(fut.result, fut)
    assert.equal('timeout', err.code)
    assert.matches('^pool: worker %d could not start: it was not ready after 0.2 s %(init_timeout%)$', tostring(err))
    assert.equal(err, error_of(pool.map, pool, function(x) return x end, {1}))
    pool:close()
    for _, pid in pairs(pids) do assert.is_false(support.exists(pid)) end
  end)

  it('is not what the time limit of tasks is about', function()
    local init = function() require('parallel.core').sleep(1.1) end
    -- The task itself may be late once, where the machine is busy with others; it would be each time.
    assert.same({2}, parallel.map(function(x) return x * 2 end, {1}, {workers = 1, init = init, timeout = 1, retries = 5}))
  end)

  it('is limited without workers too', function()
    assert.equal('timeout', error_of(parallel.pool, {workers = 0, init = hang, init_timeout = 0.1}).code)
    local err = error_of(parallel.pool, {workers = 0, init = function() error('no data base') end})
    assert.equal('failed', err.code)
    assert.matches('^pool: worker 0 could not start: init failed: .*no data base', tostring(err))
  end)
end)
