-- Whatever dies, stops or is cut off: told in time, nothing lost that had come, no process left.
package.path = 'tests/cluster/?.lua;' .. package.path
local world = require 'world'
local support = require 'support'
local parallel = require 'parallel'

local h1, h2 = world.host('h1'), world.host('h2')
local patience = {timeout = support.patience}

-- A child that sends three numbers and its process id, and then waits; they have come when this returns.
local function talker(host)
  local child = parallel.run{host = host, code = function()
    for i = 1, 3 do parallel.parent:send(i) end
    parallel.parent:send(parallel.pid)
    parallel.parent:receive()
  end}
  support.eventually(function() return require 'parallel.core'.child.has_message(child) end)
  return child
end

-- What had come is received, then the error says why nothing more does.
local function expect_death(child, pattern)
  for i = 1, 3 do assert.equal(i, child:receive(patience)) end
  child:receive(patience)
  local err = support.error_of(function() child:receive(patience) end)
  assert.equal('died', err.code, tostring(err))
  if pattern then assert.matches(pattern, tostring(err)) end
end

describe('the end', function()
  after_each(world.expect_empty)

  it('of a worker costs that worker alone', function()
    local one, other = talker(h1), talker(h1)
    world.kill(one.unixid)
    expect_death(one, 'signal 9')
    other:send('go')
    other:join()
  end)

  it('of an agent ends its children, and no others', function()
    local one, two, far = talker(h1), talker(h1), talker(h2)
    world.kill(world.agent_of(one))
    expect_death(one, 'connection to h1 was lost')
    expect_death(two, 'connection to h1 was lost')
    far:send('go')
    far:join()
    assert.equal(7, (parallel.run{host = h1, code = 'return 7'}:join())) -- with a new agent
  end)

  it('of the ssh client is the end of its agent', function()
    local child = talker(h1)
    for _, pid in ipairs(world.pids('ssh -T')) do world.kill(pid) end
    expect_death(child, 'connection to h1 was lost')
    assert.is_true(support.eventually(function() return not support.exists(child.unixid) end, 10))
  end)

  it('of the bridge is told to everybody, and another one is started', function()
    local one, far = talker(h1), talker(h2)
    for _, pid in ipairs(world.pids('bridge_main.lua')) do world.kill(pid) end
    expect_death(one, 'the bridge')
    expect_death(far, 'the bridge')
    assert.equal(7, (parallel.run{host = h1, code = 'return 7'}:join()))
  end)

  it('of the program in any way leaves no process', function()
    for _, ending in ipairs{'', 'error("x")', 'os.exit(3)', 'os.execute("kill -KILL " .. parallel.pid) while true do end',
      'os.execute("kill -TERM " .. parallel.pid) while true do end'} do
      support.script(([[
        package.path = '%s/tests/cluster/?.lua;' .. package.path
        local world, parallel = require 'world', require 'parallel'
        for _, name in ipairs{'h1', 'h2'} do parallel.run{host = world.host(name), code = 'parallel.parent:send(1) while true do end'}:receive() end
        %s]]):format(support.root, ending))
      local empty, left = world.is_empty(10)
      assert.is_true(empty, ending .. ': ' .. left)
    end
  end)

  it('of a stop is that of any child', function()
    local child = talker(h1)
    assert.is_true(child:kill('STOP'))
    assert.is_true(child:kill('CONT'))
    for _ = 1, 4 do child:receive(patience) end
    child:send('go')
    child:join()
  end)

  it('of a stopped bridge: the agents give up', function()
    local child = talker(h1)
    local bridge = world.pids('bridge_main.lua')[1]
    world.kill(bridge, 'STOP')
    assert.is_true(support.eventually(function() return not support.exists(child.unixid) end, 20))
    world.kill(bridge, 'CONT')
    expect_death(child)
  end)
end)

describe('a link that is cut', function()
  after_each(function()
    world.join('h1')
    world.expect_empty()
  end)

  it('for two seconds loses nothing', function()
    local child = parallel.run{host = h1, code = function(text)
      for i = 1, 20 do parallel.parent:send(text .. i) end
    end, args = {('x'):rep(16 * 2 ^ 20)}}
    for i = 1, 20 do
      if i == 3 then
        world.cut('h1')
        require 'parallel.core'.sleep(2)
        world.join('h1')
      end
      local got = child:receive(patience)
      assert.is_true(#got == 16 * 2 ^ 20 + #tostring(i) and got:sub(-#tostring(i)) == tostring(i))
    end
    child:join()
  end)

  it('for ever is told at both ends, and so is an agent that was stopped, after some seconds of silence', function()
    local cut, stopped = talker(h1), talker(h2)
    local agent = world.agent_of(stopped)
    world.kill(agent, 'STOP')
    world.cut('h1')
    expect_death(cut, 'silent')
    expect_death(stopped, 'silent')
    assert.is_true(support.eventually(function() return not support.exists(cut.unixid) end, 15))
    world.kill(agent, 'CONT')
    assert.is_true(support.eventually(function() return not support.exists(stopped.unixid) end, 15))
  end)
end)

describe('a map while workers and a host are killed', function()
  after_each(world.expect_empty)

  it('ends with exact results', function()
    local list = {}
    for i = 1, 10000 do list[i] = i end
    local pool = parallel.pool{hosts = {world.host('h1', {slots = 2}), world.host('h2', {slots = 2})}, retries = 20}
    local results = pool:map(function(i)
      if i % 977 == 0 then -- now and then a worker ends in the middle of a task, the first time it comes to it
        local name = '/dev/shm/once-' .. i
        if not io.open(name) then
          io.open(name, 'w'):close()
          os.execute('kill -9 ' .. parallel.pid)
        end
      elseif i == 5000 and not io.open('/dev/shm/once-agent') then
        io.open('/dev/shm/once-agent', 'w'):close()
        local ppid = io.open('/proc/self/stat'):read('*a'):match('%) %S (%d+)')
        os.execute('kill -9 ' .. ppid)
      end
      return i * 3
    end, list)
    for i = 1, 10000 do assert.equal(i * 3, results[i]) end
    assert.is_true(pool:stats().replaced >= 10)
    pool:close()
  end)
end)
