-- Agents that connect to the program's machine: encrypted or not, on ports from a range.
package.path = 'tests/cluster/?.lua;' .. package.path
local world = require 'world'
local support = require 'support'
local streams = require 'streams'
local parallel = require 'parallel'
local patience = {timeout = support.patience}

-- Ports of this machine at which somebody listens, as text.
local function listening()
  local ports = {}
  for _, name in ipairs{'/proc/net/tcp', '/proc/net/tcp6'} do
    for address, port, state in (support.read_file(name) or ''):gmatch('%s(%x+):(%x+) %x+:%x+ (%x+)') do
      if state == '0A' then ports[tonumber(port, 16)] = address end
    end
  end
  return ports
end

local function new_port(before)
  for port, address in pairs(listening()) do
    if not before[port] then return port, address end
  end
end

-- A launcher by ssh that waits for the gate: until then nobody comes to the port.
local function launcher_behind(gate)
  local script = '/run/world/behind.sh' -- without a blank
  support.write_file(script, ('until [ -e %s ]; do sleep 0.02; done; exec "$@"'):format(support.quote(gate.path)))
  return 'sh ' .. script .. ' ssh -T {host} {quoted}'
end

local function echo()
  while true do
    local message = parallel.parent:receive()
    if message == 'stop' then return io.popen('hostname'):read() end
    parallel.parent:send(message)
  end
end

