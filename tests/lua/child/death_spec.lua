-- Whatever happens to a child its parent gets an error and goes on; whatever happens to the parent nothing is left.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local error_of = support.error_of

local function join_error(code, ...)
  local child = parallel.run(code, ...)
  local err = error_of(child.join, child)
  assert.equal(child.id, err.id)
  assert.is_nil(parallel.children[child.id])
  return err, child
end

describe('a child', function()
  after_each(function() parallel.close() end)

  it('that raises an error gives it to its parent with the traceback', function()
    local err, child = join_error('local function inner() error("boom") end\nlocal function outer() inner() end\nouter()')
    assert.equal('failed', err.code)
    assert.matches(':1: boom$', err.message)
    assert.matches("in .*inner", err.traceback)
    assert.matches(':3: in main chunk', err.traceback)
    assert.is_nil(err.traceback:find('worker.lua', 1, true))
    assert.matches('^child ' .. child.id .. ' failed: ', tostring(err))
    assert.matches('stack traceback', tostring(err))
    assert.equal('failed', error_of(child.receive, child).code)
  end)

  it('may raise any value', function()
    assert.same({kind = 'mine', 1, 2}, join_error('error{kind = "mine", 1, 2}').value)
    assert.matches('failed: {code=7}', tostring(join_error('error{code = 7}')), 1, true)
    assert.matches('failed: told', tostring(join_error('error{message = "told", code = 7}')), 1, true)
    assert.equal('nil', join_error('error(nil)').message:match('^nil') or 'nil')
    assert.equal('42', join_error('error(42, 0)').message)
    local err = join_error('error(setmetatable({}, {__tostring = function() return "as text" end}))')
    assert.equal('as text', err.message)
    assert.equal('failed', join_error('error(coroutine.create(function() end))').code)
    assert.equal('failed', join_error('error(setmetatable({}, {__tostring = function() error("again") end}))').code)
  end)

  it('delivers what it sent before it failed', function()
    local child = parallel.run('for i = 1, 3 do parallel.parent:send(i) end error("after")')
    for i = 1, 3 do assert.equal(i, child:receive()) end
    local err = error_of(child.receive, child)
    assert.equal('failed', err.code)
    assert.matches('after', err.message)
  end)

  it('that overflows its stack or its memory only fails itself', function()
    local err = join_error('local function f() return 1 + f() end f()')
    assert.matches('stack overflow', err.message)
    assert.equal('failed', join_error('local t = {} while true do t[#t + 1] = ("x"):rep(2^26) if #t > 2 then error("enough") end end').code)
  end)

  it('that is killed is noticed, with its signal', function()
    local child = parallel.run('parallel.parent:send("alive") while true do end')
    assert.equal('alive', child:receive())
    assert.is_true(child:kill('KILL'))
    local err = error_of(child.receive, child)
    assert.equal('died', err.code)
    assert.equal(9, err.signal)
    assert.matches('killed by signal 9', tostring(err))
    assert.equal('died', error_of(child.send, child, 1).code)
    assert.equal('died', error_of(child.join, child).code)
    assert.is_false(child:kill('KILL'))
  end)

  it('that crashes is noticed', function()
    local name, number = 'SEGV', 11
    if support.sanitized then name, number = 'ABRT', 6 end -- a sanitizer takes the other one for its report
    local err = join_error(('os.execute("kill -%s " .. parallel.pid) while true do end'):format(name))
    assert.equal('died', err.code)
    assert.equal(number, err.signal)
  end)

  it('may call os.exit', function()
    local err = join_error('os.exit(3)')
    assert.equal('died', err.code)
    assert.equal(3, err.status)
    assert.matches('exit status 3', tostring(err))
    local child = parallel.run('parallel.parent:send("last") os.exit(0)')
    assert.is_nil(child:join())
    assert.equal('last', child:receive())
    assert.equal('closed', error_of(child.receive, child).code)
  end)

  it('may end with return, or be empty', function()
    assert.is_nil(parallel.run('return'):join())
    assert.is_nil(parallel.run(''):join())
    assert.equal(1, parallel.run('do return 1 end'):join())
  end)

  it('that ended normally refuses messages', function()
    local child = parallel.run('return 1')
    assert.is_true(support.eventually(function() return not pcall(child.send, child, 'x') end))
    assert.equal('closed', error_of(child.send, child, 'x').code)
    assert.equal(1, child:join())
    assert.equal(1, child:join())
  end)

  it('returns what cannot travel: an error that says so', function()
    local err = join_error('return 1, {co = coroutine.create(function() end)}')
    assert.equal('failed', err.code)
    assert.matches('result 2%.co: cannot send a coroutine', err.message)
  end)

  it('may be closed at any time, more than once', function()
    local child = parallel.run('while true do end')
    local pid = child.unixid
    child:close()
    child:close()
    assert.is_true(support.is_gone(pid))
    assert.is_nil(parallel.children[child.id])
    assert.matches('was closed', tostring(error_of(child.send, child, 1)))
    parallel.close()
    parallel.close()
    assert.equal(0, parallel.nchildren)
  end)

  it('tells its state', function()
    local child = parallel.run('parallel.parent:receive() parallel.yield() error("x")')
    assert.equal('running', child:status())
    child:send(1)
    assert.is_true(support.eventually(function() return child:status() == 'yielded' end))
    child:join()
    assert.is_true(support.eventually(function() return child:status() == 'failed' end))
    pcall(child.join, child)
    local exiting = parallel.run('os.exit(7)')
    pcall(exiting.join, exiting)
    assert.same({'died', 7}, {exiting:status()})
    local killed = parallel.run('while true do end')
    killed:kill()
    pcall(killed.join, killed)
    assert.equal('died', (killed:status()))
    assert.equal(15, (select(3, killed:status())))
  end)
end)

