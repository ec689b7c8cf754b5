-- The later API: this machine's addresses, addremote, sfork and calibrate.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local core = require 'parallel.core'
local here = require 'parallel.machine'

local message_of = support.message_of

-- How many children each entry has.
local function counts(list)
  local result = {}
  for _, child in ipairs(list) do
    for i, entry in ipairs(parallel.remotes) do
      if child.remote == entry then result[i] = (result[i] or 0) + 1 end
    end
  end
  return result
end

local function fresh()
  parallel.close()
  parallel.remotes = nil
end

describe('this machine', function()
  it('knows its names and addresses', function()
    for _, address in ipairs(core.addresses()) do
      assert.is_true(here.is_here(address.ip))
      assert.is_true(here.is_here('[' .. address.ip .. ']'))
      assert.is_true(here.is_here(address.ip .. '%' .. address.interface))
    end
    for _, name in ipairs{'localhost', '127.0.0.1', '::1', core.hostname(), core.hostname():upper()} do
      assert.is_true(here.is_here(name), name)
    end
    for _, name in ipairs{'', 'server1', '127.0.0.1.example.org', '128.0.0.1', 'nobody@localhost',
      'localhost.example.org'} do
      assert.is_false(here.is_here(name), name)
    end
  end)

  it('has an address for others, which a program may set', function()
    assert.matches('^[%d.:a-f]+$', parallel.ip)
    local loopback
    for _, address in ipairs(core.addresses()) do
      if address.loopback and address.family == 4 then loopback = address end
    end
    assert.equal(loopback.ip, parallel.autoip(loopback.interface))
    assert.equal(loopback.ip, parallel.ip)
    assert.is_nil(parallel.autoip('no-such-interface'))
    assert.equal(loopback.ip, parallel.ip)
    assert.equal(loopback.ip, parallel.autoip{'no-such-interface', loopback.interface})
    parallel.ip = '10.1.2.3'
    assert.equal('10.1.2.3', parallel.ip)
    parallel.reset()
    assert.not_equal('10.1.2.3', parallel.ip)
    assert.matches('interface', message_of(parallel.autoip, 5))
  end)

  it('has an address in its children, too', function()
    assert.equal(parallel.ip, parallel.run('return parallel.ip'):join())
  end)
end)

