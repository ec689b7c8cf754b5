-- Children that are C programs, and Lua scripts whose parent is one: strings go to and fro.
package.path = 'tests/lua/?.lua;' .. package.path
local parallel = require 'parallel'
local support = require 'support'

local message_of, quote = support.message_of, support.quote
local worker, parent = support.build .. '/examples/worker', support.build .. '/examples/parent'
if not support.read_file(worker) then
  describe('the C API', function() pending 'its examples are not built' end)
  return
end

describe('a child that is a program', function()
  after_each(function() parallel.close() end)

  it('gets strings and answers with strings', function()
    local child = parallel.run{program = worker}
    assert.equal(child, parallel.children[child.id])
    for _, text in ipairs{'a b e', ('xa'):rep(3000000), 'a\0e\255'} do
      child:send(text)
      assert.equal(tostring(select(2, text:gsub('[aeiou]', ''))), child:receive())
    end
    assert.same({false, 'timeout'}, {child:try_receive(0) and true, select(2, child:try_receive(0)).code})
    child:send ''
    assert.equal(0, select('#', child:join()))
    assert.equal('closed', support.error_of(child.receive, child).code)
  end)

  it('can be selected, waited for and killed', function()
    local a, b = parallel.run{program = worker, name = 'a'}, parallel.run{program = worker}
    b:send 'aaa'
    assert.equal(b, parallel.select({a, b}))
    assert.equal('3', b:receive())
    a:kill 'TERM'
    local err = support.error_of(a.join, a)
    assert.equal('died', err.code)
    assert.equal(15, err.signal)
    assert.equal('died', support.error_of(a.receive, a).code)
  end)

  it('may be any program', function()
    local child = parallel.run{program = 'sh', args = {'-c', 'echo "$X $1"; exit 3', 'sh', 'arg'}, env = {X = 'x'}, stdout = 'capture'}
    local err = support.error_of(child.join, child)
    assert.equal(3, err.status)
    assert.matches('exit status 3', err.message)
    assert.equal('x arg\n', child:output())
  end)

  it('takes no other values', function()
    local child = parallel.run{program = worker}
    for _, value in ipairs{5, true, {}, print} do
      assert.matches('a program takes strings, not a ' .. type(value), message_of(child.send, child, value))
    end
    assert.matches('child %d+ is a program', message_of(parallel.children.send, parallel.children, 'x'))
    child:send 'still there'
    assert.equal('3', child:receive())
  end)

  it('has options of its own', function()
    assert.matches("there is no option 'code' of a program", message_of(parallel.run, {program = worker, code = ''}))
    assert.matches("option 'program' must be a string", message_of(parallel.run, {program = 5}))
    assert.matches('argument 1 of a program must be a string', message_of(parallel.run, {program = worker, args = {5}}))
    assert.matches("cannot start '/no/such/worker'", message_of(parallel.run, {program = '/no/such/worker'}))
    assert.equal(0, parallel.nchildren)
  end)

  it('runs as the example', function()
    local out = support.shell(('tools/lua %s examples/c/parent.lua %s'):format(support.version, quote(worker)))
    assert.matches('in all\t500005\n$', out)
  end)
end)

describe('a script whose parent is a program', function()
  local env = ('LUA_PATH=%s LUA_CPATH=%s'):format(quote(support.root .. '/lua/?.lua;' .. support.root .. '/lua/?/init.lua;;'),
    quote(support.build .. '/lib/' .. support.version .. '/?.so;;'))

  local function run(code)
    local path = support.scratch('.lua')
    support.write_file(path, code)
    local out = support.shell(('%s %s %s %s'):format(env, quote(parent), quote(support.interpreter(support.version)), quote(path)))
    os.remove(path)
    return out
  end

  it('runs as the example', function()
    local out = run(support.read_file('examples/c/worker.lua'))
    assert.equal('A TEXT FOR THE FIRST\nchild 1 ended with status 0\nAND ONE FOR THE SECOND\nchild 2 ended with status 0\n', out)
  end)

  it('has an id, children of its own, and no variable that they could take', function()
    local out = run [[
      local parallel = require 'parallel'
      local deep = parallel.run('return parallel.parent.id, os.getenv "PARALLEL_SOCKET"')
      parallel.parent:send(table.concat({parallel.id, parallel.parent.id, tostring(deep:join()), #parallel.parent:receive()}, ' '))
    ]]
    assert.matches('^1 0 1 20\nchild 1 ended with status 0\n2 0 2 22\n', out)
  end)
end)
