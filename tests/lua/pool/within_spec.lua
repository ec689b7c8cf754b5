-- Code of the user that a pool calls (iterators, handlers of errors, callbacks of futures) may itself use pools: the same one, another
-- one, or the one that parallel.map keeps.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local error_of = support.error_of

local function double(x) return 2 * x end
local function exit_at_two(x)
  if x == 2 then os.exit(9) end
  return x
end
local function fail_at_two(x)
  if x == 2 then error('two', 0) end
  return x
end

-- Calls f(pool) with pools of one worker and of several.
local function with_pools(f)
  for workers = 1, 3 do
    local pool = parallel.pool{workers = workers}
    f(pool)
    pool:close{now = true}
  end
end

-- The results of a stream, in the order in which they came.
local function all_of(stream)
  local list = {}
  for _, value in stream do list[#list + 1] = value end
  return list
end

local numbers, doubled, quadrupled = {}, {}, {}
for i = 1, 100 do numbers[i], doubled[i], quadrupled[i] = i, 2 * i, 4 * i end

-- An iterator over the numbers that calls f(i) before each.
local function numbers_with(f)
  local i = 0
  return function()
    i = i + 1
    if i > #numbers then return nil end
    f(i)
    return i
  end
end

describe('an iterator of imap', function()
  it('may be another stream of the same pool', function()
    with_pools(function(pool)
      local function second(_, x) return 2 * x end
      assert.same(quadrupled, all_of(pool:imap(second, pool:imap(double, numbers))))
      local together = all_of(pool:imap(second, pool:imap(double, numbers, {ordered = false}), {ordered = false}))
      table.sort(together)
      assert.same(quadrupled, together)
    end)
  end)

  it('may be a stream of another pool', function()
    local other = parallel.pool{workers = 2}
    with_pools(function(pool)
      assert.same(quadrupled, all_of(pool:imap(function(_, x) return 2 * x end, other:imap(double, numbers))))
    end)
    other:close{now = true}
  end)

  it('may wait for tasks of the same pool, and of others', function()
    with_pools(function(pool)
      assert.same(doubled, all_of(pool:imap(double, numbers_with(function(i)
        assert.equal(2 * i, (pool:submit(double, i):result()))
        if i % 50 == 0 then assert.same({2 * i}, pool:map(double, {i})) end
      end))))
      assert.same(doubled, all_of(pool:imap(double, numbers_with(function(i)
        if i % 50 == 0 then assert.same({2 * i}, parallel.map(double, {i})) end
      end))))
      assert.same(doubled, all_of(pool:imap(double, numbers_with(function() pool:poll() end))))
    end)
  end)

  it('may be a coroutine that waits', function()
    with_pools(function(pool)
      assert.same(quadrupled, all_of(pool:imap(double, coroutine.wrap(function()
        for _, i in ipairs(numbers) do coroutine.yield((pool:submit(double, i):result())) end
      end))))
    end)
  end)

  it('may lose workers of the pool', function()
    with_pools(function(pool)
      assert.same(doubled, all_of(pool:imap(double, numbers_with(function(i)
        if i % 40 == 0 then assert.equal('died', error_of(function() pool:submit(exit_at_two, 2):result() end).code) end
      end))))
    end)
  end)

  it('may close the pool', function()
    with_pools(function(pool)
      local err = error_of(function()
        all_of(pool:imap(double, numbers_with(function(i) if i == 60 then pool:close() end end)))
      end)
      assert.equal('the pool was closed', tostring(err))
    end)
  end)
end)

describe('a handler of errors', function()
  it('may use the pool, also when the worker has just died', function()
    with_pools(function(pool)
      local function instead() return pool:map(double, {21})[1] end
      assert.same({1, 42, 3}, pool:map(fail_at_two, {1, 2, 3}, {on_error = instead}))
      assert.same({1, 42, 3}, pool:map(exit_at_two, {1, 2, 3}, {on_error = instead}))
      assert.same({1, 42, 3}, pool:map(exit_at_two, {1, 2, 3}, {retries = 1, on_error = instead}))
    end)
  end)

  it('may close the pool', function()
    for _, f in ipairs{fail_at_two, exit_at_two} do
      with_pools(function(pool)
        local err = error_of(function() pool:map(f, numbers, {on_error = function() pool:close() end}) end)
        assert.equal('the pool was closed', tostring(err))
      end)
    end
  end)
end)

describe('a callback of a future', function()
  it('may wait for the pool, also when the worker has just died', function()
    with_pools(function(pool)
      for _, f in ipairs{double, fail_at_two, exit_at_two} do
        local inner
        local fut = pool:submit(f, 2):on_done(function() inner = pool:submit(double, 21):result() end)
        assert.is_true(fut:wait(support.patience))
        assert.equal(42, inner)
      end
    end)
  end)

  it('may wait for the pool when its task was cancelled', function()
    with_pools(function(pool)
      local inner
      local fut = pool:submit(function() while true do end end):on_done(function() inner = pool:submit(double, 21):result() end)
      while pool:stats().ready == 0 do pool:submit(double, 1):wait(0.01) end
      assert.is_true(fut:cancel())
      assert.equal(42, inner)
    end)
  end)

  it('may close all pools', function()
    with_pools(function(pool)
      local fut = pool:submit(double, 1):on_done(function() pool:close{now = true} end)
      local other = pool:submit(function() while true do end end)
      assert.is_true(fut:wait(support.patience))
      assert.matches('closed', tostring(error_of(function() pool:submit(double, 1) end)), 1, true)
      assert.is_true(other:done())
    end)
  end)
end)

describe('a worker that cannot be replaced', function()
  it('is replaced by the next call', function()
    local pool = parallel.pool{workers = 1}
    assert.same({2}, pool:map(double, {1}))
    local start = require 'parallel.start'
    local real = start.child
    start.child = function() error('no process to be had', 0) end
    assert.equal('no process to be had', error_of(function() pool:map(exit_at_two, {2}) end))
    assert.equal('no process to be had', error_of(function() pool:map(double, {2}) end))
    start.child = real
    assert.same({4}, pool:map(double, {2}))
    pool:close{now = true}
  end)
end)
