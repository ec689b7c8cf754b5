-- parallel.counter, parallel.lock and parallel.table: used by several processes at once, by some that die, and in wrong ways.
-- PARALLEL_KILLS=500 kills so many instead of a few; PARALLEL_SEED=N: at other moments.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local core = require 'parallel.core'

local message_of = support.message_of
local KILLS = tonumber(os.getenv('PARALLEL_KILLS')) or 40
local SEED = tonumber(os.getenv('PARALLEL_SEED')) or 0

local function run_each(n, f, ...)
  local list = {}
  for i = 1, n do list[i] = parallel.run(f, i, ...) end
  return parallel.join(list)
end

describe('a counter', function()
  after_each(function() parallel.close() end)

  it('counts for all processes', function()
    local c = parallel.counter(10)
    run_each(4, function(i, counter)
      for _ = 1, 25000 do counter:add(i) end
      for _ = 1, 100 do
        repeat local old = counter:get() until counter:compare_and_set(old, old + 1)
      end
    end, c)
    assert.equal(10 + 25000 * 10 + 400, c:get())
    assert.equal(c:get(), c:add(0))
    c:set(-3)
    assert.equal(-3, c:add())
    assert.equal(-2, c:get())
    assert.is_false(c:compare_and_set(5, 6))
    assert.matches('^parallel.counter: ', tostring(c))
  end)

  it('takes whole numbers', function()
    assert.matches('parallel.counter: a whole number expected, got 1.5', message_of(parallel.counter, 1.5), 1, true)
    assert.matches('add: a whole number expected, got string', message_of(function() parallel.counter():add('x') end), 1, true)
    assert.matches('parallel.counter', message_of(function() parallel.counter().get(7) end), 1, true)
    assert.equal(2 ^ 53, parallel.counter(2 ^ 53):get())
  end)

  it('has metamethods that nothing else can be given to', function()
    for _, object in ipairs {parallel.counter(), parallel.lock(), parallel.table()} do
      for _, name in ipairs {'__tostring', '__gc'} do
        local metamethod = debug.getmetatable(object)[name]
        for _, other in ipairs {5, {}, io.stdout, 'x'} do
          assert.matches('parallel.%l+ expected', message_of(metamethod, other))
        end
        assert.is_false((pcall(metamethod)))
      end
    end
  end)

  it('is the same thing wherever it travels', function()
    local c = parallel.counter()
    local child = parallel.run(function(list)
      parallel.parent:send(list[1] == list[2].again)
      local grandchild = parallel.run(function(counter) counter:add(100) return counter end, list[1])
      local back = grandchild:join()
      back:add(1)
      parallel.parent:send(back == list[1])
      return back, function() return list[1]:get() end
    end, {c, {again = c}})
    assert.is_true(child:receive())
    assert.is_true(child:receive())
    local back, get = child:join()
    assert.is_true(back == c)
    assert.equal(101, get())
    assert.equal(101, c:get())
  end)
end)

describe('a lock', function()
  after_each(function() parallel.close() end)

  it('is had by one process at a time', function()
    local l, path = parallel.lock(), support.scratch('.count')
    support.write_file(path, '0')
    run_each(4, function(_, lock, file)
      for _ = 1, 50 do
        lock:with(function()
          local input = assert(io.open(file))
          local n = input:read('*a')
          input:close()
          local output = assert(io.open(file, 'w'))
          output:write(tonumber(n) + 1)
          output:close()
        end)
      end
    end, l, path)
    assert.equal('200', support.read_file(path))
    os.remove(path)
  end)

  it('is used in pairs', function()
    local l = parallel.lock()
    assert.is_true(l:lock())
    assert.matches('lock: this process has locked it already', message_of(l.lock, l), 1, true)
    local child = parallel.run(function(lock)
      local first = lock:lock(0.05)
      local misuse = select(2, pcall(lock.unlock, lock))
      parallel.parent:send{first, tostring(misuse)}
      lock:lock()
      parallel.parent:send('has it')
      os.exit(0)
    end, l)
    local told = child:receive()
    assert.is_false(told[1])
    assert.matches('unlock: this process has not locked it', told[2], 1, true)
    l:unlock()
    assert.equal('has it', child:receive())
    assert.matches('wait: this process has not locked it', message_of(l.wait, l), 1, true)
    assert.same({true, 'abandoned'}, {l:lock()}) -- the child has ended with it
    assert.same({1, nil, 3}, {l.with(parallel.lock(), function(...) return ... end, 1, nil, 3)})
    local other = parallel.lock()
    assert.matches('in there', message_of(other.with, other, function() error('in there') end))
    assert.is_true(other:lock(0))
    assert.matches("bad timeout: seconds", message_of(other.lock, other, -1), 1, true)
  end)

  it('whose holder is killed tells the next one', function()
    math.randomseed(SEED + 3)
    local l, c = parallel.lock(), parallel.counter()
    local function work(lock, counter)
      while true do
        lock:lock()
        for _ = 1, 500 do counter:add(1) end
        lock:unlock()
      end
    end
    local list, abandoned = {}, 0
    for i = 1, 2 do list[i] = parallel.run(work, l, c) end
    local round = 0
    while round < KILLS or abandoned <= KILLS / 20 and round < 50 * KILLS do -- most of the time one of the two has it
      round = round + 1
      core.sleep(math.random() * 0.004)
      local at = math.random(2)
      list[at]:kill('KILL')
      list[at]:close()
      local _, how = l:lock()
      if how == 'abandoned' then abandoned = abandoned + 1 end
      l:unlock()
      local before = c:get()
      assert.is_true(support.eventually(function() return c:get() > before + 1000 end))
      list[at] = parallel.run(work, l, c)
    end
    assert.is_true(abandoned > KILLS / 20, abandoned)
  end)

  it('is waited with for what others change', function()
    local l, t = parallel.lock(), parallel.table()
    local results = run_each(4, function(i, lock, shared)
      local taken = 0
      if i == 1 then
        for _ = 1, 500 do
          lock:with(function()
            shared:add('items')
            lock:notify()
          end)
        end
        lock:with(function()
          shared:set('done', true)
          lock:notify(true)
        end)
        return 0
      end
      lock:lock()
      while true do
        while (shared:get('items') or 0) == 0 and not shared:get('done') do lock:wait() end
        if (shared:get('items') or 0) == 0 then break end
        shared:add('items', -1)
        taken = taken + 1
      end
      lock:unlock()
      return taken
    end, l, t)
    assert.equal(500, results[2] + results[3] + results[4])
    l:lock()
    assert.is_false((l:wait(0.02)))
    l:unlock()
  end)
end)

