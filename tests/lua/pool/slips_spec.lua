-- Slips with pools and maps that everybody makes: each is told, with what to do.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local message_of, error_of = support.message_of, support.error_of

local function double(x) return 2 * x end

describe('options of pools', function()
  it('that there are not are named, the nearest first', function()
    assert.matches("parallel.pool: there is no option 'worker'; workers? (workers, ", message_of(parallel.pool, {worker = 1}), 1, true)
    assert.matches("parallel.map: there is no option 'retry_count'; ", message_of(parallel.map, double, {}, {retry_count = 1}), 1, true)
    local pool = parallel.pool{workers = 0}
    assert.matches("imap: there is no option 'order'; ordered? (ordered, ", message_of(pool.imap, pool, double, {}, {order = true}), 1, true)
    assert.matches("close: there is no option 'force' (now)", message_of(pool.close, pool, {force = true}), 1, true)
    pool:close()
  end)

  it('are checked by futures too', function()
    local pool = parallel.pool{workers = 1}
    local fut = pool:submit(double, 1)
    assert.matches("result: there is no option 'time_out'; timeout?", message_of(fut.result, fut, {time_out = 1}), 1, true)
    assert.equal(2, fut:result{timeout = support.patience})
    pool:close{now = true}
  end)
end)

describe('methods of pools', function()
  it('without their colon are told, each by its name and with the line of the program', function()
    local pool = parallel.pool{workers = 0}
    for _, name in ipairs{'map', 'pairs_map', 'imap', 'submit', 'everywhere', 'group', 'stats', 'poll', 'fd', 'close'} do
      for _, wrong in ipairs{false, 'x', {}} do
        local message = message_of(function() pool[name](wrong or nil) end)
        assert.matches(('slips_spec.lua:%%d+: %s: a pool expected, got %s %%(call it as pool:%s%%(%%), with a colon%%)')
          :format(name, type(wrong or nil), name), message)
      end
    end
    pool:close()
  end)
end)

describe('pool:everywhere', function()
  for _, workers in ipairs{0, 2} do
    it(('obeys the time limit of a pool of %d workers'):format(workers), function()
      local pool = parallel.pool{workers = workers, timeout = 0.2}
      local err = error_of(pool.everywhere, pool, function() while true do end end)
      assert.equal('timeout', err.code)
      assert.matches('no result after 0.2 s', tostring(err), 1, true)
      assert.same({2, 4}, pool:map(double, {1, 2}, {timeout = support.patience}))
      local answers
      assert.is_true(support.eventually(function() -- what is short may be late, too, where a machine is busy with others
        local ok, list = pcall(pool.everywhere, pool, function() return 'yes' end)
        answers = list
        return ok
      end))
      assert.same(workers == 0 and {'yes'} or {'yes', 'yes'}, answers)
      pool:close{now = true}
    end)
  end

  it('raises the same error with workers and without', function()
    for _, workers in ipairs{0, 1} do
      local pool = parallel.pool{workers = workers}
      local err = error_of(pool.everywhere, pool, function(x) error('no ' .. x, 0) end, 'luck')
      assert.equal('no luck', err.message)
      pool:close()
    end
  end)
end)

