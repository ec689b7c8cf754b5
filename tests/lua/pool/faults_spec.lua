-- Whatever a task or its worker does: the pool says so, stays usable, loses no task and runs none twice.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local error_of, numbers = support.error_of, support.numbers

-- Each run of a task leaves its number in a file, by one write.
local function run_counts(path)
  local counts = {}
  for n in (support.read_file(path) or ''):gmatch('%d+') do counts[tonumber(n)] = (counts[tonumber(n)] or 0) + 1 end
  return counts
end

describe('a pool survives', function()
  local pool
  before_each(function() pool = parallel.pool{workers = 2} end)
  after_each(function() pool:close{now = true} end)

  local function still_works()
    assert.same({2, 4, 6}, pool:map(function(x) return x * 2 end, {1, 2, 3}))
  end

  it('a function that cannot travel', function()
    local thread = coroutine.create(function() end)
    local err = error_of(pool.map, pool, function() return thread end, {1, 2, 3})
    assert.equal('unsupported', err.code)
    assert.matches('thread', tostring(err))
    local fut = pool:submit(function() return thread end)
    assert.equal('unsupported', error_of(fut.result, fut).code)
    still_works()
  end)

  it('an argument that cannot travel', function()
    local list = numbers(50)
    list[20] = {name = 'x', co = coroutine.create(function() end)}
    local results, errors = pool:map(function(x) return type(x) end, list, {on_error = 'skip', chunk = 10})
    assert.equal('unsupported', errors[20].code)
    assert.matches('^task 20 .*argument.*co', tostring(errors[20]))
    errors[20] = nil
    assert.is_nil(next(errors))
    for i = 1, 50 do assert.equal(i ~= 20 and 'number' or nil, results[i]) end
    still_works()
  end)

  it('a result that cannot travel', function()
    local err = error_of(pool.map, pool, function(x) return x == 2 and coroutine.create(function() end) or x end, {1, 2, 3})
    assert.equal(2, err.task)
    assert.matches('result: cannot send a coroutine$', tostring(err)) -- and no traceback, which would be of our own functions
    still_works()
  end)

  it('an error value that cannot travel', function()
    local err = error_of(pool.map, pool, function() error(coroutine.create(function() end)) end, {1})
    assert.matches('thread', err.message)
    still_works()
  end)

  it('a worker that calls os.exit', function()
    local err = error_of(pool.map, pool, function(x) if x == 3 then os.exit(7) end return x end, {1, 2, 3, 4})
    assert.equal('died', err.code)
    assert.equal(7, err.status)
    assert.matches('^task 3 %(3%): worker %d ended by os.exit%(7%), replaced$', tostring(err))
    assert.matches('os.exit%(0%)', tostring(error_of(pool.map, pool, function() os.exit(0) end, {1})))
    still_works()
  end)

  it('a worker that is killed', function()
    local err = error_of(pool.map, pool, function(x)
      if x == 9 then os.execute('kill -9 ' .. require('parallel').pid) end
      return x
    end, numbers(12))
    assert.equal('died', err.code)
    assert.equal(9, err.task)
    assert.matches('^task 9 %(9%): worker %d was killed by SIGKILL %(out of memory%?%), replaced$', tostring(err))
    still_works()
  end)

  it('the death of one task in a long chunk: the others run exactly once', function()
    local path = support.scratch('.runs')
    local results, errors = pool:map(function(x)
      local file = assert(io.open(path, 'a'))
      file:write(x .. '\n')
      file:close()
      if x % 100 == 50 then os.exit(1) end
      return x
    end, numbers(1000), {on_error = 'skip', chunk = 200})
    local counts = run_counts(path)
    for i = 1, 1000 do
      assert.equal(1, counts[i], 'runs of task ' .. i)
      if i % 100 == 50 then
        assert.equal('died', errors[i].code)
      else
        assert.equal(i, results[i])
      end
    end
    os.remove(path)
    still_works()
  end)

  it('workers killed from outside at any moment', function()
    local path = support.scratch('.runs')
    local function work(x)
      local file = assert(io.open(path, 'a'))
      file:write(x .. '\n')
      file:close()
      local n = 0
      for i = 1, 20000 do n = n + i % 7 end
      return x + n * 0
    end
    local killed, seen, n = 0, {}, 0
    local failed = {}
    for i, value in pool:imap(work, numbers(3000), {on_error = function(err) failed[err.task] = err return false end}) do
      assert.is_nil(seen[i])
      seen[i] = true
      n = n + 1
      assert.is_true(value == i or failed[i] ~= nil)
      if i % 500 == 250 then
        local pids = pool:stats().pids
        if pids[1 + killed % 2] and os.execute('kill -9 ' .. pids[1 + killed % 2]) then killed = killed + 1 end
      end
    end
    assert.equal(3000, n)
    assert.is_true(killed >= 5)
    local counts, lost = run_counts(path), 0
    for i = 1, 3000 do
      if failed[i] then lost = lost + 1 end
      assert.is_true(counts[i] == 1 or (failed[i] ~= nil and counts[i] == nil), 'runs of task ' .. i)
    end
    assert.is_true(lost <= killed, lost .. ' tasks failed by ' .. killed .. ' deaths')
    os.remove(path)
    still_works()
  end)

  it('a task without end, when it has a time limit', function()
    local results, errors = pool:map(function(x)
      if x == 2 then while true do end end
      return x
    end, {1, 2, 3, 4}, {timeout = 2, on_error = 'skip'})
    for _, i in ipairs{1, 3, 4} do assert.is_true(results[i] == i or errors[i].code == 'timeout') end -- on a busy machine
    assert.is_nil(results[2])
    assert.equal('timeout', errors[2].code)
    assert.matches('^task 2 %(2%): no result after 2 s; worker %d was stopped and replaced$', tostring(errors[2]))
    still_works()
  end)

  it('time limits of tasks which are just within them', function()
    local results = pool:map(function(x)
      require('parallel.core').sleep(0.01)
      return x
    end, numbers(60), {timeout = support.patience, chunk = 30})
    assert.same(numbers(60), results)
    assert.equal(0, pool:stats().replaced)
  end)

  it('a task that uses the parent\'s channel', function()
    local err = error_of(pool.map, pool, function() parallel.parent:receive() end, {1})
    assert.matches('it has no messages', tostring(err))
    still_works()
  end)

  it('a stack overflow', function()
    local function deep(n) return 1 + deep(n + 1) end
    assert.matches('overflow', tostring(error_of(pool.map, pool, function() return deep(1) end, {1})))
    still_works()
  end)
end)

