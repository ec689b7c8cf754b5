-- torch.CmdLine, torch.Tester and torch.TestSuite, as programs of Torch's time use them.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local torch = require 'parallel.tensor'

local function fails(pattern, f, ...)
  local good, message = pcall(f, ...)
  assert.is_false(good)
  assert.truthy(tostring(message):find(pattern), message)
end

local program = [[
  local torch = require 'parallel.tensor'
  local cmd = torch.CmdLine()
  cmd:text('Training a simple network')
  cmd:argument('-file', 'what to read')
  cmd:option('-seed', 123, 'initial random seed')
  cmd:option('-verbose', false, 'say more')
  cmd:option('-name', 'net', 'what it is called')
  local params = cmd:parse(arg)
  print(params.file, params.seed, params.verbose, params.name)
  print(cmd:string('run', params, {name = true}))
]]

describe('torch.CmdLine', function()
  local function run(words) return support.script(program, {args = words}) end

  it('reads arguments and options', function()
    assert.equal('x\t123\tfalse\tnet\nrun,file=x,\n', run 'x')
    assert.equal('x\t45\ttrue\ta b\nrun,file=x,seed=45,verbose=t\n', run '-seed 45 -verbose x -name "a b"')
  end)

  it('ends the program with the help for what is wrong', function()
    for words, text in pairs {
      [''] = 'not enough arguments', ['x y'] = 'invalid argument: y', ['x -seed'] = 'missing argument for option %-seed',
      ['x -seed z'] = 'invalid type for option %-seed %(should be number%)', ['x -nope'] = 'invalid argument: %-nope',
    } do
      local out, status = run(words)
      assert.equal(1, status)
      assert.matches(text, out)
      assert.matches('Usage: %[options%] <file>\nTraining a simple network\n' ..
        '  <file>   what to read\n  %-seed    initial random seed %[123%]', out)
    end
    local out, status = run '-help'
    assert.equal(0, status)
    assert.matches('^Usage: .* %[options%] <file>', out)
  end)

  it('makes names of what is not the default', function()
    local cmd = torch.CmdLine(';', ':')
    cmd:option('-a', 1)
    cmd:option('--b', 'x')
    assert.equal('p', cmd:string('p', cmd:default()))
    assert.equal('p;a:2', cmd:string('p', {a = 2, b = 'x'}))
    assert.equal(';b:y', cmd:string(nil, {a = 1, b = 'y'}))
    assert.equal('p;a:1', cmd:string('p', {a = 1, b = 'x'}, {a = false}))
    fails('has no default value', cmd.option, cmd, '-c')
    fails('a number, not a string', cmd.option, cmd, '-c', 1, '', 'string')
    fails('a text expected, got number', cmd.text, cmd, 1)
  end)

  it('logs what is printed', function()
    local path = support.scratch '.log'
    local out = support.script(([[
      local torch = require 'parallel.tensor'
      local cmd = torch.CmdLine()
      cmd:addTime('100%%%% mine', '%%H:%%M ')
      cmd:log(%q, {seed = 5})
      print('shown', 1)
      cmd:silent()
      print('hidden', nil)
    ]]):format(path))
    assert.matches('program started on', out)
    assert.matches('seed\t5\n', out)
    assert.matches('shown\t1\n$', out)
    local log = support.read_file(path)
    os.remove(path)
    assert.matches('%d%d:%d%d %[100%%%% mine%]:  shown 1\n', log)
    assert.matches('hidden nil\n$', log)
  end)
end)

