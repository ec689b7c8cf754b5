-- Programs that live in odd places: with tiny limits, without a list of processes, in states whose libraries were taken away.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local message_of, error_of = support.message_of, support.error_of

describe('a limit of file sizes', function()
  it('that shared memory does not fit is an error, and no signal', function()
    local output, status = support.script([[
      local parallel = require 'parallel'
      local ok, err = pcall(function() parallel.run('return 1') end)
      io.write(tostring(ok), ' ', tostring(err))
    ]], {before = 'ulimit -f 8;'})
    assert.equal(0, status, output)
    assert.matches('false .*bytes of shared memory: File too large .*ulimit %-f', output)
  end)
end)

describe('a lack of descriptors', function()
  it('is told with what to do', function()
    local output = support.script([[
      local parallel = require 'parallel'
      local ok, err = pcall(function()
        local list = {}
        for i = 1, 100 do list[i] = parallel.run('parallel.parent:receive()') end
      end)
      io.write(tostring(ok), ' ', tostring(err))
    ]], {before = 'ulimit -n 24;'})
    assert.matches('false .*: cannot .* %(close files, or raise the limit: ulimit %-n%)', output)
  end)
end)

describe('a child that takes libraries away from itself', function()
  local function taken_away(names, rest) return ('for name in ("%s"):gmatch("%%w+") do _G[name] = nil end\n%s'):format(names, rest) end

  it('fails with its own error', function()
    for _, names in ipairs{'os io', 'debug', 'os io debug package require load loadstring dofile', 'pcall xpcall type tostring'} do
      local err = error_of(function()
        parallel.run(taken_away(names, 'local t = {} ; t.x.y = 1')):join{timeout = support.patience}
      end)
      assert.equal('failed', err.code, names)
      assert.matches('attempt to index', err.message, 1, true)
    end
    assert.equal(5, parallel.run(taken_away('os io debug package require pcall error', 'return 5')):join())
  end)

  it('may be a worker of a pool', function()
    local pool = parallel.pool{workers = 1, init = function()
      for _, name in ipairs{'os', 'io', 'debug', 'package', 'require', 'pcall', 'xpcall', 'type', 'tostring'} do _G[name] = nil end
    end}
    local err = error_of(function() pool:map(function(x) return x.y.z end, {{}}) end)
    assert.equal('failed', err.code)
    assert.matches('attempt to index', err.message, 1, true)
    assert.same({2, 4}, pool:map(function(x) return 2 * x end, {1, 2}))
    assert.equal(0, pool:stats().replaced)
    pool:close()
  end)
end)

describe('where no processes are listed', function()
  it('stacks and top say so', function()
    local core = require 'parallel.core'
    local processes = core.view.processes
    core.view.processes = function() return {} end
    local stacks, top = message_of(function() parallel.stacks() end), message_of(function() parallel.top{times = 1} end)
    local other = message_of(function() parallel.stacks(0 / 0) end)
    core.view.processes = processes
    assert.matches('odd_spec.lua:%d+: parallel.stacks: the system lists no processes', stacks)
    assert.matches('odd_spec.lua:%d+: parallel.top: the system lists no processes', top)
    assert.matches('odd_spec.lua:%d+: parallel.stacks: there is no process %-?nan', other)
  end)
end)

describe('a program that empties package.loaded, as those that run tests do', function()
  it('gets the module that it had, and keeps its children', function()
    local output = support.script([[
      local parallel, core = require 'parallel', require 'parallel.core'
      local child = parallel.run('while true do parallel.parent:send(parallel.parent:receive()) end')
      package.loaded.parallel = nil
      print(require 'parallel' == parallel, parallel.children[1] == child)
      for i = 1, 3 do
        for name in pairs(package.loaded) do
          if name:find '^parallel' then package.loaded[name] = nil end
        end
        local again = require 'parallel'
        assert(require 'parallel.core' == core) -- what the child points to stays
        collectgarbage()
        collectgarbage()
        child:send(i)
        assert(child:receive() == i)
        for _, module in ipairs{parallel, again} do
          assert(module.run('return 5'):join() == 5)
          assert(module.map(function(x) return 2 * x end, {1, 2})[2] == 4)
          module.close()
        end
        child = again.run('while true do parallel.parent:send(parallel.parent:receive()) end')
      end
      print 'all'
    ]])
    assert.equal('true\ttrue\nall\n', output)
  end)

  it('is the same process as before, in a child too', function()
    local child = parallel.run(function()
      package.loaded.parallel = nil
      local again = require 'parallel'
      again.parent:send('from it')
      return again.id, again.parent.id, again == parallel
    end)
    assert.equal('from it', child:receive())
    assert.same({child.id, 0, true}, {child:join()})
    parallel.close()
  end)
end)