for _, encrypt in ipairs{true, false} do
  describe("transport='tcp', encrypt=" .. tostring(encrypt), function()
    after_each(function()
      parallel.close()
      require 'parallel.hosts'.close()
      local empty, left = world.is_empty()
      assert.is_true(empty, left)
    end)

    local function host(name, options)
      local all = {transport = 'tcp', encrypt = encrypt}
      for key, value in pairs(options or {}) do all[key] = value end
      return world.host(name, all)
    end

    it('carries what the pipes of a launcher carry', function()
      local before = listening()
      local children = {}
      for i = 1, 6 do children[i] = parallel.run{host = host(i % 2 == 0 and 'h1' or 'h2'), code = echo} end
      if not encrypt then assert.is_nil(new_port(before), 'nobody listens once all are there') end
      for _, size in ipairs{0, 100, 70000, 3 * 2 ^ 20} do
        for i, child in ipairs(children) do child:send(('x'):rep(size) .. i) end
        for i, child in ipairs(children) do assert.is_true(child:receive(patience) == ('x'):rep(size) .. i) end
      end
      for i, child in ipairs(children) do
        child:send('stop')
        assert.equal(i % 2 == 0 and 'h1' or 'h2', (child:join()))
      end
    end)

    it('listens at one address of this machine, on a port of the range', function()
      local before, gate = listening(), support.gate()
      parallel.hosts{host('h1', {port = {5600, 5620}, launcher = launcher_behind(gate), address = '10.77.0.10'})}
      local port, address
      assert.is_true(support.eventually(function()
        port, address = new_port(before)
        return port ~= nil
      end))
      assert.is_true(port >= 5600 and port <= 5620, tostring(port))
      assert.equal('0A004D0A', address)
      gate.open()
      assert.equal(7, (parallel.run{host = 'h1', code = 'return 7'}:join()))
      gate.remove()
    end)

    it('goes on when strangers knock, whatever they say', function()
      local before, gate = listening(), support.gate()
      local h1 = host('h1', {launcher = launcher_behind(gate), address = '10.77.0.10'})
      parallel.hosts{h1}
      local port
      assert.is_true(support.eventually(function()
        port = new_port(before)
        return port ~= nil
      end))
      for _, words in ipairs{'', 'GET / HTTP/1.0\\r\\n\\r\\n', ('x'):rep(5000), '\\377\\0\\0\\0\\0\\0\\0\\0\\1\\177\\3'} do
        os.execute(("bash -c 'exec 3<>/dev/tcp/10.77.0.10/%d && printf \"%s\" >&3' 2>/dev/null"):format(port, words))
      end
      gate.open()
      local child = parallel.run{host = h1, code = echo}
      child:send('through')
      assert.equal('through', child:receive(patience))
      gate.remove()
    end)

    -- The keys are new in each run: what is the same in two runs holds none.
    it('puts no secret where others read: command lines and environments are the same in every run', function()
      local function public()
        local child, texts = parallel.run{host = host('h1'), code = echo}, {}
        child:send('there')
        assert.equal('there', child:receive(patience))
        for pid in support.shell('ls /proc'):gmatch('%f[%d]%d+%f[%s]') do
          local words = support.read_file(('/proc/%s/cmdline'):format(pid)) or ''
          if words:find('parallel', 1, true) then
            local environment = support.read_file(('/proc/%s/environ'):format(pid)) or ''
            texts[#texts + 1] = words .. '\n' .. environment:gsub('SSH_%u+=[^%z]*', '') -- has the port of the connection
          end
        end
        parallel.close()
        require 'parallel.hosts'.close()
        table.sort(texts)
        assert.is_true(#texts >= 4) -- the bridge, ssh, the agent, its child
        return table.concat(texts, '\n')
      end
      local first = public()
      assert.is_true(world.is_empty())
      assert.equal(first, public())
    end)

    it('tells of an address that is not ours', function()
      local message = support.message_of(function()
        parallel.run{host = host('h1', {address = '203.0.113.7', port = {5700, 5700}}), code = ''}
      end)
      assert.matches('h1', message)
      assert.matches('listen', message)
    end)

    it('loses nothing when the connection is cut for two seconds, and ends when it is for ever', function()
      local child = streams.flood_through_a_cut(host('h1'), 2 ^ 22, 10)
      world.cut('h1')
      local err = support.error_of(function() while true do child:receive(patience) end end)
      world.join('h1')
      assert.equal('died', err.code, tostring(err))
      world.expect_gone(child.unixid)
      -- What the lost agent had said arrives some time after the link is there again, for nobody: that keeps the bridge from no sleep.
      local file = ('/proc/%d/schedstat'):format(world.pids('bridge_main.lua')[1])
      local function used() return tonumber(support.read_file(file):match('%d+')) * 1e-9 end -- seconds of a processor
      assert.is_true(support.eventually(function()
        local before = used()
        require 'parallel.core'.sleep(1)
        return used() - before < 0.05
      end), 'the bridge is awake all the time')
    end)
  end)
end

describe('an agent that hears nothing', function()
  after_each(world.expect_empty)

  it('ends earlier when its launcher has ended', function()
    local first
    for _ = 1, 3 do -- more than once if this machine stands still for as long as nobody may be silent
      local children = {}
      for i, name in ipairs{'h1', 'h2'} do
        children[i] = parallel.run{host = world.host(name, {transport = 'tcp'}), code = echo}
        children[i]:send('there')
        children[i]:receive(patience)
      end
      local bridge, launchers = world.pids('bridge_main.lua')[1], world.pids('ssh -T')
      world.kill(bridge, 'STOP')
      for _, pid in ipairs(launchers) do
        if (support.read_file(('/proc/%d/cmdline'):format(pid)) or ''):find('\0h1\0', 1, true) then world.kill(pid) end
      end
      support.eventually(function()
        for i, child in ipairs(children) do
          if not first and not support.exists(child.unixid) then first = i end
        end
        return first ~= nil
      end, 20)
      world.kill(bridge, 'CONT')
      world.expect_empty()
      if first == 1 then break end
      first = nil
    end
    assert.equal(1, first)
  end)
end)

describe('options of connections that change nothing', function()
  local function refused(options, pattern)
    options.host = 'h1'
    assert.matches(pattern, support.message_of(function() parallel.run{host = options, code = ''} end))
  end

  it('are errors', function()
    refused({encrypt = false}, 'encrypt=false changes nothing')
    refused({address = '10.77.0.10'}, 'address= changes nothing')
    refused({listen_port = 5000}, 'listen_port= changes nothing')
    refused({port = {5000, 5010}}, 'listen_port= changes nothing')
    refused({transport = 'tcp', port = {5010, 5000}}, 'port')
    refused({transport = 'tcp', port = {0, 5000}}, 'port')
    refused({transport = 'tcp', port = {1, 2, 3}}, 'port')
    refused({transport = 'tcp', listen_port = 70000}, 'port')
    refused({port = 0}, 'port')
    refused({launcher = 'srun', transport = 'stdio', encrypt = false}, 'encrypt=false changes nothing')
  end)
end)
