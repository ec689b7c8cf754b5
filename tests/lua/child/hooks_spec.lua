-- What runs in the middle of calls on children: debug hooks (Ctrl-C is one), finalizers, hooks of registered types. They may close the
-- child, receive from it, send to it, encode and decode; the call ends as it should, and nothing is used after it was freed.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local core = require 'parallel.core'

-- Sends until the ring is full, and waits.
local function send_much(target) for _ = 1, 10000 do target:send(('x'):rep(60000)) end end

-- A type whose hooks call what stands here.
local on_encode, on_decode = nil, nil
parallel.register('FILE*', {
  encode = function() if on_encode then return on_encode() end end,
  decode = function(...)
    if on_decode then return on_decode(...) end
    return io.stdout
  end,
})

-- Calls f once, from a debug hook that fires while a call waits.
local function once_in_a_wait(f)
  local done = false
  debug.sethook(function()
    if done or debug.getinfo(2, 'S').source ~= 'return' then return end
    done = true
    debug.sethook()
    f()
  end, '', 1)
  return function() return done end
end

-- Calls f from a finalizer that runs at some moment after this, once.
local function once_in_a_finalizer(f)
  local done = false
  local function finalize()
    if done then return end
    done = true
    f()
  end
  if newproxy then -- luacheck: ignore
    getmetatable(newproxy(true)).__gc = finalize -- luacheck: ignore
  else
    setmetatable({}, {__gc = finalize})
  end
  return function() return done end
end

local function silent_child() return parallel.run(function() require 'parallel.core'.sleep(1000) end) end

-- Sends what makes the collector run while it is decoded, until told otherwise.
local function talking_child()
  return parallel.run(function()
    local list = {}
    for i = 1, 300 do list[i] = {name = 'entry ' .. i, text = ('%d'):format(i):rep(20)} end
    while true do parallel.parent:send(list) end
  end)
end

local function closed_text(f, ...)
  local err = support.message_of(f, ...)
  assert.matches('was closed', err)
end

before_each(function() on_encode, on_decode = nil, nil end)
after_each(function()
  debug.sethook()
  collectgarbage('restart')
  parallel.close()
  assert.equal(0, parallel.nchildren)
end)

