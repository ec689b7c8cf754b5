-- What several children of one host get crosses the network once for that host: the bytes are counted where they go in.
package.path = 'tests/cluster/?.lua;' .. package.path
local world = require 'world'
local support = require 'support'
local parallel = require 'parallel'
local patience = {timeout = support.patience}
local MB = 2 ^ 20

-- Bytes that have gone to a host so far.
local function sent_to(name)
  for line in support.read_file('/proc/net/dev'):gmatch('[^\n]+') do
    local interface, numbers = line:match('^%s*(%S+):%s*(.*)$')
    if interface == 'v' .. name:sub(2) then
      local at = 0
      for number in numbers:gmatch('%d+') do
        at = at + 1
        if at == 9 then return tonumber(number) end -- the first of those that were sent
      end
    end
  end
end

-- What f has sent to the hosts, in megabytes.
local function traffic(f)
  local h1, h2 = sent_to('h1'), sent_to('h2')
  f()
  return (sent_to('h1') - h1) / MB, (sent_to('h2') - h2) / MB
end

-- No more than once, with what it takes to carry it, and no less.
local function expect_once(megabytes, size)
  assert.is_true(megabytes >= size and megabytes < 1.5 * size, ('%.1f MB of %.1f'):format(megabytes, size))
end

local function random_text(bytes)
  local list, x = {}, 12345
  for i = 1, 1024 do
    x = (x * 16807) % 2147483647
    list[i] = string.char(x % 256)
  end
  local block = table.concat(list)
  return block:rep(bytes / 1024)
end

local text = random_text(4 * MB)

