-- A copy of the program that it makes by a fork of its own (luaposix): the children stay those of the program, however the copy ends, and
-- the copy may start its own.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

if not pcall(require, 'posix.unistd') then
  it('needs luaposix', function() pending('there is no luaposix for this Lua') end)
  return
end

-- Children, a pool, a fork server and selectors, and a check that all of them still work.
local frame = [[
  local parallel = require 'parallel'
  local unistd = require 'posix.unistd'
  local wait = require 'posix.sys.wait'.wait
  local function echo()
    while true do parallel.parent:send(parallel.parent:receive()) end
  end
  local function double(x) return 2 * x end

  parallel.start_method = 'forkserver'
  local forked = parallel.run(echo)
  parallel.start_method = 'spawn'
  local child, loud = parallel.run(echo), parallel.run{code = echo, stdout = 'capture'}
  local host = {host = 'another', launcher = 'here'}
  local away = parallel.run{host = host, code = echo}
  local pool = parallel.pool{workers = 2}
  local pids = table.concat(pool:stats().pids, ' ')

  local function check()
    for _, one in ipairs{child, forked, loud, away} do
      one:send('word')
      local ready
      repeat ready = parallel.select({child, forked, loud, away}, 100) until ready == one
      assert(one:receive{timeout = 100} == 'word')
    end
    child:send(1)
    assert(parallel.select(100) == child and child:receive() == 1)
    assert(pool:map(double, {1, 2, 3})[3] == 6 and pool:submit(double, 4):result(100) == 8)
    assert(table.concat(pool:stats().pids, ' ') == pids, 'workers were replaced')
  end

  check()
  local copy = unistd.fork()
  if copy == 0 then
    %s
    io.stderr:write('the copy came here\n')
    unistd._exit(7)
  end
  local _, how, status = wait(copy)
  check()
  parallel.start_method = 'forkserver'
  assert(parallel.run('return 5'):join() == 5)
  assert(parallel.run{host = host, code = 'return 5'}:join() == 5)
  parallel.close()
  print('fine', how, status)
]]

local function check(status, in_copy)
  local output = support.script(frame:format(in_copy))
  assert.matches('fine\texited\t' .. status .. '\n', output, 1, true)
  return output
end

describe('the children of the program are left alone by a copy', function()
  it('that ends by itself', function()
    check(0, 'do return end')
    check(0, 'os.exit(0)')
    if support.version ~= '5.1' then check(3, 'os.exit(3, true)') end
  end)

  it('that fails', function() check(1, 'error("in the copy")') end)

  it('that forgets them', function()
    check(7, 'for id in pairs(parallel.children) do parallel.children[id] = nil end child, forked, loud, away, pool = nil ' ..
      'package.loaded.parallel = nil collectgarbage() collectgarbage()')
  end)

  it('that closes them', function()
    check(7, 'child:close() forked:close() loud:close() away:close() pool:close() require "parallel.hosts".close()')
    check(7, 'parallel.close()')
    check(7, 'assert(child:kill("KILL") == false and away:kill("KILL") == false)')
  end)

  it('that has its own', function()
    check(7, [[
      local own = parallel.run(echo)
      own:send('own')
      assert(parallel.select({own}, 100) == own and own:receive() == 'own')
      assert(parallel.pool{workers = 1}:map(double, {21})[1] == 42)
      assert(parallel.map(double, {21})[1] == 42)
      own:close()
      assert(parallel.run{host = host, code = 'return 3'}:join() == 3)
      parallel.close()]])
  end)
end)
