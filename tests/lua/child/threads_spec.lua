-- Lua states in several threads of one process (luv makes them): what belongs to one does not reach the others.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

-- The scripts run f in a thread; it gets its arguments as strings and numbers.
local head = [[
  local uv = require 'luv'
  local core = require 'parallel.core'
  if rawget(_G, 'jit') then jit.off() end -- hooks are not called in compiled code
  local function spin(seconds)
    local stop = core.clock() + seconds
    while core.clock() < stop do end
  end
]]

local has_luv = pcall(require, 'luv') and it or pending

describe('a Lua state of a thread', function()
  has_luv('has time limits of its own', function()
    local out = support.script(head .. [[
      local short = uv.new_thread(function()
        local core = require 'parallel.core'
        if rawget(_G, 'jit') then jit.off() end
        for _ = 1, 20 do
          assert(not core.limited(0.01, function() while true do end end, tostring))
        end
      end)
      print(core.limited(100, function()
        spin(0.4)
        return 'through'
      end, tostring))
      uv.thread_join(short)
    ]])
    assert.equal('true\tthrough\n', out)
  end)

  has_luv('has children of its own', function()
    local out = support.script(head .. [[
      local function family(name)
        local parallel = require 'parallel'
        for i = 1, 10 do
          local children = {}
          for k = 1, 3 do
            children[k] = parallel.run(function(first) parallel.parent:send(first .. parallel.parent:receive()) end, name)
          end
          parallel.children:send(i)
          for k = 1, 3 do assert(children[k]:receive() == name .. i) end
          parallel.children:join()
        end
        assert(parallel.map(function(x) return x * 2 end, {1, 2, 3}, {workers = 2})[3] == 6)
        parallel.close()
      end
      local other = uv.new_thread(family, 'other')
      family('main')
      uv.thread_join(other)
      print('done')
    ]])
    assert.equal('done\n', out)
  end)

  has_luv('is in the timeline of its process, whose events stay whole', function()
    local file = support.scratch('.json')
    local out = support.script(head .. [[
      local function tasks(first)
        local core = require 'parallel.core'
        for i = first, first + 19999 do
          core.trace_task(i)
          core.trace_task_end(false)
        end
        require 'parallel'.run('return 1'):join()
      end
      local threads = {}
      for i = 1, 3 do threads[i] = uv.new_thread(tasks, i * 100000) end
      tasks(0)
      for i = 1, 3 do uv.thread_join(threads[i]) end
    ]], {env = 'PARALLEL_TRACE=' .. support.quote(file)})
    assert.equal('', out)
    local text = support.read_file(file)
    os.remove(file)
    local numbers, n = {}, 0
    for line in text:gmatch('[^\n]+') do
      local number = line:match('^{"name":"task",.*"args":{"task":(%d+)}},?$')
      if number then
        assert.is_nil(numbers[number])
        numbers[number], n = true, n + 1
      else
        assert.is_truthy(line:match('^{"name":.*},?$') or line:match('^{"displayTimeUnit"') or line == ']}', line)
      end
    end
    assert.equal(80000, n)
  end)

  has_luv('finds the library for products of matrices along with others', function()
    local out = support.script(head .. [[
      local function product()
        local torch = require 'parallel.tensor'
        local a = torch.ones(64, 64)
        for _ = 1, 50 do assert(torch.mm(a, a):sum() == 64 * 64 * 64) end
      end
      local threads = {}
      for i = 1, 3 do threads[i] = uv.new_thread(product) end
      product()
      for i = 1, 3 do uv.thread_join(threads[i]) end
      print('done')
    ]])
    assert.equal('done\n', out)
  end)
end)