describe('torch.Tester', function()
  -- Runs a body as the only test of a tester. Returns what it wrote and whether it passed.
  local function run(body, before)
    local out, status = support.script([[
      local torch = require 'parallel.tensor'
      local tester, suite = torch.Tester(), torch.TestSuite()
      ]] .. (before or '') .. [[
      function suite.one()
        ]] .. body .. [[
      end
      tester:add(suite)
      local good, why = pcall(tester.run, tester)
      if not good then assert(why:find('An error was found while running tests!', 1, true), why) end
      print(good)
    ]])
    assert.equal(0, status, out)
    return out, out:match '(%a+)\n$' == 'true'
  end

  local good = {
    'tester:assert(true)', 'tester:asserteq(1, 1)', 'tester:assertne(1, 2, "text")', 'tester:assertlt(1, 2)', 'tester:assertge(2, 2)',
    'tester:assertalmosteq(1, 1.001, 0.01)', 'tester:assertalmosteq(1, 1.001, "text", 0.01)',
    'tester:eq({1, {a = torch.ones(2)}}, {1, {a = torch.ones(2)}})', 'tester:ne({1, {a = 1}}, {1, {a = 2}})', 'tester:eq(1, 1.05, 0.1)',
    'tester:assertTensorEq(torch.ones(2, 2), torch.ones(4))', 'tester:assertTensorNe(torch.ones(2), torch.zeros(2))',
    'tester:eq(torch.Tensor(), torch.Tensor())', 'tester:ne(torch.ones(2), torch.ones(2, 1))',
    'tester:ne(torch.ones(1), torch.ones(1):float())',
    'tester:eq(torch.LongStorage {1, 2}, torch.LongStorage {1, 2})', 'tester:ne(torch.LongStorage {1, 2}, torch.LongStorage {1, 3})',
    'tester:assertTableEq({1, 2}, {1, 2.001}, 0.01)', 'tester:assertTableNe({1}, {1, 2})', 'tester:assertError(function() error "x" end)',
    'tester:assertErrorPattern(function() error "some text" end, "text")', 'tester:assertErrorMsg(function() error("x", 0) end, "x")',
    'tester:assertErrorObj(function() error {5} end, function(e) return e[1] == 5 end)', 'tester:assertNoError(function() end)',
    'local a, b = {1}, {1} a.self, b.self = a, b tester:eq(a, b)', 'tester:eq("a", "a")', 'tester:ne("a", 1)',
  }
  it('passes what is so', function()
    local out, passed = run(table.concat(good, '\n'))
    assert.is_true(passed, out)
    assert.matches('1/1 one %.+ %[PASS%] %+warning\n', out)
    assert.matches(('Completed %d asserts in 1 test with 0 failures and 0 errors and 1 warning\n'):format(#good), out)
    assert.matches('the same elements, in different dimensions', out)
  end)

  for body, text in pairs {
    ['tester:assert(false, "it is not")'] = 'it is not\nBOOL violation condition=false',
    ['tester:asserteq(1, 2)'] = 'EQ failed: 1 ~= 2', ['tester:assertlt(2, 1)'] = 'LT failed: 2 >= 1',
    ['tester:eq(torch.ones(2), torch.zeros(2))'] = 'max diff=1%.?0?, tolerance=0', ['tester:eq(1, "1")'] = 'values have different types',
    ['tester:eq({a = {b = 1}}, {a = {b = 2}})'] = 'At table location a.b: 1 ~= 2',
    ['tester:eq({a = {b = 1}}, {a = {}})'] = 'Entry a.b missing in second table',
    ['tester:eq({}, {a = 1})'] = 'Entry a missing in first table',
    ['tester:ne({1}, {1})'] = 'they are the same', ['tester:assertError(function() end)'] = 'ERROR violation',
    ['tester:assertTensorEq(torch.ones(2), torch.ones(3))'] = 'The tensors have different sizes',
    ['tester:eq(torch.LongStorage(2), torch.LongStorage(3))'] = 'The storages have different sizes',
  } do
    it('fails what is not: ' .. body, function()
      local out, passed = run(body)
      assert.is_false(passed, out)
      assert.matches('%[FAIL%]\n', out)
      assert.matches(text, out)
      assert.matches('1 failure and 0 errors', out)
      assert.matches('%.lua:%d+\n', out)
    end)
  end

  it('reports what raises, with where', function()
    local out, passed = run 'local t = nil; t.x = 1'
    assert.is_false(passed)
    assert.matches('%[ERROR%]', out)
    assert.matches('one\n Function call failed\n.*attempt to index', out)
    assert.matches('0 failures and 1 error\n', out)
  end)

  it('runs chosen tests, around them what was asked for, and leaves out others', function()
    local out, passed = run('print "in one"', [[
      suite._setUp = function(name) print('up ' .. name) end
      suite._tearDown = function(name) print('down ' .. name) end
      suite.two = function() print 'in two' end
      suite.three = function() error 'never' end
      local plain = tester.run
      function tester:run() self:disable 'three' plain(self, {'t', 'one'}) end
    ]])
    assert.is_true(passed, out)
    assert.matches('up one\nin one\ndown one\n', out)
    assert.matches('up two\nin two\ndown two\n', out)
    assert.matches('1 disabled', out)
    local tester = torch.Tester()
    fails("Couldn't find test 'x'", tester.run, tester, 'x')
    fails("Unrecognized test 'x'", tester.disable, tester, 'x')
    tester:add(function() end, 'a')
    fails('already exists', tester.add, tester, function() end, 'a')
    fails('a function or a table of functions expected', tester.add, tester, 5)
    fails('a tolerance %(from 0 on%) and a message expected', tester.eq, tester, 1, 1, {})
    local suite = torch.TestSuite()
    suite.x = function() end
    fails('already defined', function() suite.x = function() end end)
    fails('is a table, not a function', function() suite.y = {} end)
  end)

  it('stops at the first failure, or raises it, if told so', function()
    local out = run('tester:assert(false)', 'tester:setEarlyAbort(true) suite.two = function() end ')
    assert.matches('Aborting on first error', out)
    local tester = torch.Tester()
    tester:setRethrowErrors(true)
    tester:add(function() tester:assert(false, 'here') end, 'a')
    local print_to = io.output()
    io.output(support.scratch '.out')
    fails('here\nBOOL violation', tester.run, tester)
    io.output():close()
    io.output(print_to)
  end)
end)
