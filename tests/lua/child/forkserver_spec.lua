-- parallel.start_method = 'forkserver': children by fork from a clean interpreter.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

-- Where the system has no means for it children are spawned: all the same, but for what is about the server itself.
local of_the_server = require 'parallel.core'.child.forkserver_usable and it or pending

describe('the fork server', function()
  before_each(function() parallel.start_method = 'forkserver' end)
  after_each(function()
    parallel.close()
    parallel.start_method = nil
    parallel.preload{}
  end)

  it('makes children like any other', function()
    local child = parallel.run('parallel.parent:send(parallel.pid) return parallel.id, parallel.parent.id, ...', 'x', nil, 3)
    assert.equal(child.unixid, child:receive())
    local id, parent, x, none, three = child:join()
    assert.same({child.id, 0, 'x', 3}, {id, parent, x, three})
    assert.is_nil(none)
  end)

  it('has them in its place: killed and failing ones are noticed by us', function()
    local child = parallel.run('parallel.parent:send(1) while true do end')
    child:receive()
    child:kill('KILL')
    local ok, err = pcall(child.receive, child)
    assert.is_false(ok)
    assert.equal('died', err.code)
    assert.equal(9, err.signal)
    ok, err = pcall(function() parallel.run('error("boom")'):join() end)
    assert.is_false(ok)
    assert.matches('boom', err.message)
    assert.equal(3, (select(2, pcall(function() parallel.run('os.exit(3)'):join() end))).status)
  end)

  it('keeps states blank and apart', function()
    assert.is_nil(parallel.run('some_global = 1'):join())
    assert.is_nil((parallel.run('return some_global, torch and 1'):join()))
  end)

  it('gives each its own environment, folder and output', function()
    local child = parallel.run{code = 'print("out") return os.getenv("PAR_X"), io.popen("pwd"):read(), os.getenv("HOME")',
      env = {PAR_X = 'y', HOME = false}, cwd = '/usr', stdout = 'capture'}
    local x, cwd, home = child:join()
    assert.equal('y', x)
    assert.equal('/usr', cwd)
    assert.is_nil(home)
    assert.equal('out\n', (child:output()))
    assert.is_truthy(parallel.run('return os.getenv("HOME")'):join())
  end)

  of_the_server('preloads modules', function()
    parallel.preload{'torch'}
    assert.equal('table', parallel.run('return type(package.loaded.torch)'):join())
    parallel.preload{'no_such_module'}
    local ok, err = pcall(parallel.run, 'return 1')
    assert.is_false(ok)
    assert.matches('no_such_module', tostring(err))
    parallel.preload{}
    assert.equal(1, parallel.run('return 1'):join())
    assert.matches('list of module names', tostring(select(2, pcall(parallel.preload, 'torch'))))
  end)

  of_the_server('is started again when it was killed', function()
    local child = parallel.run('return io.open("/proc/self/stat"):read("*a"):match("^%d+ %b() %S (%d+)")')
    assert.equal(parallel.pid, tonumber(child:join()))
    local out = support.shell(('LD_PRELOAD= pgrep -f -P %d "[c]hild.lua.*forkserver"'):format(parallel.pid))
    assert.matches('^%d+\n$', out)
    support.shell('kill -KILL ' .. out)
    assert.equal('again', parallel.run('return "again"'):join())
  end)

  -- The process of the server, which is there after the first child.
  local function server_pid()
    parallel.run(''):join()
    return support.shell(('LD_PRELOAD= pgrep -f -P %d "[c]hild.lua.*forkserver"'):format(parallel.pid)):match('^(%d+)\n$')
  end

  of_the_server('is ended when it gives no answer in time, so that no child gets the number of another', function()
    local forkserver = require 'parallel.forkserver'
    local pid, seconds = server_pid(), forkserver.answer_seconds
    support.shell('kill -STOP ' .. pid)
    forkserver.answer_seconds = 0.2
    local err = support.error_of(parallel.run, 'return 1')
    forkserver.answer_seconds = seconds
    assert.equal('timeout', err.code)
    assert.matches('fork server gave no answer for 0.2 s', tostring(err))
    support.shell('kill -CONT ' .. pid)
    assert.is_true(support.eventually(function() return not support.exists(tonumber(pid)) end))
    for _ = 1, 3 do
      local child = parallel.run('return parallel.pid')
      assert.equal(child.unixid, child:join())
    end
  end)

  of_the_server('can be waited for in vain: Ctrl-C ends the wait, and the server', function()
    local out = support.script([[
      local parallel = require 'parallel'
      parallel.start_method = 'forkserver'
      parallel.run(''):join()
      local server = io.popen(('LD_PRELOAD= pgrep -f -P %d "[c]hild.lua.*forkserver"'):format(parallel.pid)):read('*l')
      os.execute('kill -STOP ' .. server)
      local signal
      print(pcall(function()
        signal = io.popen(('sleep 0.3; kill -INT %d'):format(parallel.pid)) -- while os.execute runs, the signal would be ignored
        parallel.run('')
      end))
      signal:close()
      os.execute('kill -CONT ' .. server .. ' 2>/dev/null') -- it has been ended, if it was asked
      local child = parallel.run('return parallel.pid')
      print(child.unixid == child:join())
    ]])
    assert.matches('^false\t[^\n]*interrupted!\ntrue\n$', out)
  end)

  it('gives them different random numbers where a blank state has them', function()
    local a = parallel.run('return math.random(2^30)'):join()
    local b = parallel.run('return math.random(2^30)'):join()
    if support.random_states then assert.not_equal(a, b) else assert.equal(a, b) end
  end)

  it('serves grandchildren from a server of their own', function()
    local child = parallel.run('return parallel.run([[return "deep", parallel.parent.id]]):join()')
    assert.same({'deep', child.id}, {child:join()})
  end)

  it('refuses other methods', function()
    parallel.start_method = 'thread'
    assert.matches("must be 'spawn' or 'forkserver', got thread", tostring(select(2, pcall(parallel.run, ''))))
  end)

  of_the_server('ends with the program', function()
    local out = support.script([[
      local parallel = require 'parallel'
      parallel.start_method = 'forkserver'
      parallel.run('while true do end')
      os.execute('LD_PRELOAD= pgrep -P ' .. parallel.pid .. ' | sed "s/^/pid /"')
      os.execute('kill -KILL ' .. parallel.pid)
      while true do end
    ]])
    local n = 0
    for pid in out:gmatch('pid (%d+)') do
      n = n + 1
      assert.is_true(support.eventually(function() return not support.exists(tonumber(pid)) end))
    end
    assert.is_true(n >= 2, out)
  end)
end)
