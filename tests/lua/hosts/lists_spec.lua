-- Lists of hosts as people and programs write them, and the commands that start agents. Nothing is started.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
require 'parallel'
local hostlist = require 'parallel.hostlist'
local launcher = require 'parallel.launcher'
local message_of = support.message_of

local function names(list)
  local result = {}
  for i, host in ipairs(list) do result[i] = host.name .. (host.slots and ':' .. host.slots or '') end
  return table.concat(result, ' ')
end

describe('a name', function()
  it('may have a user and a port', function()
    assert.same({name = 'h1'}, hostlist.name('h1'))
    assert.same({name = 'h2', user = 'me', port = 2222}, hostlist.name('me@h2:2222'))
    assert.same({name = '10.0.0.1', port = 22}, hostlist.name('10.0.0.1:22'))
    assert.same({name = 'fe80::1'}, hostlist.name('fe80::1'))
    assert.same({name = 'fe80::1', port = 22}, hostlist.name('[fe80::1]:22'))
  end)

  it('is nothing that a program could take for an option or a shell for a command', function()
    for _, text in ipairs{'', '-oProxyCommand=x', 'a b', 'h;id', 'h`id`', '$(id)', 'me@', '-l@h', 'h:99999', 'a\nb', 7, false} do
      assert.has_error(function() hostlist.name(text) end)
    end
  end)
end)

describe('lists', function()
  it('that parallel.hosts returned may be given again, also with others', function()
    local hosts = require 'parallel.hosts'
    local list = hosts.list{{host = 'a', slots = 2}, 'b'}
    for _, host in ipairs(list) do host.record = {} end -- as if they were started
    local again = hosts.list(list)
    assert.equal('a:2 b', names(again))
    assert.equal(list[1].record, again[1].record)
    assert.equal('a:2 c:1', names(hosts.list{list[1], {host = 'c', slots = 1}}))
    assert.equal('a:4', names(hosts.list{list[1], list[1]}))
    assert.equal(2, list[1].slots)
  end)

  it('in a variable', function()
    assert.equal('h1:8 h2 h3:2', names(hostlist.variable('h1:8,h2, h3:2')))
    assert.matches('slots', message_of(hostlist.variable, 'h1:0'))
  end)

  it('in a file', function()
    assert.equal('h1 h2:4 h3:3', names(hostlist.text('# all\nh1\n\n h2 slots=4 max_slots=9 # big\r\nh3:3\n', 'f')))
    assert.matches('f, line 2', message_of(hostlist.text, 'h1\nh2 slots=x\n', 'f'))
    assert.matches('f, line 1', message_of(hostlist.text, '-bad\n', 'f'))
  end)

  it('of PBS', function() assert.equal('a:2 b:1', names(hostlist.by_lines('a\na\nb\n'))) end)

  it('of Slurm', function()
    assert.same({'h1', 'h2', 'x7'}, hostlist.slurm_names('h[1-2],x7'))
    assert.same({'n08', 'n09', 'n10', 'n3'}, hostlist.slurm_names('n[08-10,3]'))
    assert.same({'a1b1', 'a1b2', 'a2b1', 'a2b2'}, hostlist.slurm_names('a[1-2]b[1-2]'))
    for _, text in ipairs{'h[1-', 'h[x]', 'h[1-99999]', 'h]'} do assert.has_error(function() hostlist.slurm_names(text) end) end
    assert.same({4, 4, 3}, hostlist.slurm_counts('4(x2),3'))
    local env = {SLURM_JOB_NODELIST = 'h[1-3]', SLURM_JOB_CPUS_PER_NODE = '8(x2),4'}
    assert.equal('h1:8 h2:8 h3:4', names(hostlist.slurm(function(name) return env[name] end)))
    assert.is_nil(hostlist.slurm(function() end))
  end)
end)

