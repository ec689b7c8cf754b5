-- Processes that are stopped, and others that end in the middle of a stream: told in time, each message whole and once, no process left.
package.path = 'tests/cluster/?.lua;' .. package.path
local world = require 'world'
local support = require 'support'
local parallel = require 'parallel'

local h1, h2 = world.host('h1'), world.host('h2')
local patience = {timeout = support.patience}

-- A child that sends numbered texts without end, long ones or short ones.
local function flood(host, size)
  return parallel.run{host = host, code = function(bytes)
    local text, i = ('x'):rep(bytes), 0
    while true do
      i = i + 1
      parallel.parent:send(text .. ':' .. i)
    end
  end, args = {size}}
end

-- What comes is whole, and the next one each time, from number `from` on. Returns the error of the end.
local function expect_whole(child, size, from)
  local text = ('x'):rep(size) .. ':'
  while true do
    local ok, got = pcall(child.receive, child, patience)
    if not ok then return got end
    if got ~= text .. from then error(('message %d is another: %s'):format(from, got:sub(-20))) end -- there are too many for assert
    from = from + 1
  end
end

local function echo()
  while true do
    local message = parallel.parent:receive()
    if message == 'stop' then return end
    parallel.parent:send(message)
  end
end

describe('in the middle of a stream', function()
  after_each(world.expect_empty)

  local ends = {
    agent = function(child) world.kill(world.agent_of(child)) end,
    bridge = function() for _, pid in ipairs(world.pids('bridge_main.lua')) do world.kill(pid) end end,
    ['ssh client'] = function() for _, pid in ipairs(world.pids('ssh -T')) do world.kill(pid) end end,
    worker = function(child) world.kill(child.unixid) end,
  }
  for name, kill in pairs(ends) do
    it('the end of the ' .. name .. ' leaves whole messages, each once', function()
      local sizes, children = {20, 2 ^ 16, 2 ^ 22}, {}
      for i, size in ipairs(sizes) do children[i] = flood(h1, size) end
      for i, size in ipairs(sizes) do
        for number = 1, 3 do assert.is_true(children[i]:receive(patience) == ('x'):rep(size) .. ':' .. number) end
      end
      if name == 'worker' then for _, child in ipairs(children) do kill(child) end
      else kill(children[1]) end
      for i, size in ipairs(sizes) do
        local err = expect_whole(children[i], size, 4)
        assert.equal('died', err.code, tostring(err))
      end
    end)
  end
end)

describe('a stopped', function()
  after_each(function()
    world.join('h2')
    world.expect_empty()
  end)

  -- A program of its own, since this one cannot stop itself: asks its children again and again, until there is a file.
  local function program(gate)
    local path, ready = support.scratch('.lua'), support.scratch('.ready')
    support.write_file(path, ([[
      package.path = '%s/tests/cluster/?.lua;' .. package.path
      local world, parallel = require 'world', require 'parallel'
      local children = {}
      for i, name in ipairs{'h1', 'h2'} do children[i] = parallel.run{host = world.host(name), code = function()
        while true do parallel.parent:send(parallel.parent:receive()) end
      end} end
      local function ask(text)
        for _, child in ipairs(children) do child:send(text) end
        for _, child in ipairs(children) do assert(child:receive() == text) end
      end
      ask('before')
      local file = io.open('%s.part', 'w')
      file:write(parallel.pid)
      file:close()
      os.rename('%s.part', '%s')
      local i, gate = 0, nil
      repeat
        i = i + 1
        ask('again' .. i)
        gate = io.open('%s')
      until gate
      gate:close()
      print('good')
    ]]):format(support.root, ready, ready, ready, gate))
    return path, ready
  end

  local function start(gate)
    local path, ready = program(gate)
    local pipe = io.popen(('%s/tools/lua %s %s 2>&1'):format(support.quote(support.root), support.version, support.quote(path)))
    assert.is_true(support.await_file(ready))
    local pid = tonumber(support.read_file(ready))
    os.remove(ready)
    return pipe, pid, path
  end

  it('program is not a dead one, and goes on; one that is killed while it is stopped leaves nothing', function()
    local gate = support.gate()
    local pipe, pid, path = start(gate.path)
    local dead_pipe, dead, dead_path = start(gate.path)
    world.kill(pid, 'STOP')
    world.kill(dead, 'STOP')
    require 'parallel.core'.sleep(7) -- longer than anybody may be silent
    world.kill(dead)
    world.kill(pid, 'CONT')
    gate.open()
    assert.matches('good', pipe:read('*a'))
    gate.remove()
    pipe:close()
    dead_pipe:close()
    os.remove(path)
    os.remove(dead_path)
    local empty, left = world.is_empty(10)
    assert.is_true(empty, left)
  end)

  it('ssh client, a stopped sshd, and a link that is cut in the middle of 16 MB: told at both ends after some seconds of silence', function()
    local client = parallel.run{host = h1, code = echo}
    local ssh = world.pids('ssh -T')
    assert.equal(1, #ssh)
    local server, cut = parallel.run{host = world.host('root@h1'), code = echo}, flood(h2, 2 ^ 24)
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
    local err = expect_whole(cut, 2 ^ 24, 2)
    assert.equal('died', err.code, tostring(err))
    assert.matches('connection to h2 was lost %(silent', tostring(err))
    for _, pid in ipairs(unixids) do
      assert.is_true(support.eventually(function() return not support.exists(pid) end, 20), tostring(pid))
    end
    world.kill(sshd, 'CONT')
    world.join('h2')
    assert.equal(7, (parallel.run{host = h1, code = 'return 7'}:join())) -- with new ones
    assert.equal(7, (parallel.run{host = h2, code = 'return 7'}:join()))
  end)
end)
