-- parallel.map and pool:imap: results, order, chunks, retries, errors, seeds, progress.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local error_of, await_file, numbers = support.error_of, support.await_file, support.numbers

local function square(x) return x * x end

describe('parallel.map', function()
  it('gives results in order, for any number of workers and any chunk', function()
    local expected = {}
    for i = 1, 1000 do expected[i] = i * i end
    for _, options in ipairs{{}, {workers = 0}, {workers = 1}, {workers = 2}, {workers = 3, chunk = 1},
      {workers = 2, chunk = 7}, {workers = 2, chunk = 5000}} do
      assert.same(expected, parallel.map(square, numbers(1000), options))
    end
    assert.same({}, parallel.map(square, {}))
    assert.same({9}, parallel.map(square, {3}))
  end)

  it('handles tasks of very different length', function()
    local list = numbers(400)
    local results = parallel.map(function(x)
      if x == 200 or x == 210 then require('parallel.core').sleep(0.2) end
      return x + 1
    end, list, {workers = 2})
    for i = 1, 400 do assert.equal(i + 1, results[i]) end
  end)

  it('moves tasks that wait behind a long one to who is idle', function()
    -- The long one ends when all behind it have run: nobody but the other worker can do that. In one chunk, or with short
    -- ones before, which make the chunks grow and let them be given ahead.
    for _, case in ipairs{{long = 1, chunk = 20}, {long = 1001}} do
      local folder, long, last = support.scratch('.ran'), case.long, case.long + 19
      os.execute('mkdir ' .. support.quote(folder))
      local results = parallel.map(function(x)
        if x > long then assert(io.open(folder .. '/' .. x, 'w')):close() end
        if x ~= long then return true end
        for i = long + 1, last do
          if not await_file(folder .. '/' .. i) then return false end
        end
        return true
      end, numbers(last), {workers = 2, chunk = case.chunk})
      os.execute('rm -r ' .. support.quote(folder))
      for i = 1, last do assert.is_true(results[i]) end
    end
  end)

  it('takes a chunk of 2.0 for one of 2, and any n in a list that is not its length', function()
    local _, errors = parallel.map(function(x) if x == 3 then error('no') end end, numbers(4), {chunk = 2.0, on_error = 'skip'})
    assert.matches('^task 3 %(3%) failed', tostring(errors[3]))
    assert.same({1, 4}, parallel.map(square, {1, 2, n = 'squares'}))
    assert.same({1, 4}, parallel.map(square, {1, 2, n = 2}))
  end)

  it('keeps nil, false and nested values', function()
    local results = parallel.map(function(x)
      if x == 1 then return nil end
      if x == 2 then return false end
      return {x, name = 'n' .. x, {deep = true}}
    end, {1, 2, 3}, {workers = 2})
    assert.is_nil(results[1])
    assert.is_false(results[2])
    assert.same({3, name = 'n3', {deep = true}}, results[3])
  end)

  it('sends the function\'s upvalues, recursive ones too', function()
    local base = {10, 20}
    local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
    assert.same({65, 31}, parallel.map(function(x) return base[x] + fib(x == 1 and 10 or 6) + (x == 2 and 3 or 0) end, {1, 2}))
    assert.same({3, 4}, parallel.map(math.abs, {-3, 4}))
  end)

  it('carries large arguments and results', function()
    local list = {}
    for i = 1, 8 do list[i] = (string.char(64 + i)):rep(3000000) end
    for i, text in ipairs(parallel.map(function(s) return s .. '!' end, list, {workers = 2})) do
      assert.equal(list[i] .. '!', text)
    end
  end)

  it('carries tensors', function()
    local torch = require 'parallel.tensor'
    local list = {}
    for i = 1, 4 do list[i] = torch.Tensor(200000):fill(i) end
    local sums = parallel.map(function(t) return t:sum() end, list, {workers = 2})
    assert.same({200000, 400000, 600000, 800000}, sums)
    local doubled = parallel.map(function(t) return t * 2 end, list, {workers = 2})
    for i = 1, 4 do assert.equal(400000 * i, doubled[i]:sum()) end
  end)

  it('raises the first error and stays usable', function()
    local err = error_of(parallel.map, function(x) if x == 37 then error('no ' .. x) end return x end, numbers(100),
      {workers = 2})
    assert.equal('failed', err.code)
    assert.equal(37, err.task)
    assert.equal('37', err.argument)
    assert.matches('^task 37 %(37%) failed in worker %d: .*no 37', tostring(err))
    assert.same({1, 4}, parallel.map(square, {1, 2}, {workers = 2}))
  end)

  it('goes on after errors when asked to', function()
    local function odd(x) if x % 2 == 0 then error('even') end return x end
    local results, errors = parallel.map(odd, numbers(10), {on_error = 'skip', workers = 2})
    assert.same({1, nil, 3, nil, 5, nil, 7, nil, 9}, results)
    for i = 2, 10, 2 do assert.equal(i, errors[i].task) end
    assert.is_nil(errors[1])
    results, errors = parallel.map(odd, {1, 2, 3}, {on_error = function(err) return -err.task end})
    assert.same({1, -2, 3}, results)
    assert.equal(2, errors[2].task)
    assert.equal('mine', error_of(parallel.map, odd, {2}, {on_error = function() error('mine', 0) end}))
    local _, none = parallel.map(odd, {1}, {on_error = 'skip'})
    assert.is_nil(none)
  end)

  it('tries again as often as asked', function()
    local path = support.scratch('.tries')
    local function shaky(x)
      local file = assert(io.open(path .. x, 'a+'))
      file:write('x')
      file:seek('set')
      local tries = #file:read('*a')
      file:close()
      if tries < 3 then
        if x == 2 then os.exit(9) end
        error('try again')
      end
      return tries
    end
    assert.same({3, 3, 3}, parallel.map(shaky, {1, 2, 3}, {retries = 2, workers = 2}))
    for i = 1, 3 do os.remove(path .. i) end
    local err = error_of(parallel.map, function() error('always') end, {1}, {retries = 3})
    assert.equal(4, err.attempts)
    assert.matches('%(4 attempts%)', tostring(err))
  end)

  it('gives the same random numbers for any number of workers and any chunk', function()
    local function random() return {math.random(), math.random(1000), math.random()} end
    local function noise() return require('parallel.tensor').randn(3):sum() end
    local expected = parallel.map(random, numbers(60), {seed = 42, workers = 0})
    assert.not_same(expected[1], expected[2])
    require 'parallel.tensor'
    local init = function() require 'parallel.tensor' end
    local tensors = parallel.map(noise, numbers(20), {seed = 7, workers = 0})
    for _, workers in ipairs{1, 2, 7} do
      for _, chunk in ipairs{1, 13, false} do
        local options = {seed = 42, workers = workers, chunk = chunk or nil}
        assert.same(expected, parallel.map(random, numbers(60), options))
      end
      assert.same(tensors, parallel.map(noise, numbers(20), {seed = 7, workers = workers, init = init}))
    end
    assert.not_same(expected, parallel.map(random, numbers(60), {seed = 43, workers = 2}))
  end)

  it('seeds retried tasks as if it were the first time', function()
    local path = support.scratch('.seed')
    local expected = parallel.map(function() return math.random() end, {1, 2}, {seed = 1, workers = 0})
    local results = parallel.map(function(x)
      local value = math.random()
      local file = io.open(path .. x)
      if not file then
        assert(io.open(path .. x, 'w')):close()
        error('once')
      end
      file:close()
      return value
    end, {1, 2}, {seed = 1, workers = 2, retries = 1})
    assert.same(expected, results)
    os.remove(path .. 1)
    os.remove(path .. 2)
  end)

  it('counts with Philox4x32-10', function()
    -- The known answers of the paper's own implementation.
    local philox = require 'parallel.core'.philox
    assert.same({0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, {philox(0, 0)})
  end)

  it('reports progress', function()
    local seen = {}
    parallel.map(square, numbers(100), {progress = function(done, total) seen[#seen + 1] = {done, total} end})
    assert.same({100, 100}, seen[#seen])
    local code = [[
      local parallel = require 'parallel'
      parallel.map(function(x) return x end, {1, 2, 3, 4}, {progress = %s})]]
    assert.matches('100%% 4/4 %S+/s in %S+s\n$', (support.script(code:format('true'))))
    assert.matches('work 100%% 4/4', (support.script(code:format('"work"'))))
    assert.equal('', (support.script(code:format('true'), {env = 'PARALLEL_PROGRESS=0'})))
  end)

  it('works with workers of another Lua', function()
    local other, version = support.other('jit', '5.4')
    if not other then return pending 'there is no such Lua in this build' end
    local code = [[
      local parallel = require 'parallel'
      print(parallel.map(function(x) return _VERSION .. type(jit) .. x end, {1, 2}, {lua = arg[1], workers = 1})[2])]]
    local expected = version == 'jit' and 'Lua 5.1table2\n' or 'Lua 5.4nil2\n'
    assert.equal(expected, (support.script(code, {args = other})))
  end)

  it('refuses wrong use with words', function()
    assert.matches('map_spec.lua:%d+: map: a function expected, got nil', error_of(function() parallel.map(nil, {}) end))
    assert.matches('map: a list expected, got number', error_of(parallel.map, square, 5))
    assert.matches("no option 'wrokers'", error_of(parallel.map, square, {}, {wrokers = 1}))
    assert.matches("'on_error' must be", error_of(parallel.map, square, {}, {on_error = 'ignore'}))
  end)
end)

describe('pool:imap', function()
  local pool
  setup(function() pool = parallel.pool{workers = 2} end)
  teardown(function() pool:close() end)

  local function counter(n)
    local i = 0
    return function()
      i = i + 1
      if i <= n then return i end
    end, function() return i end
  end

  it('streams in order', function()
    local at = 0
    for i, value in pool:imap(square, (counter(1000))) do
      at = at + 1
      assert.equal(at, i)
      assert.equal(i * i, value)
    end
    assert.equal(1000, at)
  end)

  it('streams in any order when asked to', function()
    local seen, n, gate = {}, 0, support.gate()
    local path = gate.path
    local function slow_first(x)
      if x == 1 then await_file(path) end
      return x
    end
    local first
    for i, value in pool:imap(slow_first, (counter(50)), {ordered = false}) do
      if not first then
        first = i
        gate.open()
      end
      assert.equal(i, value)
      assert.is_nil(seen[i])
      seen[i] = true
      n = n + 1
    end
    assert.equal(50, n)
    assert.not_equal(1, first)
    gate.remove()
  end)

  it('reads no further ahead than in_flight', function()
    local iterator, position = counter(100)
    for i in pool:imap(square, iterator, {in_flight = 8}) do
      assert.is_true(position() <= i + 8, 'read ' .. position() .. ' at ' .. i)
    end
  end)

  it('reads ahead without being told at most 64 tasks a worker, 1024 of short ones', function()
    local function furthest(f, n)
      local iterator, position = counter(n)
      local most = 0
      for i in pool:imap(f, iterator) do most = math.max(most, position() - i) end
      return most
    end
    local size = pool.size
    local slow = furthest(function()
      local core = require 'parallel.core'
      local stop = core.clock() + 0.0002
      while core.clock() < stop do end
    end, 400)
    assert.is_true(slow <= 64 * size, 'read ' .. slow .. ' ahead')
    local short = furthest(square, 20000)
    assert.is_true(short <= 1024 * size, 'read ' .. short .. ' ahead')
  end)

  it('takes endless iterators and may be left early', function()
    local i = 0
    for n in pool:imap(square, function() i = i + 1 return i end) do
      if n == 100 then break end
    end
    assert.same({1, 4, 9}, pool:map(square, {1, 2, 3}))
  end)

  it('passes all values of the iterator on', function()
    local pairs_of = {}
    for _, text in pool:imap(function(k, v) return k .. '=' .. v end, ('a=1,b=2'):gmatch('(%w)=(%w)')) do
      pairs_of[#pairs_of + 1] = text
    end
    assert.same({'a=1', 'b=2'}, pairs_of)
  end)

  it('passes on as many as there are each time, also of those that came before and are tried again', function()
    local function count(...) return (select('#', ...)) end
    local i, counts, firsts = 0, {}, {}
    local function iterator()
      i = i + 1
      if i > 300 then return nil end
      if i < 150 or i % 2 == 0 then return i end
      return i, nil
    end
    for n, value in pool:imap(count, iterator, {in_flight = 200}) do counts[n] = value end
    for n = 1, 300 do assert.equal((n < 150 or n % 2 == 0) and 1 or 2, counts[n]) end
    i = 0
    local failures = 0
    local function fragile(x, ...)
      if x % 7 == 1 then error('never') end
      return select('#', ...) + 1
    end
    for n, value in pool:imap(fragile, iterator, {retries = 1, on_error = function(err)
      failures = failures + 1
      assert.equal(2, err.attempts)
      return -err.task
    end}) do firsts[n] = value end
    for n = 1, 300 do assert.equal(n % 7 == 1 and -n or counts[n], firsts[n]) end
    assert.equal(43, failures)
  end)

  it('raises what the iterator raises, after the results before it', function()
    local seen = {}
    local i = 0
    local err = error_of(function()
      for n in pool:imap(square, function()
        i = i + 1
        if i == 4 then error('source broke', 0) end
        return i
      end) do seen[#seen + 1] = n end
    end)
    assert.equal('source broke', err)
    assert.same({1, 2, 3}, seen)
    assert.matches('the iterator of imap raised false', error_of(function() pool:imap(square, function() error(false, 0) end)() end), 1, true)
    assert.same({1, 4, 9}, pool:map(square, {1, 2, 3}))
  end)

  it('raises a task\'s error in its place', function()
    local seen = {}
    local err = error_of(function()
      for n in pool:imap(function(x) if x == 5 then error('five') end return x end, (counter(10))) do
        seen[#seen + 1] = n
      end
    end)
    assert.equal(5, err.task)
    assert.same({1, 2, 3, 4}, seen)
    local values = {}
    for n, v in pool:imap(function(x) if x == 2 then error('two') end return x end, {1, 2, 3}, {on_error = 'skip'}) do
      values[n] = v or 'none'
    end
    assert.same({1, 'none', 3}, values)
  end)
end)
