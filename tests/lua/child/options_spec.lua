-- Options of parallel.run that shape the process: output, limits, priorities.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local message_of = support.message_of

describe('output', function()
  after_each(function() parallel.close() end)

  it('is captured whole, with that of programs the child runs', function()
    local child = parallel.run{stdout = 'capture', code = [[
      print('one') io.stderr:write('to error\n') io.write('no newline') io.stdout:flush()
      os.execute('echo from a shell; echo shell error >&2')
      return 5
    ]]}
    assert.equal(5, child:join())
    local out, err, dropped = child:output()
    assert.equal('one\nno newlinefrom a shell\n', out)
    assert.equal('to error\nshell error\n', err)
    assert.equal(0, dropped)
  end)

  it('is captured of a child that crashes', function()
    local child = parallel.run{stdout = 'capture', code = 'print("last words") os.execute("kill -KILL " .. parallel.pid)'}
    pcall(child.join, child)
    assert.equal('last words\n', (child:output()))
  end)

  it('is captured while the child runs, far beyond the size of a pipe', function()
    local child = parallel.run{stdout = 'capture', code = 'for i = 1, 20000 do print(("x"):rep(99)) end parallel.parent:receive()'}
    assert.is_true(support.eventually(function() return #(child:output()) == 2000000 end))
    child:send('go')
    child:join()
    assert.equal(2000000, #(child:output()))
  end)

  it('is relayed in whole lines with the prefix', function()
    local out = support.script([[
      local parallel = require 'parallel'
      for i = 1, 2 do
        parallel.run{stdout = 'prefix', code = 'for i = 1, 100 do io.write("a", "b", i, "\\n") end io.write("end")'}
      end
      parallel.run{stdout = 'prefix', code = 'parallel.run{stdout="prefix", code="print(1)"}:join()'}:join()
      parallel.children:join()
      print('top')
    ]])
    local count = {0, 0}
    for line in out:gmatch('[^\n]+') do
      local id, rest = line:match('^<parallel#00([12])>\t(.*)$')
      if id then
        count[tonumber(id)] = count[tonumber(id)] + 1
        assert.matches('^ab%d+$', rest == 'end' and 'ab1' or rest)
      else
        assert.is_truthy(line == 'top' or line == '<parallel#003>\t<parallel#003.001>\t1', line)
      end
    end
    assert.same({101, 101}, count)
    assert.matches('top\n$', out)
  end)

  it('is thrown away', function()
    local out = support.script([[
      local parallel = require 'parallel'
      parallel.run{stdout = 'null', code = 'print(1) io.stderr:write("2")'}:join()
    ]])
    assert.equal('', out)
  end)

  it('refuses other words', function()
    assert.matches("'stdout' must be", message_of(parallel.run, {code = '', stdout = 'file.txt'}))
  end)
end)

describe('limits', function()
  after_each(function() parallel.close() end)

  it('stop a child that eats memory, and nobody else', function()
    if support.sanitized or support.emulated then return pending('a sanitizer needs more memory than the limit, an emulator keeps none') end
    local child = parallel.run{memory_limit = 64 * 2 ^ 20, code = [[
      local t = {}
      for i = 1, 10000 do t[i] = ('x'):rep(2 ^ 20) .. i end
      return 'had it all'
    ]]}
    local text = message_of(child.join, child)
    assert.matches('not enough memory', text)
    assert.equal('fine', parallel.run{memory_limit = 64 * 2 ^ 20, code = 'return "fine"'}:join())
  end)

  it('set nice and affinity', function()
    local child = parallel.run{nice = 7, affinity = {0}, code = 'parallel.parent:send(parallel.cores()) parallel.parent:receive()'}
    assert.equal(1, child:receive())
    assert.equal('7', support.shell('LD_PRELOAD= ps -o ni= -p ' .. child.unixid):match('%S+'))
    child:send 'go'
    child:join()
  end)

  it('that cannot be set fail the start with the reason', function()
    local text = message_of(function() parallel.run{affinity = {4000}, code = ''}:join() end)
    assert.matches('core', text)
    assert.matches("'affinity' must be a list", message_of(parallel.run, {code = '', affinity = 1}))
    assert.matches("'memory_limit' must be a number of bytes", message_of(parallel.run, {code = '', memory_limit = '1G'}))
  end)
end)