describe('a child that is closed by a debug hook', function()
  local calls = {
    receive = function(child) child:receive() end,
    ['receive with a time limit'] = function(child) child:receive{timeout = 100} end,
    try_receive = function(child) child:try_receive(100) end,
    send = send_much,
    join = function(child) child:join() end,
    sync = function(child) child:sync() end,
    ['parallel.receive'] = function(child) parallel.receive(child) end,
  }
  for name, call in pairs(calls) do
    it('during ' .. name, function()
      local child = silent_child()
      local done = once_in_a_wait(function() child:close() end)
      closed_text(call, child)
      assert.is_true(done())
      assert.matches('closed', tostring(child))
    end)
  end

  it('during join of a child that yields later', function()
    local child = parallel.run(function()
      parallel.parent:receive()
      parallel.yield()
    end)
    once_in_a_wait(function() child:close() end)
    closed_text(child.join, child, 'go on')
  end)

  it('during a receive of a group', function()
    local first, second = silent_child(), silent_child()
    once_in_a_wait(function() second:close() first:close() end)
    closed_text(function() parallel.children:receive() end)
  end)

  it('during a join and a sync of a group', function()
    for _, name in ipairs{'join', 'sync'} do
      local first, second = silent_child(), silent_child()
      once_in_a_wait(function() second:close() first:close() end)
      closed_text(function() parallel.children[name](parallel.children) end)
    end
  end)

  it('during a broadcast: the others get the message', function()
    local first, second = silent_child(), parallel.run(function()
      local n = 0
      while parallel.parent:receive() ~= 'end' do n = n + 1 end
      return n
    end)
    local sent = 0
    once_in_a_wait(function() first:close() end)
    closed_text(function()
      while true do
        sent = sent + 1
        parallel.children:send(('x'):rep(60000))
      end
    end)
    second:send('end')
    assert.equal(sent, second:join())
  end)

  it('at any step of a broadcast, the first of several', function()
    local out, status = support.script [[
      local parallel = require 'parallel'
      local function silent_child() return parallel.run(function() require 'parallel.core'.sleep(1000) end) end
      local first = silent_child()
      for n = 1, 70 do
        local second = silent_child()
        debug.sethook(function()
          debug.sethook()
          first:close()
        end, '', n)
        local ok, err = pcall(parallel.children.send, parallel.children, n)
        debug.sethook()
        assert(ok or tostring(err):find('closed', 1, true), tostring(err))
        first:close()
        first = second
      end
      os.exit(0)
    ]]
    assert.equal(0, status, out)
  end)

  it('during select, which goes on with those that are left', function()
    local first = silent_child()
    local second = parallel.run(function() require 'parallel.core'.sleep(0.3) parallel.parent:send('late') end)
    once_in_a_wait(function() first:close() end)
    assert.equal(second, parallel.select())
    assert.equal('late', second:receive())
    second:join()
  end)

  it('during select, when none is left', function()
    local first = silent_child()
    once_in_a_wait(function() first:close() end)
    assert.is_nil(parallel.select())
  end)

  it('during messages, which ends then', function()
    local first, second = silent_child(), silent_child()
    once_in_a_wait(function() first:close() second:close() end)
    for _ in parallel.children:messages() do error('there is none') end
  end)

  it('during the wait of a map', function()
    local pool = parallel.pool{workers = 2}
    once_in_a_wait(function() pool:close{now = true} end)
    assert.matches('closed', support.message_of(pool.map, pool, function() require 'parallel.core'.sleep(5) end, {1, 2, 3, 4}))
  end)
end)