describe('a pool', function()
  it('names a worker that eats its memory limit', function()
    if support.sanitized then return pending('a sanitizer needs more memory than the limit') end
    local pool = parallel.pool{workers = 1, memory_limit = 256e6}
    local err = error_of(pool.map, pool, function(x)
      local hoard = {} -- luacheck: ignore 241
      for i = 1, 100 do hoard[i] = (tostring(i)):rep(10e6) end
      return x
    end, {1})
    assert.matches('memory', tostring(err))
    assert.same({3}, pool:map(function(x) return x end, {3}))
    pool:close()
  end)

  it('whose init fails says so and does not try for ever', function()
    local pool = parallel.pool{workers = 2, init = function() error('no data base') end}
    local err = error_of(pool.map, pool, function(x) return x end, {1})
    assert.matches('could not start: init failed: .*no data base', tostring(err))
    assert.matches('no data base', tostring(error_of(pool.submit, pool, print)))
    pool:close()
  end)

  it('whose workers cannot start says so', function()
    local err = error_of(function()
      local pool = parallel.pool{workers = 1, lua = '/no/such/lua'}
      pool:map(function(x) return x end, {1})
    end)
    assert.matches('/no/such/lua', tostring(err))
  end)

  it('ends at once by Ctrl-C in the middle of a map, with its workers', function()
    local pids, path = support.scratch('.pids'), support.scratch('.lua')
    support.write_file(pids, '')
    support.write_file(path, ([[
      local parallel = require 'parallel'
      print(pcall(parallel.map, function(x)
        local file = io.open(%q, 'a')
        file:write(require('parallel').pid, '\n')
        file:close()
        while true do end
      end, {1, 2, 3, 4}, {workers = 2}))
      print('after', table.concat(parallel.map(function(x) return x + 1 end, {1, 2}, {workers = 2}), ' '))
    ]]):format(pids))
    -- In a session, and so in a process group, of its own.
    local out = support.shell(('setsid %s/tools/lua %s %s & pid=$!; trap "kill -KILL -- -$pid 2>/dev/null" EXIT TERM; ' ..
      'until [ "$(wc -l < %s)" = 2 ]; do sleep 0.05; done; sleep 0.1; kill -INT -- -$pid; wait $pid')
      :format(support.quote(support.root), support.version, support.quote(path), support.quote(pids)))
    assert.matches('interrupted!', out)
    assert.matches('after\t2 3', out)
    for pid in support.read_file(pids):gmatch('%d+') do assert.is_true(support.is_gone(pid)) end
    os.remove(pids)
    os.remove(path)
  end)

  it('leaves nothing behind when its process is killed', function()
    local out = support.script([[
      local parallel = require 'parallel'
      local pool = parallel.pool{workers = 2}
      pool:map(function(x) return x end, {1, 2})
      for i = 1, 4 do pool:submit(function() while true do end end) end
      print(table.concat(pool:stats().pids, ' '))
      io.stdout:flush()
      os.execute('kill -9 ' .. parallel.pid)]])
    local n = 0
    for pid in out:match('^[%d ]+'):gmatch('%d+') do
      n = n + 1
      assert.is_true(support.eventually(function() return not support.exists(pid) end))
    end
    assert.equal(2, n)
  end)

  it('is closed by parallel.close', function()
    local pool = parallel.pool{workers = 1}
    local pids = pool:stats().pids
    parallel.close()
    assert.is_true(support.is_gone(pids[1]))
    assert.matches('closed', tostring(error_of(pool.map, pool, function(x) return x end, {1})))
    assert.same({1}, parallel.map(function(x) return x end, {1}))
  end)
end)