describe('commands', function()
  local function host(fields)
    fields.name, fields.lua, fields.connect_timeout = fields.name or 'h1', fields.lua or 'lua', 30
    return fields
  end

  it('of ssh are quoted once, for any shell', function()
    local words = launcher.command(host{user = 'me', port = 22, env = {A = [[it's $HOME]]}, dir = '/a b'})
    assert.equal('ssh', words[1])
    assert.equal('me@h1', words[#words - 1])
    local line = words[#words]
    local out = support.shell('mkdir -p /tmp/x; set -- ' .. line .. '; for w in "$@"; do echo "<$w>"; done')
    assert.matches('<A=it\'s $HOME>', out, 1, true)
    assert.matches('</a b>', out, 1, true)
    assert.matches('<require "parallel.agent">', out, 1, true)
  end)

  it('are printed by dryrun, for a shell, and nothing is started', function()
    local out, status = support.script([[
      local parallel = require 'parallel'
      parallel.hosts{{host = 'me@no-such-host.invalid:23', dir = "/it's here", dryrun = true}, {host = 'n1', launcher = 'srun', dryrun = true}}
      print(require 'parallel.hosts'.bridge())
    ]])
    assert.equal(0, status, out)
    local first, second, bridge = out:match('^(.-)\n(.-)\n(.-)\n$')
    assert.equal('nil', bridge)
    local words = support.shell('set -- ' .. first .. '; for w in "$@"; do echo "<$w>"; done')
    assert.matches('^<ssh>\n', words)
    assert.matches('<23>\n<%-%->\n<me@no%-such%-host.invalid>\n<sh %-c .*>\n$', words)
    assert.matches('^srun .*%-%-nodelist=n1 ', second)
  end)

  it('of ssh have no text that a shell changes', function()
    local texts = {[[a'b"c $HOME `id` \ ]], [[ends with \]], [[two \\]], 'hi! !! !x', 'two\nlines', '~', '*', '{a,b}', '#x', '', '%'}
    local words = {}
    for i, text in ipairs(texts) do words[i] = launcher.quote(text) end
    local out = support.shell([[for w in ]] .. table.concat(words, ' ') .. [[; do printf '<%s>' "$w"; done]])
    assert.equal('<' .. table.concat(texts, '><') .. '>', out)
  end)

  it('of srun and mpirun are words as they are', function()
    for _, name in ipairs{'srun', 'mpirun'} do
      local words = launcher.command(host{launcher = name, env = {A = 'b c'}})
      assert.equal(name, words[1])
      assert.equal('require "parallel.agent"', words[#words])
      local found = false
      for _, word in ipairs(words) do found = found or word == 'A=b c' end
      assert.is_true(found)
    end
  end)

  it("by ssh with options of the user's", function()
    assert.same({'ssh', '-Y', '-i', 'key', '-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=30', '-o',
      'Ciphers=^aes128-gcm@openssh.com', '--', 'h1', [[lua -e 'require "parallel.agent"']]}, launcher.command(host{launcher = 'ssh -Y -i key'}))
    assert.same({'/opt/ssh', '-4', '-T'}, {(unpack or table.unpack)(launcher.command(host{launcher = '/opt/ssh -4'}), 1, 3)}) -- luacheck: ignore
    assert.same({'/my tools/ssh', '-i', '/my keys/id', '-T'}, {(unpack or table.unpack)(launcher.command( -- luacheck: ignore
      host{launcher = [['/my tools/ssh' -i "/my keys/id"]]}), 1, 4)})
    assert.matches('launcher', message_of(launcher.command, host{launcher = 'ssh h2'}))
    assert.matches('has no end', message_of(launcher.command, host{launcher = "ssh -i 'key"}))
  end)

  it('by a template', function()
    local words = launcher.command(host{launcher = 'kubectl exec -i {host} -- {cmd}', lua = 'luajit -O3'})
    assert.same({'kubectl', 'exec', '-i', 'h1', '--', 'luajit', '-O3', '-e', 'require "parallel.agent"'}, words)
    assert.same({'rsh', 'h1', [[lua -e 'require "parallel.agent"']]}, launcher.command(host{launcher = 'rsh {host} {quoted}'}))
    assert.same({'/my folder/slow', 'ssh', '-o', 'ProxyCommand=nc -X 5 %h %p', 'h1', '', "it's", '2', [[lua -e 'require "parallel.agent"']]},
      launcher.command(host{launcher = [[ '/my folder/slow' ssh -o "ProxyCommand=nc -X 5 %h %p" "{host}" '' "it's" 2 {quoted} ]]}))
    assert.same({'sh', '-c', [[cd /tmp && exec lua -e 'require "parallel.agent"']]},
      launcher.command(host{launcher = "sh -c 'cd /tmp && exec {cmd}'"}))
    assert.same({'/a b/lua', '-e', 'x = 1', '-e', 'require "parallel.agent"'}, {(unpack or table.unpack)(launcher.command( -- luacheck: ignore
      host{launcher = 'x {cmd}', lua = [["/a b/lua" -e 'x = 1']]}), 2)})
    assert.equal("parallel.hosts: host h1: a quote in launcher has no end: x 'y {cmd}", message_of(launcher.command, host{launcher = "x 'y {cmd}"}))
    assert.matches('host h1: a quote in lua has no end', message_of(launcher.command, host{launcher = 'x {cmd}', lua = 'lua -e "x'}), 1, true)
    assert.matches('{cmd}', message_of(launcher.command, host{launcher = 'x {host}'}), 1, true)
    assert.matches('{colour}', message_of(launcher.command, host{launcher = 'x {colour} {cmd}'}), 1, true)
    assert.matches('launcher', message_of(launcher.command, host{launcher = 'qsub'}))
  end)
end)
