-- Ctrl-C that comes while children start: it never breaks into the library's own code, whose lines would be no help to anybody.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local usable = require 'parallel.core'.child.forkserver_usable

-- Interrupts children at all moments of their start, one after the other, and tells how they ended.
local one_by_one = [[
  local parallel = require 'parallel'
  local core = require 'parallel.core'
  parallel.start_method = arg[1]
  parallel.run(''):join()
  local ends = {}
  for i = 1, 150 do
    local child = parallel.run('return 1')
    core.sleep(i % 50 * 0.0002)
    child:kill('INT')
    local ok, err = pcall(child.join, child)
    local how = ok and 'returned' or err.code == 'failed' and err.message:match('interrupted!$') or tostring(err)
    ends[how] = true
  end
  for how in pairs(ends) do print(how) end
]]

-- Starts children until it is interrupted along with them.
local all_at_once = [[
  local ok, err = pcall(function()
    local parallel = require 'parallel'
    parallel.start_method = arg[1]
    while true do
      local child = parallel.run('return 1')
      parallel.run('while true do end')
      child:join()
    end
  end)
  os.exit(not ok and tostring(err):find('interrupted!', 1, true) and 0 or 1)
]]

describe('Ctrl-C', function()
  for _, method in ipairs{'spawn', usable and 'forkserver' or nil} do
    it('at any moment of a start is told to the parent, who sees no other end: ' .. method, function()
      local out, status = support.script(one_by_one, {args = method})
      assert.equal(0, status, out)
      for line in out:gmatch('[^\n]+') do assert.is_true(line == 'returned' or line == 'interrupted!', out) end
    end)

    it('that ends the whole tree prints no traceback: ' .. method, function()
      local path, begun = support.scratch('.lua'), support.scratch('.begun')
      support.write_file(path, all_at_once)
      local quoted = support.quote(begun)
      local command = 'for d in 0.05 0.06 0.07 0.08 0.09 0.1 0.12 0.14 0.16 0.18; do rm -f ' .. quoted .. '; ' ..
        [[setsid sh -c ': >"$0"; exec "$@"' ]] .. quoted .. ' %s/tools/lua %s %s %s & pid=$!; ' ..
        'until [ -e ' .. quoted .. ' ]; do sleep 0.01; done; ' .. -- there is no such group before
        'sleep $d; kill -INT -- -$pid; sleep 0.05; kill -KILL -- -$pid; wait $pid; done 2>&1'
      local out = support.shell(command:format(support.quote(support.root), support.version, support.quote(path), method))
      os.remove(path)
      os.remove(begun)
      assert.is_nil(out:find('stack traceback', 1, true), out)
      assert.is_nil(out:find('parallel/%a+%.lua:%d+:'), out)
    end)
  end
end)