describe('a shared table', function()
  after_each(function() parallel.close() end)

  it('holds strings, numbers and booleans', function()
    local t = parallel.table()
    local values = {1, -1.5, 'text', '', true, false, ('long'):rep(1000), 2 ^ 53}
    for i, value in ipairs(values) do
      t:set(i, value)
      t:set('key ' .. i, value)
    end
    t:set(true, 'yes')
    t:set(1.5, 'half')
    local got = parallel.run(function(shared)
      local list = {}
      for i = 1, 8 do list[i] = shared:get(i) end
      shared:set('key 1', nil)
      return {list, shared:get(true), shared:get(1.5), shared:get(2.0), shared:get('nothing') == nil, shared:count()}
    end, t):join()
    assert.same({values, 'yes', 'half', -1.5, true, 17}, got)
    assert.is_nil(t:get('key 1'))
    local seen = 0
    for key, value in t:pairs() do
      seen = seen + 1
      assert.equal(value, t:get(key))
    end
    assert.equal(17, seen)
    if _VERSION >= 'Lua 5.2' and support.version ~= 'jit' then
      assert.equal(17, #t)
      for key, value in pairs(t) do assert.equal(value, t:get(key)) end
    end
  end)

  it('adds and compares in one step', function()
    local t = parallel.table{bytes = 65536}
    run_each(4, function(i, shared)
      for k = 1, 2000 do
        shared:add('sum', i)
        shared:add('half', 0.5)
        if k % 20 == 0 then shared:set('note ' .. i, ('x'):rep(k % 100)) end
      end
      for _ = 1, 50 do
        repeat local old = shared:get('swapped') until shared:compare_and_set('swapped', old, (old or 0) + 1)
      end
    end, t)
    assert.equal(20000, t:get('sum'))
    assert.equal(4000, t:get('half'))
    assert.equal(200, t:get('swapped'))
    assert.is_true(t:compare_and_set('swapped', 200, nil))
    assert.is_nil(t:get('swapped'))
    assert.matches('add: what is there is no number to add to', message_of(t.add, t, 'note 1'), 1, true)
  end)

  it('says what it cannot hold', function()
    local t = parallel.table{bytes = 16384}
    assert.matches('set: a shared table cannot have a table as its value: only strings, numbers and booleans',
      message_of(t.set, t, 1, {}), 1, true)
    assert.matches('get: a shared table cannot have a function as its key', message_of(t.get, t, print), 1, true)
    assert.matches('set: a key cannot be nil', message_of(t.set, t, nil, 1), 1, true)
    assert.matches('set: a key cannot be NaN', message_of(t.set, t, 0 / 0, 1), 1, true)
    local full = support.error_of(function() for i = 1, 10000 do t:set(i, 'value ' .. i) end end)
    assert.equal('limit', full.code)
    assert.matches('the table is full: %d+ entries in 16384 bytes, and no room for one of %d+; make it with more', full.message)
    assert.equal('value 7', t:get(7))
    t:set(7, nil)
    t:set(8, nil)
    t:set('again', 'room')
    for _, bytes in ipairs {5, 'x', {}, true} do
      assert.matches("option 'bytes' must be a number from 16384", message_of(parallel.table, {bytes = bytes}), 1, true)
    end
    assert.matches("there is no option 'size' (bytes)", message_of(parallel.table, {size = 5}), 1, true)
    assert.matches('parallel.table: options in a table expected, got number', message_of(parallel.table, 5), 1, true)
  end)

  it('is whole whoever dies while he changes it', function()
    math.randomseed(SEED + 4)
    local t = parallel.table{bytes = 32768}
    local function change(shared)
      local n = 0
      while true do
        n = n + 1
        shared:set(n % 10, ('%d:'):format(n % 200) .. ('x'):rep(n % 200))
      end
    end
    local list = {}
    for i = 1, 2 do list[i] = parallel.run(change, t) end
    for _ = 1, KILLS do
      core.sleep(math.random() * 0.004)
      local at = math.random(2)
      list[at]:kill('KILL')
      list[at]:close()
      for key, value in t:pairs() do
        local n, rest = value:match('^(%d+):(x*)$')
        assert.equal(tonumber(n), #rest)
        assert.is_true(key >= 0 and key < 10)
      end
      t:set(0, '0:') -- needs the lock, perhaps from the dead one
      list[at] = parallel.run(change, t)
    end
  end)
end)
