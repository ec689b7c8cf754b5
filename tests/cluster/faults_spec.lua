-- Links that are cut, connections of ssh that are stopped, workers and hosts that are killed at random: told in time, nothing lost that had come,
-- no process left.
package.path = 'tests/cluster/?.lua;' .. package.path
local world = require 'world'
local support = require 'support'
local streams = require 'streams'
local parallel = require 'parallel'

local h1, h2 = world.host('h1'), world.host('h2')
local patience = {timeout = support.patience}

describe('a link that is cut', function()
  after_each(function()
    world.join('h1')
    world.expect_empty()
  end)

  it('for two seconds loses nothing', function()
    streams.flood_through_a_cut(h1, 2 ^ 24, 20):close()
  end)

  it('for ever is told at both ends, and so is an agent that was stopped, after some seconds of silence', function()
    local cut, stopped = streams.talker(h1), streams.talker(h2)
    local agent = world.agent_of(stopped)
    world.kill(agent, 'STOP')
    world.cut('h1')
    streams.expect_death(cut, 'silent')
    streams.expect_death(stopped, 'silent')
    world.expect_gone(cut.unixid)
    world.kill(agent, 'CONT')
    world.expect_gone(stopped.unixid)
  end)
end)

describe('a stopped', function()
  after_each(function()
    world.join('h2')
    world.expect_empty()
  end)

  it('ssh client, a stopped sshd, and a link that is cut in the middle of 16 MB: told at both ends after some seconds of silence', function()
    local client = parallel.run{host = h1, code = streams.echo}
    local ssh = world.pids('ssh -T')
    assert.equal(1, #ssh)
    local server, cut = parallel.run{host = world.host('root@h1'), code = streams.echo}, streams.flood(h2, 2 ^ 24)
    local sshd = world.agent_of(server)
    while (support.read_file(('/proc/%d/comm'):format(sshd)) or ''):match('^%S+') ~= 'sshd' do -- the one that carries the agent
      sshd = tonumber(support.read_file(('/proc/%d/stat'):format(sshd)):match('%) %S (%d+)'))
    end
    for _, child in ipairs{client, server} do
      child:send('there')
      assert.equal('there', child:receive(patience))
    end
    local unixids = {client.unixid, server.unixid, cut.unixid}
    assert.is_true(cut:receive(patience) == ('x'):rep(2 ^ 24) .. ':1')
    world.kill(ssh[1], 'STOP')
    world.kill(sshd, 'STOP')
    world.cut('h2')
    for _, child in ipairs{client, server} do
      local err = support.error_of(function() child:receive(patience) end)
      assert.equal('died', err.code, tostring(err))
      assert.matches('connection to r?o?o?t?@?h1 was lost %(silent', tostring(err))
    end
    local err = streams.expect_whole(cut, 2 ^ 24, 2)
    assert.equal('died', err.code, tostring(err))
    assert.matches('connection to h2 was lost %(silent', tostring(err))
    for _, pid in ipairs(unixids) do world.expect_gone(pid) end
    world.kill(sshd, 'CONT')
    world.join('h2')
    assert.equal(7, (parallel.run{host = h1, code = 'return 7'}:join())) -- with new ones
    assert.equal(7, (parallel.run{host = h2, code = 'return 7'}:join()))
  end)
end)

describe('a host that is lost', function()
  after_each(world.expect_empty)

  it('is known to be down by whoever hears that a child on it is lost, and refuses another one with the reason', function()
    local hosts, core = require 'parallel.hosts', require 'parallel.core'
    local function spawn(number) -- as one does who has not heard of the loss yet
      core.child.spawn{bridge = hosts.bridge(), host = number, id = 1000, ring_bytes = 2 ^ 16, functions = true}
    end
    for round = 1, 5 do
      local children, host = {}, hosts.find(h1)
      hosts.launch(host)
      for i = 1, 20 do children[i] = parallel.run{host = host, code = streams.echo} end
      world.kill(world.agent_of(children[1]))
      local err = support.error_of(children[1].receive, children[1], patience)
      local refusal = support.message_of(spawn, host.record.number)
      assert.equal('died', err.code, tostring(err))
      assert.matches('the connection to h1 was lost', refusal, 1, true)
      assert.equal('down', hosts.state(host))
    end
  end)
end)

describe('a pool whose hosts are all lost at once', function()
  after_each(world.expect_empty)

  it('says of the tasks that ran there that these were lost', function()
    local pool = parallel.pool{hosts = {world.host('h2', {slots = 1})}}
    local task = pool:submit(function() while true do end end)
    local crew = pool.scheduler.crew
    local function has_begun() -- as is known here: an agent that is killed before it tells takes that with it
      pool:poll()
      local worker, chunk = crew:find(pool.calls, 1)
      return worker and crew.system.claimed(worker.child, chunk.slot) == 1
    end
    assert.is_true(support.eventually(has_begun))
    world.kill(world.agent_of(crew.workers[1].child))
    local err = support.error_of(task.result, task)
    assert.same({'died', 1}, {err.code, err.task})
    assert.matches('worker 1 ended: the connection to h2 was lost', tostring(err), 1, true)
    pool:close()
  end)

  it('goes on when many workers that were not ready yet are lost with one of them', function()
    local gate = support.gate()
    local path = gate.path
    local pool = parallel.pool{hosts = {world.host('h1', {slots = 4}), world.host('h2', {slots = 1})},
      init = function() while not io.open(path) do require 'parallel.core'.sleep(0.01) end end}
    world.kill(world.agent_of(pool.scheduler.crew.workers[1].child))
    assert.is_true(support.eventually(function()
      pool:poll()
      return pool:stats().replaced == 4
    end))
    gate.open()
    assert.same({3, 6, 9}, pool:map(function(i) return i * 3 end, {1, 2, 3}))
    pool:close()
    gate.remove()
  end)

  it('sleeps until one of them comes, also when the first one is down', function()
    local core, gate, launcher = require 'parallel.core', '/run/world/gone', '/run/world/launcher.sh' -- without a blank
    support.write_file(launcher, ('[ ! -e %s ] || [ $1 = h2 ] || exit 1; while [ -e %s ]; do sleep 0.1; done; exec ssh -T "$@"'):format(gate, gate))
    local way = 'sh ' .. launcher .. ' {host} {quoted}'
    local pool = parallel.pool{retries = 20, hosts = {
      world.host('h1', {slots = 1, launcher = way}), world.host('h2', {slots = 1, launcher = way})}}
    local function agent() return tonumber((io.open('/proc/self/stat'):read('*a'):match('%) %S (%d+)'))) end
    local agents = pool:everywhere(agent)
    support.write_file(gate, '')
    for _, pid in ipairs(agents) do world.kill(pid) end
    local used, began = os.clock(), core.clock()
    os.execute(('(sleep 3; rm %s) &'):format(gate))
    assert.same({3, 6}, pool:map(function(i) return i * 3 end, {1, 2}))
    used, began = os.clock() - used, core.clock() - began
    assert.is_true(used < began / 4, ('%g s of a processor in %g s'):format(used, began))
    pool:close()
    os.remove(launcher)
  end)

  it('goes on with the one that can be reached again', function()
    local gate, launcher = '/run/world/h1.gone', '/run/world/launcher.sh' -- without a blank
    support.write_file(launcher, ('[ ! -e %s ] || { echo "h1 is gone" >&2; exit 1; }; exec "$@"'):format(gate))
    local pool = parallel.pool{retries = 20, hosts = {
      world.host('h1', {slots = 1, launcher = 'sh ' .. launcher .. ' ssh -T {host} {quoted}'}), world.host('h2', {slots = 1})}}
    local function agent() return tonumber((io.open('/proc/self/stat'):read('*a'):match('%) %S (%d+)'))) end
    local agents = pool:everywhere(agent)
    support.write_file(gate, '')
    for _, pid in ipairs(agents) do world.kill(pid) end
    local list = {}
    for i = 1, 100 do list[i] = i end
    local results = pool:map(function(i) return i * 3 end, list)
    for i = 1, 100 do assert.equal(i * 3, results[i]) end
    pool:close()
    os.remove(gate)
    os.remove(launcher)
  end)
end)

for way, options in pairs{ssh = {}, ['libzmq with CURVE'] = {transport = 'tcp'}} do
  describe('a map over ' .. way .. ' while workers and a host are killed', function()
    after_each(world.expect_empty)

    it('ends with exact results', function()
      local hosts = {}
      for i, name in ipairs{'h1', 'h2'} do
        hosts[i] = world.host(name, options)
        hosts[i].slots = 2
      end
      world.map_with_kills(hosts, 10000)
    end)
  end)
end
