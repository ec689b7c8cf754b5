-- Children on other hosts, as a program uses them.
package.path = 'tests/cluster/?.lua;' .. package.path
local world = require 'world'
local support = require 'support'
local parallel = require 'parallel'
local message_of = support.message_of

local h1, h2 = world.host('h1'), world.host('h2')

describe('parallel.run{host=}', function()
  after_each(function() parallel.close() end)

  it('runs code on another host', function()
    local child = parallel.run{host = h1, code = 'return io.popen("hostname"):read(), parallel.id, ...', args = {7}}
    local name, id, arg = child:join()
    assert.same({'h1', child.id, 7}, {name, id, arg})
    assert.equal('h1', child.host)
    assert.equal('h1', child.ip)
  end)

  it('has the same child: messages both ways, order, yield and join', function()
    local child = parallel.run{host = h2, code = function()
      for i = 1, 1000 do parallel.parent:send(i) end
      local told = parallel.yield()
      parallel.parent:send{told = told, table = {1, {2, {3}}}}
      return 'end'
    end}
    for i = 1, 1000 do assert.equal(i, child:receive()) end
    child:join('go on')
    assert.same({told = 'go on', table = {1, {2, {3}}}}, child:receive())
    assert.equal('end', child:join())
  end)

  it('carries tensors of all sizes', function()
    local torch = require 'torch'
    local child = parallel.run{host = h1, code = function()
      for _ = 1, 4 do parallel.parent:send(parallel.parent:receive() * 2) end
    end}
    for _, n in ipairs{1, 1000, 100000, 3000000} do
      child:send(torch.range(1, n))
      local back = child:receive()
      assert.equal(n, back:nElement())
      assert.equal(2 * n, back[n])
      assert.equal(2, back[1])
    end
    child:join()
  end)

  it('refuses to share memory with another machine, either way', function()
    local torch = require 'torch'
    local child = parallel.run{host = h1, code = function()
      local torch = require 'torch' -- luacheck: ignore
      local ok, err = pcall(parallel.parent.send, parallel.parent, torch.ones(10):share())
      parallel.parent:send{ok, tostring(err)}
      parallel.parent:send(parallel.parent:receive())
    end}
    local result = child:receive()
    assert.is_false(result[1])
    assert.matches('t:clone%(%)', result[2])
    local shared = torch.ones(10):share()
    assert.matches('t:clone%(%)', message_of(function() child:send(shared) end))
    assert.matches('t:clone%(%)', message_of(function() parallel.children:send(shared) end))
    child:send(shared:clone())
    assert.equal(10, child:receive():sum())
    child:join()
  end)

  it('cannot use a counter of this machine', function()
    local away = parallel.run{host = h1, code = 'parallel.yield()'}
    assert.matches('cannot', message_of(away.send, away, parallel.counter()))
    away:join()
  end)

  it('tells of an error with its traceback, of a signal and of an exit status', function()
    local failed = support.error_of(function() parallel.run{host = h1, code = 'local t = nil; t.x = 1'}:join() end)
    assert.equal('failed', failed.code)
    assert.truthy(tostring(failed):find('traceback', 1, true))
    local died = support.error_of(function() parallel.run{host = h1, code = 'os.execute("kill -9 " .. parallel.pid) while true do end'}:join() end)
    assert.same({'died', 9}, {died.code, died.signal})
    local status = support.error_of(function() parallel.run{host = h1, code = 'os.exit(7)'}:join() end)
    assert.same({'died', 7}, {status.code, status.status})
  end)

  it('goes on when one child of a host does not read', function()
    local idle = parallel.run{host = h1, code = 'parallel.yield()'}
    local busy = parallel.run{host = h1, code = 'while true do local m = parallel.parent:receive() parallel.parent:send(m) end'}
    local ok = true
    while ok do ok = pcall(idle.send, idle, ('x'):rep(100000), {timeout = 0.3}) end -- until all buffers are full
    for i = 1, 100 do
      busy:send(i)
      assert.equal(i, busy:receive{timeout = support.patience})
    end
  end)

  it('starts other children while a host does not answer, and names it', function()
    local message = message_of(function() parallel.run{host = {host = 'no-such-host.invalid', connect_timeout = 5}, code = ''} end)
    assert.truthy(message:find('no-such-host.invalid', 1, true), message)
    assert.truthy(message:find('ssh', 1, true), message)
    assert.equal('h1', (parallel.run{host = h1, code = 'return io.popen("hostname"):read()'}:join()))
  end)

  it('says when the library is not there, and with which command', function()
    local message = message_of(function()
      parallel.run{host = world.host('h1', {env = {LUA_PATH = '/nowhere/?.lua', LUA_CPATH = '/nowhere/?.so'}}), code = ''}
    end)
    assert.truthy(message:find("module 'parallel.agent' not found", 1, true) or message:find('parallel/agent', 1, true), message)
    assert.truthy(message:find('command: ssh', 1, true), message)
  end)

  it('says when the interpreter is not there', function()
    local message = message_of(function() parallel.run{host = world.host('h1', {lua = 'lua-that-is-not'}), code = ''} end)
    assert.truthy(message:find('lua-that-is-not', 1, true), message)
  end)

  it('gives up a host whose launcher never speaks', function()
    local message = message_of(function()
      parallel.run{host = {host = 'silent', launcher = 'sleep 100 {cmd}', connect_timeout = 0.5}, code = ''}
    end)
    assert.truthy(message:find('silent', 1, true), message)
    assert.truthy(message:find('sleep 100', 1, true) or message:find('exit status', 1, true), message)
  end)

  it('does not mind noise of login scripts, nor spaces and quotes in folders and variables', function()
    support.write_file('/run/world/home/.bashrc', 'echo "welcome to $(hostname)"; printf "%s" "no newline"\n')
    local dir = "/tmp/a folder's \"name\""
    os.execute('mkdir -p ' .. support.quote(dir))
    local strange_env = {STRANGE = [[ a'b"c $HOME `id` \ ]]}
    for name, value in pairs(world.env) do strange_env[name] = value end
    local child = parallel.run{host = world.host('h1', {dir = dir, env = strange_env}), code = 'return os.getenv "STRANGE", io.popen("pwd"):read()'}
    local strange, pwd = child:join()
    os.remove('/run/world/home/.bashrc')
    assert.equal([[ a'b"c $HOME `id` \ ]], strange)
    assert.equal(dir, pwd)
  end)

  it('gives libraries of numbers their share of the cores, whatever variables of a longer name are set', function()
    local code = 'return os.getenv "OMP_NUM_THREADS", os.getenv "OMP_NUM_THREADS_OF_MINE"'
    local function threads(env) return parallel.run{host = world.host('h1'), env = env, code = code}:join() end
    local share, mine = threads{OMP_NUM_THREADS_OF_MINE = 'x'}
    assert.matches('^%d+$', share)
    assert.equal('x', mine)
    assert.equal('77', (threads{OMP_NUM_THREADS = '77'}))
  end)

  it('refuses what cannot be a host', function()
    for _, host in ipairs{'', '-oProxyCommand=x', 'a b', 'h1;id', {host = 'h1', slots = 0}, {host = 'h1', colour = 'red'}, {slots = 2}, 7} do
      assert.has_error(function() parallel.run{host = host, code = ''} end)
    end
  end)

  it('refuses functions from a host that has functions=false', function()
    local child = parallel.run{host = world.host('h1', {functions = false, dir = '/'}), code = 'parallel.parent:send(function() end)'}
    assert.equal('unsupported', support.error_of(function() child:receive() end).code)
  end)
end)

describe('pools and maps on hosts', function()
  after_each(function() parallel.close() end)

  it('spread over all slots', function()
    local pool = parallel.pool{hosts = {world.host('h1', {slots = 2}), world.host('h2', {slots = 1})}}
    local names = pool:everywhere(function() return io.popen('hostname'):read() end)
    table.sort(names)
    assert.same({'h1', 'h1', 'h2'}, names)
    assert.same({h1 = 2, h2 = 1}, pool:stats().hosts)
    local squares = pool:map(function(x) return x * x end, {1, 2, 3, 4, 5})
    assert.same({1, 4, 9, 16, 25}, squares)
    pool:close()
  end)

  it('give the same results with a seed as here', function()
    local list = {}
    for i = 1, 200 do list[i] = i end
    local function draw(i) return i + math.random() end
    local here = parallel.map(draw, list, {seed = 5, workers = 2})
    assert.same(here, parallel.map(draw, list, {seed = 5, hosts = {world.host('h1', {slots = 1}), world.host('h2', {slots = 2})}}))
  end)

  it('go on when a host is lost, and take it back', function()
    parallel.hosts{world.host('h1', {slots = 2}), world.host('h2', {slots = 2})}
    local pool = parallel.pool{hosts = true, retries = 5}
    local list = {}
    for i = 1, 3000 do list[i] = i end
    pool:map(function(i) return i end, list)
    local agents = pool:everywhere(function()
      local file = io.open('/proc/self/stat')
      local ppid = file:read('*a'):match('%) %S (%d+)')
      file:close()
      return {io.popen('hostname'):read(), tonumber(ppid)}
    end)
    for _, agent in ipairs(agents) do if agent[1] == 'h2' then world.kill(agent[2]) break end end
    local results = pool:map(function(i) return i * 2 end, list)
    for i = 1, 3000 do assert.equal(i * 2, results[i]) end
    assert.is_true(support.eventually(function()
      pool:map(function(i) return i end, list, {chunk = 10})
      return (pool:stats().hosts.h2 or 0) == 2
    end))
    pool:close()
  end)
end)

describe('reconnect=false', function()
  after_each(function() parallel.close() end)

  it('leaves a lost host alone, and ends a pool whose hosts are all lost', function()
    local hosts = parallel.hosts{world.host('h1', {slots = 1, dir = '/run'}), world.host('h2', {slots = 1, dir = '/run'})}
    local pool = parallel.pool{hosts = hosts, retries = 5, reconnect = false}
    local list = {}
    for i = 1, 200 do list[i] = i end
    local function agent_of_this()
      return {io.popen('hostname'):read(), tonumber(io.open('/proc/self/stat'):read('*a'):match('%) %S (%d+)'))}
    end
    local function lose(name)
      for _, agent in ipairs(pool:everywhere(agent_of_this)) do
        if agent[1] == name then world.kill(agent[2]) end
      end
    end
    local function lost(host) return require 'parallel.hosts'.state(host) == 'down' end
    lose('h2')
    local results = pool:map(function(i) return i * 2 end, list)
    for i = 1, 200 do assert.equal(i * 2, results[i]) end
    assert.is_true(support.eventually(function() return lost(hosts[2]) end))
    pool:map(function(i) return i end, list, {chunk = 1})
    assert.is_true(lost(hosts[2]))
    lose('h1')
    assert.matches('all hosts of this pool are lost', support.message_of(function()
      for _ = 1, 100 do pool:map(function(i) return i end, list) end
    end))
    assert.is_true(lost(hosts[1]))
  end)

  it('is of hosts', function()
    assert.matches('hosts=', support.message_of(function() parallel.pool{workers = 1, reconnect = false} end))
    assert.matches('true or false', support.message_of(function() parallel.pool{hosts = {'h1'}, reconnect = 1} end))
  end)
end)

describe('programs that name no hosts in their text', function()
  local function run(env, code)
    local out, status = support.script('local parallel = require "parallel" ' .. code, {env = env})
    assert.equal(0, status, out)
    return out
  end

  it('take them from PARALLEL_HOSTS, as a list or a file', function()
    local lines, file = {}, support.scratch('.hosts')
    for name, value in pairs(world.env) do lines[#lines + 1] = name .. '=' .. value .. '\n' end
    support.write_file('/run/world/home/.ssh/environment', table.concat(lines))
    support.write_file(file, '# ours\nh1 slots=2\nh2:1\n')
    local code = [[
      local where, list = {}, parallel.pool{hosts = parallel.hosts()}:everywhere(function() return io.popen('hostname'):read() end)
      for _, name in ipairs(list) do where[#where + 1] = name end
      table.sort(where)
      print(table.concat(where, ' '))]]
    assert.matches('^h1 h1 h2\n', run('PARALLEL_HOSTS=h1:2,h2:1', code))
    assert.matches('^h1 h1 h2\n', run('PARALLEL_HOSTS=file:' .. support.quote(file), code))
    os.remove(file)
  end)

  it('are told of a PARALLEL_HOSTS that cannot be', function()
    for text, pattern in pairs{['h1;id'] = "'h1;id' is no name of a host (from PARALLEL_HOSTS)", ['h1:0'] = 'slots must be a whole number',
      [' , '] = 'PARALLEL_HOSTS names no host', ['-x'] = 'from PARALLEL_HOSTS', ['file:/nowhere'] = '/nowhere'} do
      assert.matches(pattern, run('PARALLEL_HOSTS=' .. support.quote(text), 'print(pcall(parallel.hosts))'), 1, true)
    end
  end)

  it('examples/cluster.lua: on hosts, and on this machine alone', function()
    for _, hosts in ipairs{'h1:1 h2:2', ''} do
      local out, status = support.shell(('%s/tools/lua %s examples/cluster.lua %s'):format(support.quote(support.root), support.version, hosts))
      assert.equal(0, status, out)
      assert.matches('41538 primes below 500000', out)
      if hosts ~= '' then assert.matches('h1: 1 workers.*', out) assert.matches('h2: 2 workers', out)
      else assert.matches('localhost: 2 workers', out) end
    end
  end)
end)

describe('the original calls', function()
  before_each(function()
    local lines = {}
    for name, value in pairs(world.env) do lines[#lines + 1] = name .. '=' .. value .. '\n' end
    support.write_file('/run/world/home/.ssh/environment', table.concat(lines))
  end)
  after_each(function()
    parallel.close()
    parallel.remotes = nil
  end)

  it('fork(ip)', function()
    local child = parallel.fork('h1')
    child:exec('parallel.parent:send(io.popen("hostname"):read()) parallel.parent:send(parallel.yield())')
    assert.equal('h1', child:receive())
    child:join('ok')
    assert.equal('ok', child:receive())
    assert.equal('h1', child.ip)
    child:sync()
  end)

  it('nfork{n, ip=} and children:exec', function()
    local list = parallel.nfork({2, ip = 'h1'}, {1, ip = 'h2', protocol = 'ssh -T {host} {cmd}'}, {1})
    list:exec('parallel.parent:send(io.popen("hostname"):read())')
    local names = list:receive()
    assert.same({'h1', 'h1', 'h2', 'h0'}, {names[1], names[2], names[3], names[4]})
    list:join()
  end)

  it('addremote, calibrate and sfork', function()
    parallel.addremote({ip = 'h1', cores = 2}, {ip = 'h2', cores = 1})
    parallel.calibrate()
    local list = parallel.sfork(3)
    list:exec('parallel.parent:send(io.popen("hostname"):read())')
    local count = {}
    for _, name in ipairs(list:receive()) do count[name] = (count[name] or 0) + 1 end
    assert.same({h1 = 2, h2 = 1}, count)
    assert.truthy(list[1].speed > 0)
    list:sync()
  end)
end)