if support.version ~= 'jit' and support.version >= '5.4' then
  it('a child in a to-be-closed variable ends with its scope', function()
    local pid = load([[
      local parallel = ...
      local child <close> = parallel.run('while true do end')
      return child.unixid
    ]])(parallel)
    assert.is_true(support.is_gone(pid))
  end)
end

describe('a program', function()
  local function pids_of(out)
    local list = {}
    for pid in out:gmatch('pid (%d+)') do list[#list + 1] = tonumber(pid) end
    return list
  end

  local function all_gone(pids)
    return support.eventually(function()
      for _, pid in ipairs(pids) do if support.exists(pid) then return false end end
      return true
    end)
  end

  local tree = [[
    require 'parallel'
    io.stdout:setvbuf('line') -- as its children write, whose lines would come in between
    local code = 'print("pid " .. parallel.pid) parallel.run([=[print("pid " .. parallel.pid) parallel.parent:send(1) '
      .. 'while true do end]=]) parallel.children:receive() parallel.parent:send(1) while true do end'
    parallel.run(code) parallel.run(code)
    parallel.children:receive()
    print('pid ' .. parallel.pid)
  ]]

  for name, ending in pairs{
    ['ends normally'] = '',
    ['raises an error'] = 'error("the end")',
    ['calls os.exit'] = 'os.exit(3)',
    ['is killed'] = 'os.execute("kill -KILL " .. parallel.pid) while true do end',
    ['is terminated'] = 'os.execute("kill -TERM " .. parallel.pid) while true do end',
  } do
    it('that ' .. name .. ' leaves no process behind', function()
      local out = support.script(tree .. ending)
      local pids = pids_of(out)
      assert.equal(5, #pids, out)
      assert.is_true(all_gone(pids))
    end)
  end

  for name, code in pairs{
    ['at work'] = 'child:receive()',
    ['at its start'] = 'child:receive() child:close() child = start()', -- what is made once is made
    ['at its start by the fork server'] = 'child:close() parallel.start_method = "forkserver" child = start()',
  } do
    it('that is killed does not leave a child behind that was stopped ' .. name, function()
      local path = support.scratch('.lua')
      support.write_file(path, ([[
        local parallel = require 'parallel'
        local function start() return parallel.run('parallel.parent:send(1) while true do end') end
        local child = start()
        %s
        child:kill('STOP')
        print(child.unixid)
        io.stdout:flush()
        os.execute('kill -KILL ' .. parallel.pid)
      ]]):format(code))
      -- Not under a time limit, which makes a process group of its own: to that the system itself would send a SIGCONT.
      local pipe = io.popen(('%s/tools/lua %s %s 2>/dev/null'):format(support.quote(support.root), support.version, support.quote(path)))
      local pid = tonumber(pipe:read('*l'))
      pipe:close()
      os.remove(path)
      assert.is_true(support.eventually(function() return not support.exists(pid) end))
    end)
  end

  it('that is interrupted leaves its waits, and no process', function()
    -- the script runs in a process group of its own, which gets the signal as a terminal would send it
    local path = support.scratch('.lua')
    support.write_file(path, tree .. 'print(pcall(parallel.children.receive, parallel.children)) error("left")')
    local log = support.quote(path .. '.log')
    local out = support.shell((
      'setsid %s/tools/lua %s %s >%s 2>&1 & pid=$!; trap "kill -KILL -- -$pid 2>/dev/null" EXIT TERM; ' ..
      'until [ "$(grep -c pid %s)" = 5 ]; do sleep 0.02; done; ' ..
      'kill -INT -- -$pid; wait $pid; echo status $?; cat %s; rm %s')
      :format(support.quote(support.root), support.version, support.quote(path), log, log, log, log))
    os.remove(path)
    assert.equal(5, #pids_of(out), out)
    assert.matches('interrupted!', out)
    assert.is_true(all_gone(pids_of(out)))
  end)

  it('prints errors that nobody asked for', function()
    local out = support.script([[
      require 'parallel'
      local child = parallel.run('error("lost?")')
      parallel.select()
      print('end')
    ]])
    assert.matches('end\n', out)
    assert.matches('child 1 failed and nobody joined it: .*lost%?', out)
    out = support.script('require "parallel" pcall(function() parallel.run("error(1, 0)"):join() end)')
    assert.equal('', out)
  end)

  it('that dies of the error of a child shows it whole', function()
    local out, status = support.script('require "parallel" parallel.run("local x = nil; x()"):join()')
    assert.equal(1, status)
    assert.matches('child 1 failed: .*attempt to call', out)
    assert.matches('stack traceback', out)
  end)

  it('may run beside another of its kind', function()
    local code = 'require "parallel" for i = 1, 4 do parallel.run("parallel.parent:send(parallel.parent:receive())") end ' ..
      'for i = 1, 4 do parallel.children[i]:send(...) assert(parallel.children[i]:receive() == ...) end ' ..
      'parallel.children:join() print(...)'
    local path = support.scratch('.lua')
    support.write_file(path, code)
    local command = ('%s/tools/lua %s %s'):format(support.quote(support.root), support.version, support.quote(path))
    local out = support.shell(('for i in 1 2 3 4 5 6; do %s word$i & done; wait'):format(command))
    os.remove(path)
    for i = 1, 6 do assert.is_truthy(out:find('word' .. i .. '\n', 1, true), out) end
    assert.equal(6, select(2, out:gsub('\n', '')), out)
  end)

  it('may start more than a thousand children in its life, without growing', function()
    local before
    for i = 1, 1050 do
      assert.equal(i, parallel.run('return ...', i):join())
      if i == 50 then
        collectgarbage()
        before = support.descriptors()
      end
    end
    assert.equal(0, parallel.nchildren)
    assert.equal(before, support.descriptors())
  end)

  it('that has returned is given the time that its end takes, whoever receives meanwhile', function()
    local gate, done = support.gate(), support.gate()
    local child = parallel.run([[
      local gate, done = ...
      package.path = 'tests/lua/?.lua;' .. package.path
      local support = require 'support'
      local function finalize() -- longer than a process that has lost its parent is given
        os.execute('sleep 2.5')
        support.await_file(gate)
        support.write_file(done, 'it is')
      end
      if newproxy then
        kept = newproxy(true)
        getmetatable(kept).__gc = finalize
      else
        kept = setmetatable({}, {__gc = finalize})
      end
      return 'the end'
    ]], gate.path, done.path)
    for _ = 1, 3 do assert.equal('closed', error_of(child.receive, child, {timeout = support.patience}).code) end
    gate.open()
    assert.equal('the end', child:join())
    assert.equal('it is', support.read_file(done.path))
    gate.remove()
    done.remove()
  end)

  it('leaves nothing in /dev/shm, /tmp or System V memory', function()
    local function names()
      local set = {}
      local text = support.shell('ls -A /dev/shm; ls -A /tmp | grep parallel; ipcs -m | sed -n "s/^0x[^ ]* */shm /p" | cut -d" " -f1,2')
      for line in text:gmatch('[^\n]+') do set[line] = true end
      return set
    end
    local before = names()
    for _ = 1, 20 do
      support.script([[
        require 'parallel'
        for i = 1, 2 do parallel.run('parallel.parent:send(("x"):rep(2^22)) parallel.parent:receive()') end
        parallel.children:receive()
        os.execute('kill -KILL ' .. parallel.children[1].unixid)
      ]])
    end
    -- What others do here comes and goes; what we have left stays. What is not there yet is not ours.
    local new = names()
    for name in pairs(before) do new[name] = nil end
    support.eventually(function()
      local now = names()
      for name in pairs(new) do new[name] = now[name] end
      return next(new) == nil
    end)
    assert.same({}, new)
  end)
end)