describe('addremote', function()
  after_each(fresh)

  it('adds machines and their cores', function()
    assert.is_nil(parallel.remotes)
    parallel.addremote({ip = 'server1', cores = 8, lua = 'lua', protocol = 'ssh -Y'}, {ip = 'server2', cores = 4})
    parallel.addremote{{ip = 'server3', cores = 2}}
    assert.equal(14, parallel.remotes.cores)
    assert.equal(3, #parallel.remotes)
    assert.equal('server2', parallel.remotes[2].ip)
    parallel.addremote{ip = 'localhost'}
    assert.equal(parallel.cores(), parallel.remotes[4].cores)
  end)

  it('counts the same table twice when it is given twice', function()
    local entry = {ip = 'localhost', cores = 2}
    parallel.addremote(entry, entry)
    assert.equal(4, parallel.remotes.cores)
    assert.same({2, 2}, counts(parallel.sfork(4)))
  end)

  it('refuses wrong entries and adds none of them', function()
    assert.matches('at least one table', message_of(parallel.addremote))
    assert.matches('entry 1: a table such as.*got string', message_of(parallel.addremote, 'server1'))
    assert.matches('entry 2: ip= must name a machine, got nil',
      message_of(parallel.addremote, {ip = 'a', cores = 1}, {cores = 1}))
    assert.matches('cores= is missing', message_of(parallel.addremote, {ip = 'server1'}))
    assert.matches('cores= must be a whole number', message_of(parallel.addremote, {ip = 'server1', cores = 0.5}))
    assert.matches('lua= must be a string', message_of(parallel.addremote, {ip = 'server1', cores = 1, lua = {}}))
    assert.is_nil(parallel.remotes)
  end)
end)

describe('sfork', function()
  after_each(fresh)

  it('starts children on this machine without any others', function()
    local list = parallel.sfork(2)
    list:exec('return parallel.id')
    assert.same({list[1].id, list[2].id}, list:sync())
    assert.matches('a number of processes expected', message_of(parallel.sfork))
    assert.matches('a number of processes expected', message_of(parallel.sfork, -2))
  end)

  it('fills the machines one by one as long as they have cores', function()
    parallel.addremote({ip = 'localhost', cores = 8}, {ip = 'localhost', cores = 16}, {ip = 'localhost', cores = 4})
    assert.same({6, 6, 4}, counts(parallel.sfork(16)))
    assert.equal(12, parallel.remotes.cores)
    assert.equal(0, parallel.remotes[3].cores)
  end)

  it('gives fast machines more', function()
    parallel.addremote({ip = 'localhost', cores = 8}, {ip = '127.0.0.1', cores = 8})
    parallel.remotes[2].speed = 0.5
    local list = parallel.sfork(6)
    assert.same({4, 2}, counts(list))
    for _, child in ipairs(list) do assert.equal(child.remote.speed or 1, child.speed) end
  end)

  it('goes on when all cores are taken', function()
    parallel.addremote({ip = 'localhost', cores = 1}, {ip = 'localhost', cores = 3})
    assert.same({2, 6}, counts(parallel.sfork(8)))
    assert.equal(-4, parallel.remotes.cores)
  end)

  it('gets cores back however a child goes', function()
    parallel.addremote({ip = 'localhost', cores = 4})
    local list = parallel.sfork(4)
    assert.equal(0, parallel.remotes.cores)
    list:exec('return 1')
    list[1]:sync()
    list[2]:join()
    assert.equal(2, parallel.remotes[1].cores)
    list[3]:close()
    assert.equal(3, parallel.remotes.cores)
    parallel.close()
    assert.equal(4, parallel.remotes.cores)
    list:close()
    assert.equal(4, parallel.remotes.cores)
  end)

  it('says which machine cannot be reached, and takes back what it started', function()
    parallel.addremote({ip = 'localhost', cores = 1}, {ip = 'server1.invalid', cores = 4})
    assert.matches('server1.invalid', message_of(parallel.sfork, 2))
    assert.equal(5, parallel.remotes.cores)
    assert.equal(0, parallel.nchildren)
    assert.equal(1, #parallel.sfork(1))
  end)
end)

describe('calibrate', function()
  after_each(fresh)

  it('measures each machine: 1 for the fastest', function()
    parallel.addremote({ip = 'localhost', cores = 1}, {ip = parallel.ip, cores = 1})
    parallel.calibrate()
    assert.equal(2, parallel.remotes.cores)
    assert.equal(0, parallel.nchildren)
    for _, remote in ipairs(parallel.remotes) do assert.equal(1, remote.speed) end -- one and the same machine
    assert.equal(1, parallel.sfork(1)[1].speed)
  end)

  it('needs machines', function()
    assert.matches('before parallel.addremote', message_of(parallel.calibrate))
    parallel.addremote({ip = 'server1.invalid', cores = 1})
    assert.matches('server1.invalid', message_of(parallel.calibrate))
    assert.equal(1, parallel.remotes.cores)
  end)

  it('sees which machine is slower', function()
    local remotes = require 'parallel.remotes'
    local fast, slow, stuck = {ip = 'server1'}, {ip = 'server2'}, {ip = 'server3'}
    local children = {{remote = fast}, {remote = slow}, {remote = slow}, {remote = slow}, {remote = stuck}}
    remotes.rate({fast, slow, stuck}, children, {1000, 480, 505, 20, 1})
    assert.equal(1, fast.speed)
    assert.equal(0.5, slow.speed)
    assert.equal(0.01, stuck.speed)
  end)
end)
