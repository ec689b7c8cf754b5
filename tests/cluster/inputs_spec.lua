-- What people get wrong, and what hosts lack: an error that says where, and what to do, or nothing that is noticed.
package.path = 'tests/cluster/?.lua;' .. package.path
local world = require 'world'
local support = require 'support'
local parallel = require 'parallel'
local core = require 'parallel.core'
local message_of = support.message_of

local function copy_of_env(changes)
  local env = {}
  for name, value in pairs(world.env) do env[name] = value end
  for name, value in pairs(changes) do env[name] = value end
  return env
end

describe('a host', function()
  after_each(function() parallel.close() end)

  it('that has another release of the library is refused, and both are named', function()
    local release = core._VERSION:match('%d+%.%d+%.%d+')
    local other = release:gsub('%d$', function(digit) return digit == '9' and '8' or '9' end)
    local bytes, n = support.read_file(core.module_path()):gsub(release:gsub('%.', '%%.') .. '%z', other .. '\0')
    assert.is_true(n > 0)
    os.execute('mkdir -p /run/world/other/parallel')
    support.write_file('/run/world/other/parallel/core.so', bytes)
    local host = world.host('h1', {env = copy_of_env{LUA_CPATH = '/run/world/other/?.so'}})
    local message = message_of(function() parallel.run{host = host, code = ''} end)
    assert.truthy(message:find('h1', 1, true), message)
    assert.truthy(message:find('release ' .. other, 1, true), message)
    assert.truthy(message:find(release, 1, true), message)
    assert.truthy(message:find('install the same', 1, true), message)
  end)

  it('that is named twice is one agent with the slots of both', function()
    local list = parallel.hosts{world.host('h1', {slots = 1}), world.host('h1', {slots = 2})}
    assert.equal(1, #list)
    assert.equal(3, list[1].slots)
    local pool = parallel.pool{hosts = true}
    assert.same({h1 = 3}, pool:stats().hosts)
    local agents = pool:everywhere(function() return io.open('/proc/self/stat'):read('*a'):match('%) %S (%d+)') end)
    assert.same({agents[1], agents[1], agents[1]}, agents)
    pool:close()
    require 'parallel.hosts'.close()
  end)

  -- The portable backend has its shared memory there: what fills it leaves no room for children.
  local function shares_memory_in(folder)
    local child = parallel.run 'parallel.parent:receive()'
    local maps = support.read_file('/proc/self/maps')
    child:send(1)
    child:join()
    return maps:find(folder .. '/', 1, true) ~= nil
  end

  it('whose disks are full works, and what cannot be written there is an error there', function()
    local full = {'/run/world/full', not shares_memory_in('/dev/shm') and '/dev/shm' or nil}
    for _, folder in ipairs(full) do
      os.execute(('mkdir -p %s && mount -t tmpfs -o size=64k tmpfs %s'):format(folder, folder))
      os.execute(('dd if=/dev/zero of=%s/filling bs=4k 2>/dev/null'):format(folder))
    end
    local host = world.host('h1', {dir = '/run/world/full', env = copy_of_env{TMPDIR = '/run/world/full', HOME = '/run/world/full'}})
    local child = parallel.run{host = host, code = function(text)
      parallel.parent:send(text .. text)
      local file = assert(io.open('result', 'w'))
      file:setvbuf('no')
      assert(file:write(('x'):rep(100000)))
    end, args = {('x'):rep(16 * 2 ^ 20)}}
    local ok, text = pcall(child.receive, child, {timeout = support.patience})
    local err = support.error_of(child.join, child)
    if full[2] then os.execute('umount ' .. full[2]) end
    assert.is_true(ok and #text == 32 * 2 ^ 20)
    assert.equal('failed', err.code)
    assert.matches('child %d+ failed: .*No space left on device', tostring(err))
  end)

  it('that nobody knows is named, with the command and what ssh said', function()
    local message = message_of(function() parallel.run{host = world.host('nosuchhost'), code = ''} end)
    assert.truthy(message:find('nosuchhost', 1, true) and message:find('command: ssh', 1, true), message)
    assert.truthy(message:find('resolve hostname', 1, true), message)
  end)

  it('that ssh does not let in is named, with the command and what ssh said', function()
    local key = '/run/world/home/.ssh/key'
    os.rename(key, key .. '.away')
    local message = message_of(function() parallel.run{host = world.host('h2', {dir = '/run'}), code = ''} end)
    os.rename(key .. '.away', key)
    assert.truthy(message:find('h2', 1, true), message)
    assert.truthy(message:find('command: ssh', 1, true), message)
    assert.truthy(message:find('Permission denied', 1, true), message)
  end)

  it('whose key has changed is refused by ssh, and that is told', function()
    local known = support.read_file('/run/world/known_hosts')
    support.shell('ssh-keygen -q -t ed25519 -N "" -f /run/world/stranger')
    local stranger = support.read_file('/run/world/stranger.pub'):match('^%S+ %S+')
    support.write_file('/run/world/known_hosts', (known:gsub('(%S+) %S+ %S+\n', '%1 ' .. stranger .. '\n')))
    local message = message_of(function() parallel.run{host = world.host('h2', {dir = '/tmp'}), code = ''} end)
    support.write_file('/run/world/known_hosts', known)
    assert.truthy(message:find('Host key verification failed', 1, true), message)
  end)

  it('that fails is tried once, and by an ssh that does not know the cipher once more without it', function()
    os.execute('mkdir -p /run/world/fake')
    local function tries(says)
      support.write_file('/run/world/fake/ssh', ('#!/bin/sh\necho "$@" >>/run/world/fake/tries\necho %s >&2\nexit 255\n'):format(support.quote(says)))
      os.execute('chmod +x /run/world/fake/ssh; rm -f /run/world/fake/tries')
      local message = message_of(function() parallel.run{host = {host = 'h1', launcher = '/run/world/fake/ssh -4'}, code = ''} end)
      assert.truthy(message:find(says, 1, true), message)
      local list = {}
      for line in support.read_file('/run/world/fake/tries'):gmatch('[^\n]+') do list[#list + 1] = line:find('Ciphers=', 1, true) ~= nil end
      return list
    end
    assert.same({true}, tries('No route to host'))
    assert.same({true, false}, tries("Bad SSH2 cipher spec 'x'."))
  end)

  it('may have any login shell, and no home', function()
    local dir, text = [[/tmp/a! folder's "name" \]], [[a'b"c $HOME `id` !x \\]]
    os.execute('mkdir -p ' .. support.quote(dir))
    local tried = 0
    for _, user in ipairs{'tcsh', 'fish', 'homeless'} do
      if support.read_file('/etc/passwd'):find('\n' .. user .. ':', 1, true) then
        local child = parallel.run{host = world.host(user .. '@h1', {dir = dir, env = copy_of_env{STRANGE = text}}),
          code = 'return os.getenv "STRANGE", io.popen("pwd"):read(), os.getenv "USER"'}
        assert.same({text, dir, user}, {child:join()})
        tried = tried + 1
      end
    end
    os.remove(dir)
    assert.is_true(tried > 0)
  end)

  it('whose login says on its output what is wrong is told as such', function()
    local message = message_of(function() parallel.run{host = world.host('nologin@h1'), code = ''} end)
    assert.matches('command: ssh', message, 1, true)
    assert.matches('it said: .*not available', message)
  end)

  it('without ssh on this machine is told as such', function()
    local out = support.script([[
      package.path = 'tests/cluster/?.lua;' .. package.path
      local world = require 'world'
      print(pcall(require 'parallel'.run, {host = {host = 'h1', launcher = '/nowhere/ssh -T {host} {quoted}', env = world.env}, code = ''}))
    ]])
    assert.matches('false', out)
    assert.truthy(out:find('h1', 1, true) and out:find('/nowhere/ssh', 1, true), out)
  end)
end)
