-- However many children a program starts one after the other, it does not grow: not in memory, descriptors, mappings or processes.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local core = require 'parallel.core'

local function count_lines(text, pattern)
  local n = 0
  for line in text:gmatch('[^\n]+') do
    if line:find(pattern) then n = n + 1 end
  end
  return n
end

local function footprint()
  collectgarbage()
  collectgarbage()
  local maps = support.read_file('/proc/self/maps')
  return {
    descriptors = support.descriptors(),
    resident_kb = tonumber(support.read_file('/proc/self/status'):match('VmRSS:%s*(%d+)')),
    lua_kb = collectgarbage('count'),
    mappings = count_lines(maps, '.'),
    segments = count_lines(maps, 'memfd:') + count_lines(maps, '/dev/shm/'),
    threads = count_lines(support.shell('ls /proc/' .. core.pid() .. '/task'), '%d'),
    processes = support.processes(core.pid()),
  }
end

-- What may come and go by chance. The rest of a kind is caught by the least of several rounds: chance does not strike each time, a leak
-- does.
-- A sanitizer keeps what was freed, in memory and mappings of its own.
local slack = {descriptors = 0, resident_kb = support.sanitized and math.huge or 96, lua_kb = 8,
  mappings = support.sanitized and math.huge or 2, segments = 0, threads = 0, processes = 0}
local ROUNDS = 3

local function check(children, one)
  for _ = 1, 20 do one() end
  local least = {}
  for _ = 1, ROUNDS do
    local before = footprint()
    for _ = 1, children do one() end
    support.eventually(function() return support.processes(core.pid()) == before.processes end)
    for name, value in pairs(footprint()) do
      least[name] = math.min(least[name] or math.huge, value - before[name])
    end
  end
  for name, growth in pairs(least) do
    assert(growth <= slack[name], ('%s grew by %g at least, in each of %d rounds of %d children')
      :format(name, growth, ROUNDS, children))
  end
end

describe('a program that starts children one after the other does not grow', function()
  after_each(function()
    parallel.close()
    parallel.start_method = nil
  end)

  it('when they return', function()
    check(100, function() assert.equal(7, parallel.run('return ...', 7):join()) end)
  end)

  it('when they send and receive, large and small', function()
    check(25, function()
      local child = parallel.run('local p = parallel.parent p:send(p:receive()) p:send(("x"):rep(1e6))')
      child:send{1, 2, 3}
      child:receive()
      child:join() -- the text is left in its inbox
      child:receive()
    end)
  end)

  it('when they fail or are killed', function()
    check(25, function()
      local failing = parallel.run('error "x"')
      assert.is_false(pcall(failing.join, failing))
      local child = parallel.run('parallel.parent:receive()')
      child:kill('KILL')
      assert.is_false(pcall(child.join, child))
    end)
  end)

  it('when they are closed, or forgotten', function()
    check(25, function()
      parallel.run('parallel.parent:receive()'):close()
      parallel.run('parallel.parent:receive()')
      parallel.close()
    end)
  end)

  it('when their output is captured or relayed', function()
    check(25, function()
      local child = parallel.run{code = 'print "one line"', stdout = 'capture'}
      child:join()
      assert.equal('one line\n', (child:output()))
    end)
  end)

  it('when the fork server makes them', function()
    parallel.start_method = 'forkserver'
    check(100, function() assert.equal(7, parallel.run('return ...', 7):join()) end)
  end)
end)