-- Children that tell the length and the last byte of what they get.
local function listener(host)
  return parallel.run{host = world.host(host), code = function()
    while true do
      local message = parallel.parent:receive()
      if message == 'stop' then return end
      if type(message) == 'table' then message = message[1] end
      if type(message) == 'string' then parallel.parent:send(#message + message:byte(-1))
      else parallel.parent:send(message:nElement() + message[message:nElement()]) end
    end
  end}
end

describe('what several children get', function()
  after_each(function() parallel.close() end)

  local function listeners(n)
    local children = {}
    for i = 1, n do children[i] = listener(i % 2 == 0 and 'h1' or 'h2') end
    for _, child in ipairs(children) do child:send('ready') end
    for _, child in ipairs(children) do child:receive(patience) end
    return children
  end

  it('goes once to each host in a broadcast: text, tensors, and others after it in their order', function()
    listeners(8)
    local h1, h2 = traffic(function()
      parallel.children:send(text)
      parallel.children:send('after')
      for _, child in ipairs(parallel.children) do
        assert.equal(#text + text:byte(-1), child:receive(patience))
        assert.equal(5 + ('r'):byte(), child:receive(patience))
      end
    end)
    expect_once(h1, 4)
    expect_once(h2, 4)
    local tensor = parallel.tensor.range(1, 2 ^ 19)
    h1, h2 = traffic(function()
      for i = 1, 3 do
        tensor[2 ^ 19] = i
        parallel.children:send{tensor}
      end
      for i = 1, 3 do
        for _, child in ipairs(parallel.children) do assert.equal(2 ^ 19 + i, child:receive(patience)) end
      end
    end)
    expect_once(h1, 12)
    expect_once(h2, 12)
  end)

  it('goes to those that read slowly when they do, and holds up nobody', function()
    local children = listeners(6)
    assert.is_true(children[1]:kill('STOP'))
    for _ = 1, 6 do
      for _, child in ipairs(children) do
        if child ~= children[1] then child:send(text:sub(1, MB)) end
      end
    end
    parallel.children:send(text)
    for i = 2, 6 do
      for _ = 1, 6 do children[i]:receive(patience) end
      assert.equal(#text + text:byte(-1), children[i]:receive(patience))
    end
    children[1]:kill('CONT')
    assert.equal(#text + text:byte(-1), children[1]:receive(patience))
  end)

  it('goes once as a function: of a pool, and of children that are started one after the other', function()
    local h1, h2 = traffic(function()
      local pool = parallel.pool{hosts = {world.host('h1', {slots = 4}), world.host('h2', {slots = 3})}}
      local results = pool:everywhere(parallel.constant(function(more) return #text + more end), 1)
      assert.equal(7, #results)
      for i = 1, 7 do assert.equal(#text + 1, results[i]) end
      pool:close()
    end)
    expect_once(h1, 4)
    expect_once(h2, 4)
    h1 = traffic(function()
      for _ = 1, 3 do
        local child = parallel.run{host = world.host('h1'), code = function(own)
          parallel.parent:send(#text + own)
          parallel.parent:receive()
        end, args = {7}}
        assert.equal(#text + 7, child:receive(patience))
      end
      parallel.children:send('go')
      parallel.children:join()
    end)
    expect_once(h1, 4)
  end)

  it('goes once as an argument of everywhere', function()
    local pool = parallel.pool{hosts = {world.host('h1', {slots = 4}), world.host('h2', {slots = 3})}}
    pool:everywhere(function() end)
    local h1, h2 = traffic(function()
      local tensor = parallel.tensor.range(1, 2 ^ 18)
      local results = pool:everywhere(function(t, s, n) return t:nElement() + t[n] + #s end, tensor, text:sub(1, 2 * MB), 2 ^ 18)
      assert.equal(7, #results)
      for i = 1, 7 do assert.equal(2 ^ 19 + 2 * MB, results[i]) end
    end)
    pool:close()
    expect_once(h1, 4)
    expect_once(h2, 4)
  end)

  it('goes twice, and no more, when it is sent again: as an argument of tasks, and in messages of their own', function()
    local pool, list = parallel.pool{hosts = {world.host('h1', {slots = 4})}}, {}
    local tensor = parallel.tensor.range(1, 2 ^ 18)
    for i = 1, 40 do list[i] = {i, tensor, text} end
    local h1 = traffic(function()
      local results = pool:map(function(task)
        local i, t, s = task[1], task[2], task[3]
        t[i] = 0 -- it is this task's own
        return t:sum() + i + #s + s:byte(-1)
      end, list, {chunk = 1})
      for i = 1, 40 do assert.equal(2 ^ 17 * (2 ^ 18 + 1) + 4 * MB + text:byte(-1), results[i]) end
    end)
    pool:close()
    expect_once(h1, 2 * 6)
    local children, another = listeners(8), parallel.tensor.range(2, 2 ^ 18 + 1)
    h1 = traffic(function()
      for round = 1, 5 do
        for _, child in ipairs(children) do child:send{another} end
        for _, child in ipairs(children) do assert.equal(2 ^ 19 + 1, child:receive(patience), round) end
      end
    end)
    expect_once(h1, 2 * 2)
  end)

  it('is not taken for another one that differs in a byte', function()
    local n = 2 ^ 18
    local tensor = parallel.tensor.Tensor(n):fill(0)
    local sum = parallel.run{host = world.host('h1'), code = function()
      while true do parallel.parent:send(parallel.parent:receive():sum()) end
    end}
    for i = 1, 100 do
      local at = (i * 7919) % n + 1
      tensor[at] = i
      for _ = 1, i % 3 + 1 do
        sum:send(tensor)
        assert.equal(i, sum:receive(patience))
      end
      tensor[at] = 0
    end
  end)

  it('is another one when something in it is', function()
    local h1 = traffic(function()
      for i = 1, 3 do
        local child = parallel.run{host = world.host('h1'), code = function(own) return #own + own:byte(-1) end, args = {text .. i}}
        assert.equal(#text + 1 + 48 + i, (child:join()))
      end
    end)
    assert.is_true(h1 >= 12)
  end)

  it('is let go when the last one ends that has got it', function()
    local agent
    local function own_bytes()
      local rollup = support.read_file(('/proc/%d/smaps_rollup'):format(agent))
      return tonumber(rollup:match('Anonymous:%s+(%d+) kB')) * 1024
    end
    local first = listener('h1')
    agent = tonumber(support.read_file(('/proc/%d/stat'):format(first.unixid)):match('%) %S (%d+)'))
    local before, children, long = own_bytes(), {}, text:rep(8)
    for i = 1, 2 do
      children[i] = parallel.run{host = world.host('h1'), code = function(got)
        parallel.parent:send(#got)
        parallel.parent:receive()
      end, args = {long}}
    end
    for i = 1, 2 do assert.equal(#long, children[i]:receive(patience)) end
    assert.is_true(own_bytes() > before + 30 * MB)
    children[1]:send('go')
    children[1]:join()
    assert.is_true(own_bytes() > before + 30 * MB)
    children[2]:send('go')
    children[2]:join()
    assert.is_true(support.eventually(function() return own_bytes() < before + 16 * MB end))
    first:send('stop')
    first:join()
  end)
end)
