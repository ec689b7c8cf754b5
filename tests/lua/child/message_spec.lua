-- Messages between parent and children.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local core = require 'parallel.core'

local echo = 'while true do parallel.parent:send(parallel.parent:receive()) end'

local error_of = support.error_of

describe('messages', function()
  after_each(function() parallel.close() end)

  it('stay where they are when a group cannot receive one of each', function()
    local torch = require 'parallel.tensor'
    local sender = [[
      local torch = require 'parallel.tensor'
      for i = 1, 2 do parallel.parent:send(('a'):rep(100) .. i) end
      for i = 1, 2 do parallel.parent:send(('b'):rep(1000000) .. i) end -- in the ring
      for i = 1, 2 do parallel.parent:send(('c'):rep(5000000) .. i) end -- through it
      for i = 1, 2 do parallel.parent:send(torch.range(i, 200000)) end -- beside it
      parallel.parent:receive()
    ]]
    for _ = 1, 2 do parallel.run(sender) end
    local bad = parallel.run('parallel.parent:send(1) parallel.parent:receive() error "on purpose"')
    assert.equal(('a'):rep(100) .. 1, parallel.children:receive()[1])
    local slow = parallel.run('parallel.parent:receive()')
    local given = {'mine'}
    assert.equal('timeout', error_of(parallel.children.receive, parallel.children, given, {timeout = 0.05}).code)
    slow:close()
    bad:send('now')
    local function expect_two(check)
      local err = error_of(parallel.children.receive, parallel.children, given)
      assert.equal('failed', err.code)
      assert.equal(bad.id, err.id)
      for i = 1, 2 do check(parallel.children[i]:receive()) end
    end
    local function equals(text) return function(value) assert.is_true(value == text) end end
    expect_two(equals(('a'):rep(100) .. 2))
    for i = 1, 2 do expect_two(equals(('b'):rep(1000000) .. i)) end
    for i = 1, 2 do expect_two(equals(('c'):rep(5000000) .. i)) end
    for i = 1, 2 do expect_two(function(value) assert.is_true(torch.range(i, 200000):equal(value)) end) end
    assert.same({'mine'}, given)
  end)

  it('are delivered in order, nil and false included', function()
    local child = parallel.run(echo)
    local values = {1, 'two', false, 3.5, 'nil', true, -7}
    for _, v in ipairs(values) do if v == 'nil' then child:send(nil) else child:send(v) end end
    for i, v in ipairs(values) do
      local got = child:receive()
      if v == 'nil' then assert.is_nil(got) else assert.equal(v, got) end
    end
  end)

  it('carry tables with cycles and shared parts', function()
    local child = parallel.run(echo)
    local shared = {'s'}
    local t = {a = shared, b = shared, list = {1, 2, nil, 4}}
    t.self, t[t] = t, 'key'
    child:send(t)
    local got = child:receive()
    assert.equal(got, got.self)
    assert.equal('key', got[got])
    assert.equal(got.a, got.b)
    assert.equal('s', got.a[1])
    assert.equal(4, got.list[4])
  end)

  it('carry functions', function()
    local child = parallel.run('local f = parallel.parent:receive() parallel.parent:send(f(20))')
    local offset = 22
    child:send(function(x) return x + offset end)
    assert.equal(42, child:receive())
  end)

  it('carry functions of this very test, whose environment is the framework\'s', function()
    local child = parallel.run('local f = parallel.parent:receive() parallel.parent:send(f(-4.5))')
    child:send(function(x) return math.floor(x) + select('#', string.byte('abc', 1, 3)) end)
    assert.equal(-2, child:receive())
  end)

  it('may be far larger than the buffer', function()
    local child = parallel.run(echo)
    local text = ('abcdefgh'):rep(4 * 1024 * 1024)
    child:send(text)
    assert.is_true(child:receive() == text)
    local list = {}
    for i = 1, 300000 do list[i] = i end
    child:send(list)
    local got = child:receive()
    assert.equal(300000, #got)
    assert.equal(299999, got[299999])
  end)

  it('never deadlock when both sides send first', function()
    for _, size in ipairs{1, 16 * 1024 * 1024} do
      local child = parallel.run([[
        local size = ...
        for i = 1, 3 do parallel.parent:send(('c'):rep(size)) end
        for i = 1, 3 do assert(#parallel.parent:receive() == size) end
        return 'done'
      ]], size)
      for _ = 1, 3 do child:send(('p'):rep(size)) end
      for _ = 1, 3 do assert.equal(size, #child:receive()) end
      assert.equal('done', child:join())
    end
  end)

  it('come out after the child has ended, also after the join', function()
    local child = parallel.run('for i = 1, 100 do parallel.parent:send(i) end parallel.parent:send(("x"):rep(2^23))')
    child:join()
    assert.equal(child, parallel.children[child.id])
    for i = 1, 100 do assert.equal(i, child:receive()) end
    assert.equal(2 ^ 23, #child:receive())
    assert.is_nil(parallel.children[child.id])
    local err = error_of(child.receive, child)
    assert.equal('closed', err.code)
    assert.equal(child.id, err.id)
    assert.equal('closed', error_of(child.send, child, 1).code)
  end)

  it('with long strings go through any ring, every way', function()
    local size = parallel.getSharedSize()
    for _, ring in ipairs{16384, size} do
      parallel.setSharedSize(ring)
      for _, n in ipairs{262143, 262144, 5000000} do
        local s, t = ('s'):rep(n), ('t'):rep(n)
        local child = parallel.run([[
          local s, t = ...
          parallel.parent:send{s, t}
          parallel.parent:send(parallel.parent:receive())
          parallel.parent:send(parallel.parent:receive())
          return t, s
        ]], s, t)
        local r = child:receive()
        assert.is_true(r[1] == s and r[2] == t)
        child:send{s, {t, s}, [t] = {[s] = t}, last = 1}
        parallel.children:send(t)
        r = child:receive()
        assert.is_true(r[1] == s and r[2][1] == t and r[2][2] == s and r[t][s] == t and r.last == 1)
        assert.is_true(parallel.children:receive()[child.id] == t)
        r = {child:join()}
        assert.is_true(r[1] == t and r[2] == s)
        local err = error_of(function() parallel.run('error{text = ...}', s):join() end)
        assert.is_true(err.value.text == s)
      end
    end
    parallel.setSharedSize(size)
  end)

  it('that cannot travel are refused with their path, and the channel goes on', function()
    local child = parallel.run(echo)
    local err = error_of(child.send, child, {users = {1, 2, {sock = io.stdout}}})
    assert.equal('unsupported', err.code)
    assert.matches('message%.users%[3%]%.sock: cannot send a userdata', tostring(err))
    assert.equal('unsupported', error_of(child.send, child, coroutine.create(function() end)).code)
    assert.equal('unsupported', error_of(child.send, child, child).code)
    child:send('still works')
    assert.equal('still works', child:receive())
  end)

  it('time out when none comes', function()
    local child = parallel.run(echo)
    local err = error_of(child.receive, child, {timeout = 0.02})
    assert.equal('timeout', err.code)
    assert.matches('receive from child ' .. child.id, tostring(err))
    assert.equal('timeout', error_of(child.join, child, {timeout = 0.02}).code)
    child:send(1)
    assert.equal(1, child:receive{timeout = 30})
  end)

  it('are tried for without raising', function()
    local child = parallel.run(echo)
    local ok, err = child:try_receive(0.02)
    assert.is_false(ok)
    assert.equal('timeout', err.code)
    child:send(nil)
    local came, value = child:try_receive(30)
    assert.is_true(came)
    assert.is_nil(value)
    child:send(false)
    came, value = child:try_receive(30)
    assert.is_true(came)
    assert.is_false(value)
  end)

  it('come without waiting', function()
    local child = parallel.run(echo)
    local value, came = child:receive('noblock')
    assert.is_nil(value)
    assert.is_false(came)
    child:send('x')
    assert.is_true(support.eventually(function()
      value, came = child:receive('noblock')
      return came
    end))
    assert.equal('x', value)
  end)

  it('wait in the child for the parent', function()
    local child = parallel.run('local ok, err = parallel.parent:try_receive(0.01) return ok, err.code')
    local ok, code = child:join()
    assert.is_false(ok)
    assert.equal('timeout', code)
  end)

  it('need a colon and a child', function()
    local child = parallel.run(echo)
    assert.matches('colon', tostring(error_of(child.send, 5)))
    assert.matches("'noblock' or an options table", tostring(error_of(child.receive, child, 'nonblock')))
    assert.matches('timeout', tostring(error_of(child.receive, child, {timeout = -1})))
    assert.matches('timeout', tostring(error_of(child.receive, child, {timeout = 'x'})))
  end)

  it('have no other end in the top process', function()
    local out = support.script('require "parallel" print(pcall(function() return parallel.parent:receive() end))')
    assert.matches('it has no parent', out)
  end)
end)

describe('groups', function()
  after_each(function() parallel.close() end)

  it('send to all, receive one of each by id, and join', function()
    for i = 1, 3 do parallel.run('local x = parallel.parent:receive() parallel.parent:send(x * parallel.id) return parallel.id') end
    parallel.children:send(10)
    local got = parallel.children:receive()
    local ids = {}
    for id in pairs(parallel.children) do
      ids[#ids + 1] = id
      assert.equal(10 * id, got[id])
    end
    assert.equal(3, #ids)
    local values = parallel.children:join()
    for _, id in ipairs(ids) do assert.equal(id, values[id]) end
    assert.is_nil(next(parallel.children))
  end)

  it('work as functions on a child, the group and a plain list', function()
    local code = 'parallel.parent:send(parallel.parent:receive() + 1) return "r"'
    local w = {parallel.run(code), parallel.run(code)}
    parallel.send(w, 1)
    assert.same({2, 2}, parallel.receive(w))
    assert.same({'r', 'r'}, parallel.join(w))
    local one = parallel.run(code)
    parallel.send(one, 5)
    assert.equal(6, parallel.receive(one))
    assert.equal('r', parallel.join(one))
    assert.matches('list of children expected, got number', tostring(error_of(parallel.send, 5, 1)))
    assert.matches('element 2', tostring(error_of(parallel.join, {one, 'x'})))
  end)

  it('name a child once to receive from it: no message is lost when one is named twice', function()
    local child = parallel.run 'for i = 1, 3 do parallel.parent:send(i) end parallel.parent:receive()'
    for _, given in ipairs{'noblock', {timeout = support.patience}} do
      assert.matches('child ' .. child.id .. ' is in the list twice', tostring(error_of(parallel.receive, {child, child}, given)))
    end
    assert.same({1}, parallel.receive({child}, {timeout = support.patience}))
    core.child.hold(child) -- as the call does that a hook of the program comes in the middle of
    assert.equal(2, child:receive{timeout = support.patience})
    assert.matches('a message of child ' .. child.id .. ' is being received', tostring(error_of(parallel.receive, {child}, 'noblock')))
    core.child.settle(child, false)
    for i = 2, 3 do assert.same({i}, parallel.receive({child}, {timeout = support.patience})) end
    child:send(true)
    child:join()
  end)

  it('tell of all that a message did not reach, when the rest has it', function()
    local list = {}
    for i = 1, 5 do
      local ends = i == 2 and 'error("no", 0)' or i == 4 and 'os.exit(7)'
      list[i] = parallel.run(ends or 'parallel.parent:send(parallel.parent:receive())')
      while ends and pcall(parallel.send, {list[i]}, 'are you there?') do end -- one who is about to go may still be sent to
      if ends then assert.is_false((pcall(parallel.send, {list[i]}, 'are you there?'))) end -- who is gone stays gone
    end
    local err = error_of(parallel.send, list, 'all')
    assert.same({'failed', list[2].id, 1}, {err.code, err.id, #err.others})
    assert.same({'died', list[4].id, 7}, {err.others[1].code, err.others[1].id, err.others[1].status})
    assert.is_nil(err.others[1].others)
    for _, i in ipairs{1, 3, 5} do assert.equal('all', list[i]:receive{timeout = support.patience}) end
    assert.is_nil(error_of(parallel.send, {list[4]}, 'one').others)
  end)

  it('may be empty', function()
    assert.same({}, parallel.children:join())
    assert.same({}, parallel.children:receive())
    parallel.children:send(1)
    assert.same({}, parallel.receive({}))
  end)

  it('join all before an error is raised', function()
    parallel.run('error("first", 0)')
    local slow = parallel.run('parallel.parent:send("sent") return "value"')
    parallel.run('error("third", 0)')
    local err = error_of(parallel.children.join, parallel.children)
    assert.equal('failed', err.code)
    assert.equal('first', err.message)
    assert.equal('third', err.others[1].message)
    assert.equal('sent', slow:receive())
    assert.is_nil(next(parallel.children))
  end)

  it('send to the living when one has died, and say so', function()
    local a = parallel.run(echo)
    local dead = parallel.run('return 1')
    local b = parallel.run(echo)
    assert.is_true(support.eventually(function() return not pcall(dead.send, dead, 'x') end))
    local err = error_of(parallel.children.send, parallel.children, {'to all'})
    assert.equal('closed', err.code)
    assert.equal(dead.id, err.id)
    assert.same({'to all'}, a:receive())
    assert.same({'to all'}, b:receive())
  end)

  it('wait for each message as long as they are told', function()
    local child = parallel.run('parallel.parent:send(1) parallel.parent:receive()')
    local err = support.error_of(function()
      for from, value in parallel.children:messages{timeout = 0.2} do assert.same({child, 1}, {from, value}) end
    end)
    assert.equal('timeout', err.code)
    assert.matches('messages: the time is up', tostring(err))
    assert.matches("messages: there is no option 'time'", support.message_of(function() parallel.children:messages{time = 1} end))
    child:send('end')
    child:join()
  end)

  it('give messages as they come until all have ended', function()
    for i = 1, 4 do parallel.run('for i = 1, 50 do parallel.parent:send(i) end') end
    local sums, n = {}, 0
    for child, value in parallel.children:messages() do
      sums[child.id] = (sums[child.id] or 0) + value
      n = n + 1
    end
    assert.equal(200, n)
    for _, sum in pairs(sums) do assert.equal(1275, sum) end
    parallel.children:join()
  end)

  it('select the child that has something', function()
    local quiet = parallel.run(echo)
    local ready = parallel.run(echo)
    assert.is_nil(parallel.select(0.02))
    ready:send('x')
    assert.equal(ready, parallel.select(30))
    assert.equal(ready, parallel.select({quiet, ready}, 30))
    assert.is_nil(parallel.select({quiet}, 0.02))
    assert.equal('x', ready:receive())
    assert.is_nil(parallel.select({}))
    local ended = parallel.run('')
    assert.equal(ended, parallel.select({quiet, ended}))
    assert.equal(ended, parallel.select())
  end)

  it('select from lists that change, in turn', function()
    local list = {}
    for i = 1, 3 do list[i] = parallel.run(echo) end
    local function heard(from)
      local child = parallel.select(from, 30)
      child:receive()
      return child
    end
    for round = 1, 20 do
      for i = 1, 3 do list[i]:send(round) end
      local seen = {}
      for _ = 1, 3 do seen[heard(list)] = true end
      for i = 1, 3 do assert.is_true(seen[list[i]]) end
      assert.is_nil(parallel.select(list, 0))
    end
    local out = table.remove(list, 1)
    out:send('not asked for')
    assert.is_nil(parallel.select(list, 0.01))
    assert.equal(out, heard(out))
    list[3] = parallel.run(echo)
    for _, i in ipairs{3, 2, 1} do
      list[i]:send(i)
      assert.equal(list[i], heard(list))
      assert.equal(nil, parallel.select({list[i]}, 0)) -- others of these lists come and go
      assert.equal(nil, parallel.select({out, list[i]}, 0))
      assert.equal(nil, parallel.select({list[1], out, list[2]}, 0))
      assert.equal(nil, parallel.select({list[2], list[1]}, 0))
    end
    list[2]:close()
    assert.equal(list[2], parallel.select(list, 30)) -- gone, with nothing left to say
    assert.equal(list[2], parallel.select(list, 0))
    table.remove(list, 2)
    list[1]:send('x')
    assert.equal(list[1], heard(list))
    assert.matches('element 2', select(2, pcall(parallel.select, {list[1], 'x'})))
  end)
end)

describe('yield and join', function()
  after_each(function() parallel.close() end)

  it('hand a message over', function()
    local child = parallel.run([[
      local got = {}
      for i = 1, 3 do
        parallel.parent:send('before ' .. i)
        got[i] = parallel.yield()
      end
      return got
    ]])
    for i = 1, 3 do
      assert.is_nil(child:join({n = i}))
      assert.equal('before ' .. i, child:receive())
    end
    assert.same({{n = 1}, {n = 2}, {n = 3}}, child:join())
  end)

  it('work for a group of which half has ended', function()
    local ended = parallel.run('return "ended"')
    local yields = parallel.run('return parallel.yield()')
    assert.same({[ended.id] = 'ended'}, parallel.children:join('go'))
    assert.equal('go', yields:join())
  end)

  it('tells who receives from a child that waits to be joined', function()
    local child = parallel.run('parallel.yield()')
    local err = error_of(child.receive, child)
    assert.equal('yielded', err.code)
    assert.matches('join it first', tostring(err))
  end)
end)
