-- Starting children: code, arguments, options, ids, output.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local message_of = support.message_of

describe('parallel.run', function()
  after_each(function() parallel.close() end)

  it('runs a string in a process of its own and returns its values', function()
    local child = parallel.run('return parallel.pid, "x", nil, 4.5')
    assert.equal(child, parallel.children[child.id])
    local pid, x, none, number = child:join()
    assert.equal(child.unixid, pid)
    assert.not_equal(parallel.pid, pid)
    assert.equal('x', x)
    assert.is_nil(none)
    assert.equal(4.5, number)
  end)

  it('passes arguments with their types and keeps nils', function()
    local child = parallel.run('return select("#", ...), ...', nil, 1, nil, 'two', {3, k = {}}, false, nil)
    local n, a, b, c, d, e, f, g = child:join()
    assert.equal(7, n)
    assert.is_nil(a)
    assert.equal(1, b)
    assert.is_nil(c)
    assert.equal('two', d)
    assert.same({3, k = {}}, e)
    assert.is_false(f)
    assert.is_nil(g)
  end)

  it('passes text with spaces, quotes, newlines and shell signs as it is', function()
    local texts = {'a b', [['"]], 'x\ny\r\n', '$(exit 3)', '`id`', '; rm -rf x', '\0\1\255', '', '--', '-e', '%s%n'}
    local child = parallel.run('return {...}', (table.unpack or unpack)(texts)) -- luacheck: ignore
    assert.same(texts, child:join())
  end)

  it('runs a function with its upvalues', function()
    local factor, words = 3, {'a', 'b'}
    local child = parallel.run(function(x) return x * factor, words[2], parallel.id end, 14)
    local product, word, id = child:join()
    assert.equal(42, product)
    assert.equal('b', word)
    assert.equal(child.id, id)
  end)

  it('takes options in one table', function()
    local child = parallel.run{code = 'return ..., os.getenv("PAR_TEST"), io.popen("pwd"):read(), parallel.name',
      args = {7}, env = {PAR_TEST = 'a b', HOME = false}, cwd = '/usr', name = 'worker bee'}
    local arg, env, cwd, name = child:join()
    assert.equal(7, arg)
    assert.equal('a b', env)
    assert.equal('/usr', cwd)
    assert.equal('worker bee', name)
    assert.equal('worker bee', child.name)
  end)

  it('starts with a blank state', function()
    a_global_of_the_parent = 1 -- luacheck: ignore
    local child = parallel.run('return a_global_of_the_parent, arg, type(parallel), package.loaded.parallel == parallel')
    local global, arg, kind, loaded = child:join()
    a_global_of_the_parent = nil -- luacheck: ignore
    assert.is_nil(global)
    assert.is_nil(arg)
    assert.equal('table', kind)
    assert.is_true(loaded)
  end)

  it('finds the modules that the parent finds', function()
    local child = parallel.run('return package.path, package.cpath')
    local path, cpath = child:join()
    assert.equal(package.path, path)
    assert.equal(package.cpath, cpath)
  end)

  it('never uses an id twice', function()
    local a, b = parallel.run(''), parallel.run('')
    assert.equal(a.id + 1, b.id)
    parallel.children:join()
    assert.equal(b.id + 1, parallel.run('').id)
  end)

  it('refuses what is no code, at once', function()
    assert.matches('must be a string or a function, got number', message_of(parallel.run, 5))
    assert.matches('must be a string or a function, got nil', message_of(parallel.run))
    if not support.emulated then -- by an emulator children have an interpreter that was named, and may be another Lua
      assert.matches('does not compile.*unexpected symbol', message_of(parallel.run, 'x = = 1'))
    end
    assert.matches("no option 'codes'", message_of(parallel.run, {codes = 'x'}))
    assert.matches("option 'args' must be a list, got string", message_of(parallel.run, {code = '', args = 'x'}))
    assert.equal(0, parallel.nchildren)
  end)

  it('names the interpreter that is missing', function()
    if support.emulated then return pending 'an emulator does not say why a program cannot be started' end
    local text = message_of(parallel.run, {code = 'return 1', lua = 'no-such-lua'})
    assert.matches("cannot start 'no%-such%-lua'", text)
    assert.matches('PARALLEL_LUA', text)
    assert.equal(0, parallel.nchildren)
    assert.equal(2, parallel.run('return 2'):join())
  end)

  it('says when the program is no Lua interpreter', function()
    local text = message_of(parallel.run, {code = 'return 1', lua = '/bin/true'})
    assert.matches('is it a Lua interpreter', text)
    assert.equal(0, parallel.nchildren)
  end)

  it('says when the folder is missing', function()
    if support.emulated then return pending 'an emulator does not say why a program cannot be started' end
    assert.matches('no/such/folder', message_of(parallel.run, {code = 'return 1', cwd = '/no/such/folder'}))
  end)

  it('refuses arguments that cannot travel and forgets the child', function()
    local text = message_of(parallel.run, 'return 1', {deep = {io.stdout}})
    assert.matches('arguments%[1%]%.deep%[1%]: cannot send a userdata', text)
    assert.equal(0, parallel.nchildren)
  end)

  it('refuses bytecode for another kind of Lua, or sends the source', function()
    local other, its_version = support.other('5.4', '5.3')
    if not other then return pending 'there is no other Lua in this build' end
    local child = parallel.run{code = 'return _VERSION, ...', lua = other, args = {1, 'x', {y = 2}}}
    local version, one, x, t = child:join()
    assert.equal('Lua ' .. its_version, version)
    assert.same({1, 'x', {y = 2}}, {one, x, t})
    assert.matches("failed: [^\n]*:1: unexpected symbol near '='$", message_of(function() parallel.run{code = 'x = = 1', lua = other}:join() end))
  end)
end)

describe('ids', function()
  it('are 0 and -1 at the top', function()
    local out = support.script('require "parallel" print(parallel.id, parallel.parent.id, parallel.children[1])')
    assert.equal('0\t-1\tnil\n', out)
  end)

  it('count from 1 at every level', function()
    local out = support.script([[
      require 'parallel'
      local child = parallel.run(function()
        parallel.print('child', parallel.id, parallel.parent.id)
        for i = 1, 2 do
          parallel.run(function() parallel.print('grandchild', parallel.id, parallel.parent.id) end)
          parallel.children:join()
        end
        return parallel.run('return parallel.run("return parallel.print(parallel.parent.id)"):join()'):join()
      end)
      child:join()
      parallel.print('top', parallel.id)
    ]])
    assert.equal(table.concat({
      '<parallel#001>\tchild\t1\t0', '<parallel#001.001>\tgrandchild\t1\t1', '<parallel#001.002>\tgrandchild\t2\t1',
      '<parallel#001.003.001>\t3', '<parallel#000>\ttop\t0', ''}, '\n'), out)
  end)
end)

describe("what the parent's package.path finds", function()
  -- The program alone knows where things are: nothing is in the environment.
  local function run(code)
    local folder = support.scratch '.modules'
    support.shell('mkdir -p ' .. support.quote(folder))
    support.write_file(folder .. '/spec_module.lua', 'return {five = function() return 5 end, say = print}')
    local out, status = support.script(([[
      local root, build, folder = %q, %q, %q
      package.path = folder .. '/?.lua;' .. root .. '/lua/?.lua;' .. root .. '/lua/?/init.lua'
      package.cpath = build .. '/lib/' .. %q .. '/?.so'
      require 'parallel.core'.set_variable('LUA_PATH', false)
      require 'parallel.core'.set_variable('LUA_CPATH', false)
      local parallel = require 'parallel'
      local module = require 'spec_module'
    ]]):format(require 'parallel.core'.real_path(support.root), require 'parallel.core'.real_path(support.build),
      require 'parallel.core'.real_path(folder), support.version) .. code)
    os.remove(folder .. '/spec_module.lua')
    os.remove(folder)
    assert.equal(0, status, out)
    return out
  end

  it('is found by a child that gets it with its code', function()
    assert.equal('5\n', run('print(parallel.run(function() return module.five() end):join())'))
    assert.equal('5\n', run('print(parallel.run("return (...).five()", module):join())'))
    assert.equal('true\n', run('print(parallel.run("return ... == require [[spec_module]].say", module.say):join())'))
  end)

  it('are our own tensors, too', function()
    assert.matches('^3', run('print(parallel.run("return (...):sum()", parallel.tensor.ones(3)):join())'))
  end)
end)

describe('output', function()
  it('of a child comes in whole lines, before the parent goes on after join', function()
    local out = support.script([[
      require 'parallel'
      for i = 1, 3 do parallel.run('for i = 1, 200 do print(("x"):rep(300)); parallel.print(("y"):rep(300)) end') end
      parallel.children:join()
      print 'end'
    ]])
    local n = 0
    for line in out:gmatch('[^\n]+') do
      n = n + 1
      local ok = line == ('x'):rep(300) or line:match('^<parallel#00[123]>\t' .. ('y'):rep(300) .. '$') or line == 'end'
      assert.is_truthy(ok, line)
    end
    assert.equal(1201, n)
    assert.matches('end\n$', out)
  end)

  it('prints nils and tables like print', function()
    local out = support.script('require "parallel" parallel.print(nil, false, 1, "a") parallel.print()')
    assert.equal('<parallel#000>\tnil\tfalse\t1\ta\n<parallel#000>\n', out)
  end)
end)

describe('parallel.setSharedSize', function()
  it('decides the size of the buffers, not of the messages', function()
    local before = parallel.getSharedSize()
    parallel.setSharedSize(64 * 1024)
    assert.equal(64 * 1024, parallel.getSharedSize())
    local child = parallel.run('parallel.parent:send(parallel.parent:receive())')
    local text = ('0123456789abcdef'):rep(64 * 1024)
    child:send(text)
    assert.is_true(child:receive() == text)
    parallel.setSharedSize(100 * 1024)
    assert.equal(128 * 1024, parallel.getSharedSize())
    parallel.setSharedSize(before)
    child:join()
  end)

  it('refuses nonsense', function()
    for _, value in ipairs{0, -1, 'x', 2 ^ 60, 0 / 0} do
      assert.matches('number of bytes', message_of(parallel.setSharedSize, value))
    end
    assert.matches('number of bytes', message_of(parallel.setSharedSize))
  end)
end)
