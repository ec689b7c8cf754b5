-- Whole programs in the style of the later API (examples/later), each in a process of its own, by what they print.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

local function example(name, arguments)
  local path = support.root .. '/examples/later/' .. name .. '.lua'
  local command = ('%s/tools/lua %s %s %s'):format(support.quote(support.root), support.version, support.quote(path),
    arguments or '')
  return support.shell(command)
end

local expected = {
  sgd = '^loss %d%d%.%d %-> 0%.0001\nweights 2%.00 %-1%.00 0%.50 3%.00\n$',
  optimiser = '^demo.Linear\t3 children\nloss falls: true\n3%.00 %-2%.00 1%.00\n$',
  queue = '^file1%.txt: LINE 1\nfile2%.txt: LINE 2\nfile3%.txt: LINE 3\nfile4%.txt: LINE 4\nfile5%.txt: LINE 5\n$',
  loader = '^batches 1 2 3 4 5 6 7 8 9 10 11 12\nsum of 1%.%.60, doubled: 3660\n$',
  round_robin = '^40 jobs, 4 workers, 0 left\n1 6765 333441\n$',
  hundred = '^50 found, the first is 5005, the last 99001\nchildren left: 0\n$',
  nested = '^worker 1: 338350\nworker 2: 2348350\nworker 3: 6358350\n1%^2 %+ %.%.%. %+ 300%^2 = 9045050\n$',
  checkpoint = '^160 steps of a model%.Linear in 4 stages, from files\nloss falls: true\n2%.0 3%.0 0%.5 %-1%.0\nsame as without a stop: true\n$',
  images = '^20 frames\nframe 1: row 11, column 4\nframe 10: row 11, column 22\nframe 20: row 11, column 42\n$',
}

describe('the program', function()
  for name, pattern in pairs(expected) do
    it(name .. ' prints its results', function()
      local out, status = example(name)
      assert.equal(0, status, out)
      assert.matches(pattern, out)
    end)
  end
end)

describe('a guarded program', function()
  it('survives an error of the parent', function()
    local out, status = example('guarded', 'parent')
    assert.equal(0, status, out)
    assert.matches('^3 children are ready\n[^\n]*guarded.lua:%d+: the parent cannot go on\n0 children left\n$', out)
  end)

  it('survives an error of a child', function()
    local out, status = example('guarded', 'child')
    assert.equal(0, status, out)
    assert.matches('^child %d failed: [^\n]*guarded.lua:%d+: the child cannot go on\nstack traceback:\n', out)
    assert.matches('\n0 children left\n$', out)
  end)

  it('survives Ctrl-C', function()
    local out = support.scratch('.out')
    local path = support.root .. '/examples/later/guarded.lua'
    -- A session of its own is what a terminal signals: the program and its children at once. (ps hangs under a
    -- preloaded sanitizer.)
    local command = ([[
      setsid %s/tools/lua %s %s wait >%s 2>&1 &
      pid=$!
      trap 'kill -KILL -- -$pid 2>/dev/null' EXIT TERM
      for i in $(seq 1200); do grep -q ready %s 2>/dev/null && break; sleep 0.05; done
      children=$(LD_PRELOAD= ps -o pid= --ppid $pid)
      sleep 0.1
      kill -INT -- -$pid
      wait $pid
      echo "status $?"
      cat %s
      for child in $children; do [ -e /proc/$child ] && echo "child $child is left"; done
      true
    ]]):format(support.quote(support.root), support.version, support.quote(path), support.quote(out), support.quote(out),
      support.quote(out))
    local text = support.shell(command)
    os.remove(out)
    assert.matches('^status 0\n3 children are ready\n', text)
    assert.matches('interrupted!\n', text)
    assert.matches('\n0 children left\n$', text)
  end)
end)