describe('a task', function()
  it('whose argument ends every worker that takes it over fails at last', function()
    local pool = parallel.pool{workers = 1}
    local metatable = {}
    parallel.register('deadly', {metatable = metatable, encode = function() return 1 end, decode = function() end})
    pool:everywhere(function()
      require('parallel').register('deadly', {metatable = {}, encode = function() end, decode = function() os.exit(4) end})
    end)
    local results, errors = pool:map(function(x) return type(x) end, {1, setmetatable({}, metatable), 3},
      {on_error = 'skip', chunk = 1})
    assert.same({'number', nil, 'number'}, results)
    assert.matches('^task 2 .*ended by os.exit%(4%)', tostring(errors[2]))
    pool:close()
  end)

  it('that cannot travel leaves its worker free for the next one', function()
    local pool = parallel.pool{workers = 1}
    for _ = 1, 2 do -- the second time the worker has nothing more to say by itself
      local results, errors = pool:map(tostring, {coroutine.create(function() end), 1, 2}, {on_error = 'skip', chunk = 1, timeout = 100})
      assert.same({nil, '1', '2'}, results)
      assert.matches('cannot send a coroutine', tostring(errors[1]))
    end
    pool:close()
  end)

  it('of everywhere does not count for max_tasks: the worker would never come to others', function()
    local pool = parallel.pool{workers = 1, max_tasks = 1}
    pool:everywhere(function() ready = true end) -- luacheck: ignore
    assert.same({true, true, true}, pool:map(function() return ready end, {1, 2, 3})) -- luacheck: ignore
    pool:close()
  end)
end)
