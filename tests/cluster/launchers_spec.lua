-- Whatever ends or is stopped, whichever program starts the agents (PARALLEL_TEST_LAUNCHER): told in time, each message whole and once,
-- no process left.
package.path = 'tests/cluster/?.lua;' .. package.path
local world = require 'world'
local support = require 'support'
local streams = require 'streams'
local parallel = require 'parallel'

local h1, h2 = world.host('h1'), world.host('h2')
local patience = {timeout = support.patience}
local by_pipes = world.launcher == 'ssh' -- its pipes are the connection; those of others only start the agent

local function signal_all(pids, signal)
  assert.is_true(#pids > 0)
  for _, pid in ipairs(pids) do world.kill(pid, signal) end
end

local function bridges() return world.pids('bridge_main.lua') end

-- It lives, and ends in good order.
local function expect_life(child)
  for _ = 1, 4 do child:receive(patience) end
  child:send('go')
  child:join()
end

local function expect_new_child(host) assert.equal(7, (parallel.run{host = host, code = 'return 7'}:join())) end

describe('the end', function()
  after_each(world.expect_empty)

  it('of a worker costs that worker alone', function()
    local one, other = streams.talker(h1), streams.talker(h1)
    world.kill(one.unixid)
    streams.expect_death(one, 'signal 9')
    expect_life(other)
  end)

  it('of an agent ends its children, and no others', function()
    local one, two, far = streams.talker(h1), streams.talker(h1), streams.talker(h2)
    world.kill(world.agent_of(one))
    streams.expect_death(one, 'connection to h1 was lost')
    streams.expect_death(two, 'connection to h1 was lost')
    expect_life(far)
    expect_new_child(h1) -- with a new agent
  end)

  it('of the launcher is the end of its agent, or none at all', function()
    local child = streams.talker(h1)
    signal_all(world.launchers())
    if by_pipes then streams.expect_death(child, 'connection to h1 was lost')
    else
      for _ = 1, 4 do child:receive(patience) end
      local ok, err = pcall(function()
        child:send('go')
        child:join()
      end)
      assert.is_true(ok or err.code == 'died', tostring(err))
    end
    world.expect_gone(child.unixid)
    -- The agent may live a little longer than the launcher, and end while it starts another child.
    assert.is_true(support.eventually(function() return (pcall(expect_new_child, h1)) end))
  end)

  it('of the bridge is told to everybody, and another one is started', function()
    local one, far = streams.talker(h1), streams.talker(h2)
    signal_all(bridges())
    streams.expect_death(one, 'the bridge')
    streams.expect_death(far, 'the bridge')
    expect_new_child(h1)
  end)

  it('of the program in any way leaves no process', function()
    for _, ending in ipairs{'', 'error("x")', 'os.exit(3)', 'os.execute("kill -KILL " .. parallel.pid) while true do end',
      'os.execute("kill -TERM " .. parallel.pid) while true do end'} do
      support.script(([[
        package.path = '%s/tests/cluster/?.lua;' .. package.path
        local world, parallel = require 'world', require 'parallel'
        for _, name in ipairs{'h1', 'h2'} do parallel.run{host = world.host(name), code = 'parallel.parent:send(1) while true do end'}:receive() end
        %s]]):format(support.root, ending))
      local empty, left = world.is_empty()
      assert.is_true(empty, ending .. ': ' .. left)
    end
  end)
end)

describe('a stop', function()
  after_each(world.expect_empty)

  it('of a child is that of any child', function()
    local child = streams.talker(h1)
    assert.is_true(child:kill('STOP'))
    assert.is_true(child:kill('CONT'))
    expect_life(child)
  end)

  it('by the terminal (Ctrl-Z) is of the program alone: its connections last', function()
    local child = streams.talker(h1)
    local processes = world.launchers()
    processes[#processes + 1] = bridges()[1]
    signal_all(processes, 'TSTP')
    require 'parallel.core'.sleep(0.2) -- whom it stops is stopped by then
    for _, pid in ipairs(processes) do
      assert.not_equal('T', support.read_file(('/proc/%d/stat'):format(pid)):match('%) (%S)'))
    end
    expect_life(child)
  end)

  it('of a bridge that lasts: the agents give up', function()
    local child, stopped = streams.talker(h1), bridges()
    signal_all(stopped, 'STOP')
    world.expect_gone(child.unixid)
    signal_all(stopped, 'CONT')
    streams.expect_death(child)
  end)

  it('of an agent that lasts is told after some seconds of silence, and it ends when it goes on', function()
    local child = streams.talker(h1)
    local agent = world.agent_of(child)
    world.kill(agent, 'STOP')
    streams.expect_death(child, 'silent')
    world.kill(agent, 'CONT')
    world.expect_gone(child.unixid)
  end)

  it('of the launcher is told if its pipes are the connection, and else of no consequence', function()
    local child, launchers = streams.talker(h1), world.launchers()
    signal_all(launchers, 'STOP')
    if by_pipes then streams.expect_death(child, 'silent') else expect_life(child) end
    parallel.close()
    require 'parallel.hosts'.close()
    for _, pid in ipairs(launchers) do world.kill(pid, 'CONT') end -- of those that are left; what was stopped sees the end when it goes on
  end)

  it('of the program is not its end; one that is killed while it is stopped leaves nothing', function()
    local program, dead = streams.program(), streams.program()
    world.kill(program.pid, 'STOP')
    world.kill(dead.pid, 'STOP')
    require 'parallel.core'.sleep(7) -- longer than anybody may be silent
    world.kill(dead.pid)
    world.kill(program.pid, 'CONT')
    assert.matches('good', program:finish())
    dead:finish()
    local empty, left = world.is_empty()
    assert.is_true(empty, left)
  end)
end)

describe('in the middle of a stream', function()
  after_each(world.expect_empty)

  local processes = {
    {'agent', function(child) return {world.agent_of(child)} end},
    {'bridge', bridges},
    {'launcher', by_pipes and world.launchers},
    {'worker', function(child) return {child.unixid} end},
  }
  for _, process in ipairs(processes) do
    local name, pids_of = process[1], process[2]
    if pids_of then
      it('the end of the ' .. name .. ' leaves whole messages, each once', function()
        local sizes, children = {20, 2 ^ 16, 2 ^ 22}, {}
        for i, size in ipairs(sizes) do children[i] = streams.flood(h1, size) end
        for i, size in ipairs(sizes) do streams.expect_next(children[i], size, 1, 3) end
        for i = 1, name == 'worker' and 3 or 1 do signal_all(pids_of(children[i])) end
        for i, size in ipairs(sizes) do
          local err = streams.expect_whole(children[i], size, 4)
          assert.equal('died', err.code, tostring(err))
        end
      end)

      it('a stop of the ' .. name .. ' loses and doubles nothing', function()
        streams.expect_survival(function()
          local child = streams.echoing(h1)
          return streams.both_ways(child, function()
            for _, pid in ipairs(pids_of(child)) do os.execute(('(kill -STOP %d; sleep 1; kill -CONT %d) &'):format(pid, pid)) end
          end)
        end)
      end)
    end
  end
end)
