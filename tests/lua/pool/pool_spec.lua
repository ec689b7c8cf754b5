-- Pools: what submit, everywhere, stats, close and recycling do when all is well.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local error_of, await_file = support.error_of, support.await_file

describe('a pool', function()
  local pool
  local function open(options)
    pool = parallel.pool(options)
    return pool
  end
  after_each(function()
    if pool then pool:close{now = true} end
    pool = nil
  end)

  it('gives futures for what is submitted', function()
    open{workers = 2}
    local fut = pool:submit(function(a, b) return a + b, a * b end, 3, 4)
    local sum, product = fut:result()
    assert.equal(7, sum)
    assert.equal(12, product)
    assert.is_true(fut:done())
    assert.equal(7, (fut:result()))
    assert.equal(0, select('#', pool:submit(function() end):result()))
    local a, b, c = pool:submit(function(...) return ... end, nil, false, nil):result()
    assert.is_nil(a)
    assert.is_false(b)
    assert.is_nil(c)
    assert.equal(3, select('#', pool:submit(function(...) return ... end, nil, 1, nil):result()))
  end)

  it('sees what a function refers to change, whatever it was', function()
    open{workers = 1}
    local it
    local function value() return type(it) == 'table' and it.text or it end
    for _, now in ipairs{{text = 'a'}, {text = 'b'}, 3, {text = 'c'}, 'text', {text = 'd'}} do
      it = now
      assert.equal(value(), (pool:submit(value):result()))
      if type(it) == 'table' then it.text = it.text .. ' changed' end
      assert.equal(value(), (pool:submit(value):result()))
    end
  end)

  it('looks at a constant function once', function()
    open{workers = 1}
    local t = {1}
    local function first() return t[1] end
    assert.equal(1, pool:submit(first):result())
    t[1] = 2
    assert.equal(2, pool:submit(first):result())
    t[1] = 3
    assert.equal(first, parallel.constant(first))
    assert.equal(3, pool:submit(first):result())
    t[1] = 4
    assert.equal(3, pool:submit(first):result())
    assert.same({3, 3}, pool:map(first, {1, 2}))
    assert.same({4}, pool:map(function() return t[1] end, {1}))
    assert.matches('parallel.constant: a function expected, got table', tostring(error_of(parallel.constant, {})))
  end)

  it('knows a library by its place among those that are loaded', function()
    open{workers = 1}
    local library = string
    local function upper(s) return library.upper(s) end
    for _ = 1, 3 do assert.equal('X', pool:submit(upper, 'x'):result()) end
    package.loaded['pool_spec.alias'] = library
    assert.equal('X', pool:submit(upper, 'x'):result())
    package.loaded['pool_spec.alias'] = nil
    assert.equal('X', pool:submit(upper, 'x'):result())
  end)

  it('sizes the first chunks by what the function cost before, whatever it costs now', function()
    open{workers = 2}
    local function work(n)
      if n < 0 then require('parallel.core').sleep(-n) end
      return n
    end
    local quick, slow = {}, {}
    for i = 1, 3000 do quick[i] = i end
    for i = 1, 60 do slow[i] = -0.001 end
    for _ = 1, 3 do
      assert.same(quick, pool:map(work, quick))
      assert.same(slow, pool:map(work, slow))
    end
  end)

  it('keeps results apart when they come in another order', function()
    open{workers = 2}
    local futures = {}
    for i = 1, 200 do
      futures[i] = pool:submit(function(n)
        if n % 50 == 1 then require('parallel.core').sleep(0.02) end
        return n * 2
      end, i)
    end
    for i = 200, 1, -1 do assert.equal(i * 2, futures[i]:result()) end
  end)

  it('raises a task\'s error at result, with number, argument, worker and traceback', function()
    open{workers = 1}
    local good = pool:submit(function() return 1 end)
    local bad = pool:submit(function(x) local function inner() error('boom ' .. x) end inner() end, 'now')
    assert.equal(1, good:result())
    local err = error_of(bad.result, bad)
    assert.equal('failed', err.code)
    assert.equal(2, err.task)
    assert.equal(1, err.worker)
    assert.matches('boom now$', err.message)
    assert.matches('inner', err.traceback)
    assert.is_nil(err.traceback:find('parallel/pool/', 1, true))
    assert.matches('^task 2 %("now"%) failed in worker 1: .*boom now\nstack traceback', tostring(err))
    assert.same({kind = 'mine'}, error_of(bad.result, pool:submit(function() error{kind = 'mine'} end)).value)
    assert.equal(5, pool:submit(function() return 5 end):result())
  end)

  it('limits how long result waits, not how long the task takes', function()
    open{workers = 1}
    local gate = support.gate()
    local fut = pool:submit(function(path) return await_file(path) and 'late' end, gate.path)
    assert.equal('timeout', error_of(fut.result, fut, 0.02).code)
    assert.is_false(fut:done())
    assert.is_false(fut:wait(0))
    gate.open()
    assert.equal('late', fut:result(support.patience))
    gate.remove()
  end)

  it('notices that a captured variable has changed', function()
    open{workers = 1}
    local factor, list = 2, {10}
    local function times(x) return x * factor end
    local function add(x) return x + list[1] end
    assert.equal(6, pool:submit(times, 3):result())
    factor = 5
    assert.equal(15, pool:submit(times, 3):result())
    assert.same({5, 10}, pool:map(times, {1, 2}))
    assert.equal(13, pool:submit(add, 3):result())
    list[1] = 20
    assert.equal(23, pool:submit(add, 3):result())
    assert.same({21}, pool:map(add, {1}))
    list[1] = 30
    assert.same({31}, pool:map(add, {1}))
  end)

  it('runs any number of different functions', function()
    open{workers = 2}
    local futures = {}
    for i = 1, 400 do
      futures[i] = pool:submit((loadstring or load)('return function(x) return x + ' .. i .. ' end')(), 1000)
    end
    for i = 1, 400 do assert.equal(1000 + i, futures[i]:result()) end
  end)

  it('yields futures as they end', function()
    open{workers = 2}
    local gate = support.gate()
    local slow = pool:submit(function(path) return await_file(path) and 'slow' end, gate.path)
    local quick = pool:submit(function() return 'quick' end)
    local bad = pool:submit(function() error('bad') end)
    local order = {}
    for fut in parallel.as_completed{slow, quick, bad} do
      order[#order + 1] = fut
      if #order == 2 then gate.open() end
    end
    assert.equal(3, #order)
    assert.equal(slow, order[3])
    assert.equal('slow', slow:result())
    gate.remove()
    for _ in parallel.as_completed{} do error('nothing expected') end
    local never = pool:submit(await_file, gate.path)
    assert.equal('timeout', error_of(function() for _ in parallel.as_completed({never}, 0.02) do end end).code)
  end)

  it('calls back when a future ends', function()
    open{workers = 1}
    local seen = {}
    local fut = pool:submit(function() return 3 end):on_done(function(f) seen[1] = f:result() end)
    fut:result()
    fut:on_done(function(f) seen[2] = f end)
    assert.same({3, fut}, seen)
  end)

  it('can be polled from an event loop', function()
    open{workers = 1}
    assert.equal('number', type(pool:fd()))
    local fut = pool:submit(function() return 'polled' end)
    assert.is_true(support.eventually(function()
      pool:poll()
      return fut.state == 'done'
    end))
    assert.equal('polled', fut:result())
  end)

  it('cancels what has not begun and stops what runs', function()
    open{workers = 1}
    local endless = pool:submit(function() while true do end end)
    local waiting = {}
    for i = 1, 5 do waiting[i] = pool:submit(function(n) return n end, i) end
    assert.is_true(support.eventually(function()
      pool:poll()
      return pool:stats().ready == 1
    end))
    assert.is_true(waiting[2]:cancel())
    assert.is_true(waiting[4]:cancel())
    assert.is_true(waiting[4]:cancel())
    assert.is_false(waiting[1]:done())
    assert.is_true(endless:cancel())
    for i = 1, 5, 2 do assert.equal(i, waiting[i]:result(support.patience)) end
    assert.equal('cancelled', error_of(waiting[2].result, waiting[2]).code)
    assert.matches('^task 1.* was cancelled', tostring(error_of(endless.result, endless)))
    assert.is_false(waiting[1]:cancel())
  end)

  it('runs a function everywhere, in replacements too', function()
    open{workers = 2}
    local pids = pool:everywhere(function(a)
      _G.loaded = a
      return require('parallel').pid
    end, 'data')
    assert.equal(2, #pids)
    assert.not_equal(pids[1], pids[2])
    assert.equal('data', pool:submit(function() return _G.loaded end):result())
    pcall(pool.map, pool, function() os.exit(3) end, {1, 2})
    for _, value in ipairs(pool:map(function() return _G.loaded end, {1, 2, 3, 4})) do assert.equal('data', value) end
    local err = error_of(pool.everywhere, pool, function() error('not here') end)
    assert.matches('not here', tostring(err))
    assert.matches('argument%[2%]: cannot send a coroutine', tostring(error_of(pool.everywhere, pool, type, 1, coroutine.create(function() end))))
    assert.same({2, 2}, pool:everywhere(function(...) return select('#', ...) end, nil, nil))
    assert.equal('data', pool:submit(function() return _G.loaded end):result())
  end)

  it('runs init once in each worker before any task', function()
    open{workers = 2, init = function() _G.count = (_G.count or 0) + 1 end}
    for _, n in ipairs(pool:map(function() return _G.count end, {1, 2, 3, 4, 5, 6})) do assert.equal(1, n) end
  end)

  it('replaces workers after so many tasks', function()
    open{workers = 1, max_tasks = 3}
    local pids, different = {}, 0
    for _, pid in ipairs(pool:map(function() return require('parallel').pid end, {1, 2, 3, 4, 5, 6, 7})) do
      if not pids[pid] then different = different + 1 end
      pids[pid] = (pids[pid] or 0) + 1
    end
    assert.equal(3, different)
    for _, n in pairs(pids) do assert.is_true(n <= 3) end
    assert.is_true(pool:stats().recycled >= 2)
  end)

  it('replaces workers that have grown', function()
    open{workers = 1, max_memory = 200e6}
    local function pid() return require('parallel').pid end
    local first = pool:submit(pid):result()
    assert.equal(first, pool:submit(pid):result())
    pool:submit(function()
      local text = ('x'):rep(1e6)
      for _ = 1, 8 do text = text .. text end -- Lua 5.1 takes seconds to repeat it so often
      _G.ballast = text
    end):result()
    assert.is_true(support.eventually(function() return pool:submit(pid):result() ~= first end))
    assert.equal(1, pool:stats().recycled)
  end)

  it('tells what it has done', function()
    open{workers = 2}
    pool:map(function(x) return x end, {1, 2, 3})
    pcall(pool.map, pool, function() error('x') end, {1})
    local stats = pool:stats()
    assert.equal(2, stats.workers)
    assert.equal(3, stats.done)
    assert.equal(1, stats.failed)
    assert.equal('number', type(stats.utilisation))
    assert.equal(2, #stats.pids)
  end)

  it('has counted each result when the map is over, whatever the end of the chunk', function()
    open{workers = 1}
    pool:map(function(x) if x == 3 then error('x') end return x end, {1, 2, 3}, {chunk = 3, on_error = 'skip'})
    local stats = pool:stats()
    assert.same({2, 1}, {stats.done, stats.failed})
  end)

  it('is not among parallel.children', function()
    open{workers = 2}
    assert.equal(0, parallel.nchildren)
    parallel.children:join()
    assert.equal(1, pool:submit(function() return 1 end):result())
  end)

  it('closes after what was submitted, or at once, as often as one likes', function()
    open{workers = 2}
    local futures = {}
    for i = 1, 20 do futures[i] = pool:submit(function(n) require('parallel.core').sleep(0.005) return n end, i) end
    pool:close()
    pool:close()
    for i = 1, 20 do assert.equal(i, futures[i]:result()) end
    assert.matches('the pool was closed', error_of(pool.submit, pool, print))
    local before = support.descriptors()
    open{workers = 2}
    local endless = pool:submit(function() while true do end end)
    local pids = pool:stats().pids
    pool:close{now = true}
    assert.equal('closed', error_of(endless.result, endless).code)
    for _, pid in pairs(pids) do assert.is_true(support.is_gone(pid)) end
    assert.is_true(support.eventually(function() return support.descriptors() <= before end)) -- a thread reads what workers print
  end)

  it('ends its workers when it is forgotten', function()
    local pids
    do
      local forgotten = parallel.pool{workers = 2}
      forgotten:map(function(x) return x end, {1, 2})
      pids = forgotten:stats().pids
    end
    assert.is_true(support.eventually(function()
      collectgarbage()
      return not support.exists(pids[1]) and not support.exists(pids[2])
    end))
  end)

  it('may be used inside a task without more workers than there are cores', function()
    open{workers = 2}
    local function nested(n)
      local parallel = require 'parallel' -- luacheck: ignore
      local inner = parallel.pool()
      local sum = 0
      for _, x in ipairs(inner:map(function(y) return y * 2 end, {n, n + 1})) do sum = sum + x end
      local size = inner:stats().workers
      inner:close()
      return sum * 1000 + size
    end
    local size = math.max(1, math.floor(parallel.cores() / 2))
    assert.same({6000 + size, 10000 + size, 14000 + size}, pool:map(nested, {1, 2, 3}))
  end)

  it('is found in a child whose package.path leads nowhere', function()
    local child = parallel.run(function()
      package.path = ''
      local parallel = require 'parallel' -- luacheck: ignore
      local inner = parallel.pool{workers = 1, init = function() package.path = '' end}
      local sum = inner:submit(function(a, b) return a + b end, 1, 2):result()
      inner:close()
      return sum, type(require 'parallel.pool'.open)
    end)
    assert.same({3, 'function'}, {child:join()})
  end)

  it('runs everything here with workers = 0', function()
    open{workers = 0}
    local here = {}
    assert.equal(here, pool:submit(function() return here end):result())
    assert.same({2, 4}, pool:map(function(x) return x * 2 end, {1, 2}))
    local seen = {}
    for i, v in pool:imap(function(x) return x + 1 end, {5, 6}) do seen[i] = v end
    assert.same({6, 7}, seen)
    local err = error_of(pool.map, pool, function(x) error('no ' .. x) end, {9})
    assert.matches('^task 1 %(9%) failed in worker 0: .*no 9', tostring(err))
    assert.same({1}, pool:everywhere(function() return 1 end))
    pool:close()
  end)

  it('refuses wrong use with words', function()
    open{workers = 1}
    assert.matches("no option 'worker'", error_of(parallel.pool, {worker = 1}))
    assert.matches("'workers' must be a whole number from 0 to 65536, got %-1", error_of(parallel.pool, {workers = -1}))
    assert.matches("from 0 to 65536, got 1e%+300", error_of(parallel.pool, {workers = 1e300}))
    assert.matches("'init' must be a function", error_of(parallel.pool, {init = 'x'}))
    assert.matches('submit: a function expected, got number', error_of(pool.submit, pool, 5))
    assert.matches('map: a list expected, got nil', error_of(pool.map, pool, print))
    assert.matches("no option 'colour'", error_of(pool.map, pool, print, {}, {colour = 1}))
    assert.matches("'retries' must be", error_of(pool.map, pool, print, {}, {retries = 1.5}))
    assert.matches('element 1 is no future', error_of(parallel.as_completed, {1}))
  end)

  if support.version ~= 'jit' and support.version >= '5.4' then
    it('closes at the end of its scope', function()
      local code = [[
        local parallel = require 'parallel'
        local fut, pids
        do
          local pool <close> = parallel.pool{workers = 1}
          fut = pool:submit(function() return 8 end)
          pids = pool:stats().pids
        end
        print(fut:result(), io.open('/proc/' .. pids[1] .. '/stat'))]]
      assert.matches('^8\tnil', (support.script(code)))
    end)
  end
end)