describe('messages', function()
  it('ends when its body closes the last child', function()
    local child = talking_child()
    local n = 0
    for from in parallel.children:messages() do
      n = n + 1
      assert.equal(child, from)
      from:close()
    end
    assert.equal(1, n)
  end)

  it('goes on with the others when its body closes one', function()
    local first = talking_child()
    local second = parallel.run(function() for i = 1, 3 do parallel.parent:send(i) end end)
    local seen = {}
    for from, value in parallel.children:messages() do
      if from == first then from:close() else seen[#seen + 1] = value end
    end
    assert.same({1, 2, 3}, seen)
    second:join()
  end)
end)

describe('a finalizer', function()
  -- Receives until the finalizer has run, in the middle of a decode as likely as not; many times.
  local function many_times(run, receive)
    for _ = 1, support.sanitized and 20 or 60 do
      local child = talking_child()
      local done = once_in_a_finalizer(function() run(child) end)
      pcall(function()
        for _ = 1, 1000 do
          receive(child)
          if done() then break end
        end
      end)
      assert.is_true(done())
      child:close()
    end
  end

  it('closes the child whose message is decoded', function()
    many_times(function(child) child:close() end, function(child) child:receive() end)
    many_times(function(child) child:close() end, function(child) child:try_receive(100) end)
  end)

  it('closes the child to whom a message is encoded', function()
    for _ = 1, 30 do
      local child = parallel.run(function() while true do parallel.parent:receive() end end)
      local done = once_in_a_finalizer(function() child:close() end)
      assert.matches('closed', support.message_of(function()
        while true do
          local list = {}
          for i = 1, 100 do list[i] = function() return i end end
          child:send(list)
        end
      end))
      assert.is_true(done())
    end
  end)

  it('closes the child whose output is asked for', function()
    for _ = 1, support.sanitized and 4 or 10 do
      local child = parallel.run{code = [[
        for i = 1, 100 do io.stdout:write(('out %d '):format(i):rep(20)) io.stderr:write(('err %d '):format(i):rep(20)) end
      ]], stdout = 'capture'}
      parallel.join{child}
      local done, err, garbage = once_in_a_finalizer(function() child:close() end), nil, 20000
      while not done() do
        garbage = garbage + #('x'):rep(garbage) % 2 + 1 -- another string each time
        local ok, text, errors = pcall(child.output, child)
        if ok then assert.is_true(#text > 10000 and #errors > 10000) else err = text end
      end
      if err then assert.matches('was closed', err) end
    end
  end)

  it('closes a child of which a group is made', function()
    local size = parallel.getSharedSize()
    parallel.setSharedSize(2 ^ 20) -- what a child is told of 40 groups has to fit, as it never reads it
    for _ = 1, 4 do
      local list = {}
      for i = 1, 4 do list[i] = silent_child() end
      local done = once_in_a_finalizer(function() for i = 1, 4 do list[i]:close() end end)
      local ok, err = true, nil
      for i = 1, 40 do
        local garbage = ('x'):rep(30000 + i)
        ok, err = pcall(parallel.group, list, {name = #garbage .. ''})
        if not ok then break end
      end
      collectgarbage()
      assert.is_true(done())
      if not ok then
        local text = tostring(err)
        assert.is_true(text:find('closed', 1, true) ~= nil or text:find('has ended', 1, true) ~= nil, text)
      end
    end
    parallel.setSharedSize(size)
  end)

  it('encodes and decodes while a message is decoded, which is whole', function()
    local child = talking_child()
    for _ = 1, 100 do
      local inner
      once_in_a_finalizer(function() inner = parallel.decode(parallel.encode{'inside', {1, 2.5, true}}) end)
      local list = child:receive()
      for i = 1, 300 do assert.equal('entry ' .. i, list[i].name) end
      assert.is_true(inner == nil or inner[1] == 'inside' and inner[2][2] == 2.5)
    end
    child:close()
  end)

  it('cannot receive from the child whose message is being decoded, and is told so', function()
    local child = talking_child()
    local said, tried = nil, 0
    for _ = 1, 2000 do
      once_in_a_finalizer(function()
        tried = tried + 1
        local ok, err = pcall(child.receive, child)
        if not ok then said = tostring(err) end
      end)
      local list = child:receive()
      for i = 1, 300 do assert.equal('entry ' .. i, list[i].name) end
      if said then break end
    end
    assert.is_true(tried > 0)
    if said then assert.matches('being read right now', said) end
    child:close()
  end)

  it('sends to the child for which a long message waits: both arrive whole', function()
    local child = parallel.run(function()
      require 'parallel.core'.sleep(0.05)
      local list, text = parallel.parent:receive(), parallel.parent:receive()
      for i = 1, #list do
        if list[i] ~= i / 2 then error('wrong at ' .. i) end
      end
      return #list, text
    end)
    local list = {}
    for i = 1, 500000 do list[i] = i / 2 end
    local done = once_in_a_wait(function() child:send('inside') end)
    child:send(list)
    debug.sethook()
    if not done() then child:send('inside') end
    assert.same({500000, 'inside'}, {child:join()})
  end)

  it('sends to the child to whom a message is being encoded: both arrive whole', function()
    local child = parallel.run(function()
      local outer, inner = 0, 0
      while true do
        local value = parallel.parent:receive()
        if value == 'end' then return outer, inner end
        if type(value) == 'string' then
          assert(value == ('inner'):rep(50), 'an inner message is broken')
          inner = inner + 1
        else
          for i = 1, 200 do assert(value[i]() == i and value['key ' .. i] == i, 'an outer message is broken') end
          outer = outer + 1
        end
      end
    end)
    local sent = 0
    for _ = 1, 200 do
      once_in_a_finalizer(function()
        child:send(('inner'):rep(50))
        sent = sent + 1
      end)
      local list = {}
      for i = 1, 200 do
        list[i] = function() return i end
        list['key ' .. i] = i
      end
      child:send(list)
    end
    collectgarbage()
    child:send('end')
    local outer, inner = child:join()
    assert.equal(200, outer)
    assert.equal(sent, inner)
    assert.is_true(inner > 0)
  end)
end)

describe('an encode hook', function()
  it('may close the child to whom the message goes', function()
    local child = silent_child()
    on_encode = function() child:close() return 1 end
    closed_text(child.send, child, {1, io.stdout, 2})
  end)

  it('may close one of those to whom a broadcast goes', function()
    local first, second = silent_child(), parallel.run(function()
      parallel.register('FILE*', {encode = function() end, decode = function() return io.stdout end})
      return #parallel.parent:receive()
    end)
    on_encode = function() first:close() return 1 end
    closed_text(function() parallel.children:send{1, io.stdout, 2} end)
    assert.equal(3, second:join())
  end)

  it('may send to the same child, before', function()
    local child = parallel.run(function()
      parallel.register('FILE*', {encode = function() end, decode = function() return 'hooked' end})
      return parallel.parent:receive(), parallel.parent:receive()[2]
    end)
    on_encode = function() on_encode = nil child:send('first') return 1 end
    child:send{1, io.stdout, 2}
    assert.same({'first', 'hooked'}, {child:join()})
  end)

  it('may raise: its error is the send\'s, and the child is as it was', function()
    local child = parallel.run(function() return parallel.parent:receive() end)
    on_encode = function() error('no such luck', 0) end
    assert.equal('no such luck', support.error_of(child.send, child, {io.stdout}))
    on_encode = function() error({code = 7}) end
    assert.equal(7, support.error_of(child.send, child, {io.stdout}).code)
    child:send('well')
    assert.equal('well', child:join())
  end)

  it('may close the pool of the map whose task is encoded', function()
    local pool = parallel.pool{workers = 2}
    on_encode = function() pool:close{now = true} return 1 end
    assert.matches('closed', support.message_of(pool.map, pool, tostring, {io.stdout, io.stdout}))
    assert.matches('closed', support.message_of(pool.map, pool, tostring, {1}))
    local futures = parallel.pool{workers = 2}
    on_encode = function() futures:close{now = true} return 1 end
    assert.matches('closed', support.message_of(function() return futures:submit(tostring, io.stdout):result() end))
  end)
end)

describe('a decode hook', function()
  -- Sends an object of the type, then numbers.
  local function numbering_child(size)
    return parallel.run(function(bytes)
      parallel.register('FILE*', {encode = function() return ('y'):rep(bytes) end, decode = function() end})
      parallel.parent:send{before = 'b', io.stdout, after = ('z'):rep(bytes)}
      for i = 1, 3 do parallel.parent:send(i) end
      return 'done'
    end, size)
  end

  for _, size in ipairs{10, 100000, 3000000} do
    it('may receive the next message from the same child, ' .. size .. ' bytes', function()
      local child = numbering_child(size)
      local inner
      on_decode = function(bytes)
        assert.equal(size, #bytes)
        inner = child:receive()
        return io.stderr
      end
      local outer = child:receive()
      assert.equal(1, inner)
      assert.equal(io.stderr, outer[1])
      assert.same({'b', size}, {outer.before, #outer.after})
      assert.equal(2, child:receive())
      assert.equal(3, child:receive())
      assert.equal('done', child:join())
    end)

    it('may join the same child, ' .. size .. ' bytes', function()
      local child = numbering_child(size)
      local inner
      on_decode = function() inner = child:join() return io.stderr end
      local outer = child:receive()
      assert.equal('done', inner)
      assert.same({'b', size}, {outer.before, #outer.after})
      for i = 1, 3 do assert.equal(i, child:receive()) end
    end)

    it('may close the child, ' .. size .. ' bytes', function()
      for _, name in ipairs{'receive', 'try_receive'} do
        local child = numbering_child(size)
        on_decode = function() child:close() return io.stderr end
        closed_text(child[name], child, name == 'try_receive' and 100 or nil)
      end
    end)
  end

  it('may receive while a group is received from, which is complete', function()
    local first, second = numbering_child(100), numbering_child(100000)
    local inner = {}
    on_decode = function()
      inner[#inner + 1] = first:receive()
      return io.stderr
    end
    local all = parallel.children:receive()
    assert.equal('b', all[first.id].before)
    assert.equal(100000, #all[second.id].after)
    assert.same({1, 2}, inner)
    assert.equal(3, first:receive())
    assert.equal(1, second:receive())
  end)

  it('may close the child that joins: its results have come', function()
    local child = parallel.run(function()
      parallel.register('FILE*', {encode = function() return 5 end, decode = function() end})
      return io.stdout, 'more'
    end)
    on_decode = function(n) child:close() return n end
    assert.same({5, 'more'}, {child:join()})
  end)

  it('may raise: its error is the receive\'s, and the next message comes', function()
    local child = numbering_child(100)
    on_decode = function() error('not mine', 0) end
    assert.equal('not mine', support.error_of(child.receive, child))
    assert.equal(1, child:receive())
    child:close()
    child = numbering_child(100)
    assert.equal('not mine', support.error_of(child.try_receive, child, 100))
    assert.same({true, 1}, {child:try_receive(100)})
  end)

  it('may close the pool of the map whose result came', function()
    local pool = parallel.pool{workers = 2}
    on_decode = function() pool:close{now = true} return 1 end
    assert.matches('closed', support.message_of(pool.map, pool, function()
      parallel.register('FILE*', {encode = function() return 5 end, decode = function() end})
      return io.stdout
    end, {1, 2, 3, 4}))
  end)
end)

describe('an option', function()
  it('may close the child while it is looked at', function()
    local child = silent_child()
    local options = setmetatable({}, {__index = function() child:close() return nil end})
    closed_text(child.receive, child, options)
    child = silent_child()
    options = setmetatable({}, {__index = function() child:close() return nil end})
    closed_text(child.send, child, 1, options)
  end)
end)

describe('a parent', function()
  it('that is closed by a debug hook of its child ends the wait there', function()
    local child = parallel.run(function()
      local done = false
      debug.sethook(function()
        if done or debug.getinfo(2, 'S').source ~= 'return' then return end
        done = true
        parallel.parent:close()
      end, '', 1)
      local ok, err = pcall(parallel.parent.receive, parallel.parent)
      debug.sethook()
      io.stdout:write(tostring(ok), ' ', tostring(err), '\n')
      os.exit(ok and 1 or 0)
    end)
    child:sync()
  end)

  it('has all methods of a child from the start', function()
    local child = parallel.run(function()
      local parent, names = parallel.parent, {}
      for _, name in ipairs{'send', 'receive', 'try_receive', 'fd', 'join', 'sync', 'exec', 'close', 'kill', 'status', 'output'} do
        names[#names + 1] = name .. ' ' .. type(parent[name])
      end
      local fd = parent:fd()
      return table.concat(names, ', '), type(fd), select(2, pcall(parent.kill, parent)), select(2, pcall(parent.join, parent))
    end)
    local names, fd, kill, join = child:join()
    assert.equal('send function, receive function, try_receive function, fd function, join function, sync function, ' ..
      'exec function, close function, kill function, status function, output function', names)
    assert.equal('number', fd)
    assert.matches('kill: a child expected, got the parent', kill)
    assert.matches('join: a child expected, got the parent', join)
  end)
end)

it('leaves nothing behind after all this', function()
  parallel.close()
  local before = support.descriptors()
  for _ = 1, 20 do
    local child = silent_child()
    once_in_a_wait(function() child:close() end)
    pcall(child.receive, child)
  end
  parallel.close()
  assert.equal(before, support.descriptors())
  assert.is_true(core.clock() > 0)
end)