describe('a table that is no list', function()
  it('is refused when nothing of it would be taken', function()
    local message = message_of(parallel.map, double, {a = 1, b = 2})
    assert.matches("map: this table has no element 1, but the key '[ab]': map takes elements 1, 2, 3, ...; parallel.pairs_map%(f, table%)", message)
    assert.matches("imap: this table has no element 1", message_of(function()
      local pool = parallel.pool{workers = 0}
      for _ in pool:imap(double, {x = 1}) do error('none was expected') end
    end), 1, true)
  end)

  it('is refused when a hole ends it', function()
    local message = message_of(parallel.map, double, {1, 2, 3, [5] = 5, [6] = 6, [9] = 9})
    assert.matches('map: this list has a hole: of it elements 1 to %d would be taken, and not element %d', message)
    assert.matches("this table has no element 1, but the key '0'", message_of(parallel.map, double, {[0] = 0}), 1, true)
    assert.same({2, 4}, parallel.map(double, {[-1] = 'lua', [0] = 'script.lua', 1, 2})) -- as arg is
    assert.matches('of it no element would be taken, and not element 3:', message_of(parallel.map, double, {[3] = 3}), 1, true)
  end)

  it('is a list with fields, made in any order, empty, or of a length that it says', function()
    assert.same({2, 4}, parallel.map(double, {1, 2, name = 'list'}))
    local backwards = {}
    for i = 100, 1, -1 do backwards[i] = i end
    assert.equal(100, #parallel.map(double, backwards))
    assert.same({}, parallel.map(double, {}))
    assert.same({}, parallel.map(double, {n = 0}))
    assert.same({2, nil, 6}, parallel.map(function(x) return x and 2 * x end, {n = 3, 1, nil, 3}))
  end)
end)

describe('pairs_map', function()
  it('maps every value and keeps the keys', function()
    local t = {a = 1, b = 2, [10] = 3, [true] = 4, [1.5] = 5, 6}
    local expected = {}
    for key, value in pairs(t) do expected[key] = tostring(key) .. value end
    for _, workers in ipairs{0, 2} do
      assert.same(expected, parallel.pairs_map(function(value, key) return tostring(key) .. value end, t, {workers = workers}))
    end
    assert.same({}, parallel.pairs_map(double, {}))
  end)

  it('names keys in errors, and takes the options of map', function()
    local results, errors = parallel.pairs_map(function(value, key)
      if key == 'bad' then error('no good') end
      return value
    end, {good = 1, bad = 2}, {on_error = 'skip'})
    assert.same({good = 1}, results)
    assert.matches('%(2, "bad"%) failed in worker %d+: .*no good', tostring(errors.bad))
    local seeded = function(_, key) return key .. math.random(1e6) end
    local t = {x = 1, y = 2, z = 3}
    assert.same(parallel.pairs_map(seeded, t, {seed = 7, workers = 1}), parallel.pairs_map(seeded, t, {seed = 7, workers = 2}))
  end)
end)

describe('errors of nested maps', function()
  local function outer(list)
    return parallel.map(function(x)
      if x == 5 then error('five!') end
      return x
    end, list)
  end

  it('say which task of which map, once, and leave out frames of the library', function()
    local err = error_of(parallel.map, outer, {{1, 2}, {4, 5, 6}}, {workers = 1})
    local text = tostring(err)
    assert.matches('^task 2 %(5%) of the inner map, in task 2 %({4, 5, 6}%) of the outer: .*slips_spec.lua:%d+: five!', text)
    assert.equal(2, err.task)
    assert.matches('slips_spec.lua:%d+: five!$', err.message)
    local _, count = text:gsub('five!', '')
    assert.equal(1, count)
    assert.not_matches('lua/parallel/', text)
    assert.not_matches('%[C%]: in %S* ?%S*raise', text)
    assert.matches('slips_spec.lua:%d+: in ', text) -- ours to see: where it was raised
    assert.not_matches('stack traceback:$', text) -- of the outer map there is nothing to see
  end)

  it('leave them out as well where the library lies deep, in a clone that is called parallel', function()
    local folder = ('%s/%s/parallel'):format(support.scratch('.d'), ('deep '):rep(20))
    support.shell(('mkdir -p %s && ln -s "$(readlink -f %s/lua)" %s/lua'):format(support.quote(folder), support.quote(support.root),
      support.quote(folder)))
    support.write_file(folder .. '/mine.lua', [[
      local parallel = require 'parallel'
      local function fail(x) error('number ' .. x, 0) end
      print(select(2, pcall(parallel.map, function(x) fail(x) end, {7}, {workers = 1})))
      local child = parallel.run(function()
        local function waits_here() return parallel.parent:receive() .. '' end
        parallel.parent:send('begins')
        return (waits_here())
      end)
      child:receive()
      local text
      for _ = 1, 1000 do
        text = child:traceback() or ''
        if text:find('waits_here', 1, true) then break end
      end
      print(text)
      child:close()
    ]])
    local out = support.shell(('unset LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_PATH_5_5; LUA_PATH=%s LUA_CPATH=%s %s %s'):format(
      support.quote(folder .. '/lua/?.lua;' .. folder .. '/lua/?/init.lua'), support.quote(support.build .. '/lib/' .. support.version .. '/?.so'),
      support.quote(support.interpreter(support.version)), support.quote(folder .. '/mine.lua')))
    support.shell('rm -r ' .. support.quote(folder:gsub('/deep.*', '')))
    assert.matches('^task 1 %(7%) failed in worker %d+: number 7\nstack traceback:\n', out)
    assert.matches('mine.lua:%d+: in %a+ %S*fail', out)
    assert.matches('mine.lua:%d+: in %a+ %S*waits_here', out) -- the user's lines, though their folder is called parallel
    assert.not_matches('lua/parallel/', out)
  end)

  it('of three maps name each', function()
    local text = message_of(parallel.map, function(lists) return parallel.map(outer, lists) end, {{{5}}}, {workers = 1})
    assert.matches('task 1 %(5%) of the inner map, in task 1 %b() of the one around it, in task 1 %b() of the outer: ', text)
  end)
end)
