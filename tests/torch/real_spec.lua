-- Which Torch a process has: a real one that can be found is loaded before the first tensor is made there; where ours is in use,
-- loading the real one is an error.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local folder = require 'parallel.core'.real_path('tests/torch/path')

-- A program that finds the stand-in as `torch`, by what it does to package.path itself: its children learn that from it.
local function run(code)
  local out, status = support.script(([[
    package.path = %q .. '/?.lua;' .. package.path
    local parallel = require 'parallel'
    local function says(...) print(...) io.stdout:flush() end
  ]]):format(folder) .. code)
  assert.equal(0, status, out)
  return out
end

local made = [[
  local torch = require 'torch'
  local storage = torch.DoubleStorage(4)
  local tensor = torch.DoubleTensor(storage, 2, {3}, {1})
  local function about(t)
    local real = require 'torch'
    return table.concat(t:numbers(), ' '), debug.getmetatable(t) == debug.getregistry()['torch.DoubleTensor'], real.live ~= nil
  end
]]
local right = '2 3 4\ttrue\ttrue\n'

local function lines(text) return (text:gsub('(%d)%.0', '%1')) end

describe('a real Torch that can be found', function()
  for name, code in pairs {
    ['as an argument'] = 'says(parallel.run(about, tensor):join())',
    ['as an upvalue'] = 'says(parallel.run(function() return about(tensor) end):join())',
    ['as a message'] = [[
      local child = parallel.run(function() return about(parallel.parent:receive()) end)
      child:send(tensor)
      says(child:join())
    ]],
    ['as a message of which the tensor is a part'] = [[
      local child = parallel.run(function() return about(parallel.parent:receive()[2].x) end)
      child:send({1, {x = tensor}})
      says(child:join())
    ]],
    ['in a map'] = 'says((parallel.map(function(t) return table.concat({about(t)}, " ", 1, 1) end, {tensor}, {workers = 1})[1]), true, true)',
    ['by submit'] = [[
      local pool = parallel.pool {workers = 1}
      local result = pool:submit(function(t) return {about(t)} end, tensor):result()
      says((unpack or table.unpack)(result))
      pool:close()
    ]],
    ['through exec of a forked child'] = [[
      local child = parallel.fork()
      child:exec(function(t) parallel.parent:send {about(t)} end, tensor)
      local got = child:receive()
      says(got[1], got[2], got[3])
      child:sync()
    ]],
    ['by the fork server'] = [[
      parallel.start_method = 'forkserver'
      says(parallel.run(about, tensor):join())
    ]],
    ['as an argument of a grandchild'] = [[
      says(parallel.run(function(t) return parallel.run(about, t):join() end, tensor):join())
    ]],
    ['by decode'] = [[
      local bytes = parallel.encode(tensor)
      says(parallel.run(function(b) return about(parallel.decode(b)) end, bytes):join())
    ]],
  } do
    it('is loaded before a tensor arrives ' .. name, function()
      assert.equal(right, lines(run(made .. code)))
    end)
  end

  it('is loaded by a parent that takes no functions, too', function()
    local out = run([[
      local child = parallel.run {functions = false, code = "local torch = require 'torch' " ..
        "parallel.parent:send(torch.DoubleTensor(torch.DoubleStorage(3), 1, {3}, {1}))"}
      local got = child:receive()
      says(table.concat(got:numbers(), ' '), package.loaded.torch == require 'standin')
    ]])
    assert.equal('1 2 3\ttrue\n', lines(out))
  end)

  it('counts as none when it cannot be loaded', function()
    local out = run([[
      local bytes = parallel.run "return parallel.encode(require 'parallel.tensor'.range(1, 4))":join()
      package.preload.torch = function() error 'it is for another Lua' end
      says(parallel.decode(bytes):sum())
      says(pcall(require, 'torch'))
    ]])
    assert.matches('^10', out)
    assert.matches('false\tcannot load Torch7 .*could not be loaded: .*it is for another Lua', out)
  end)
end)

describe('our own', function()
  it('is what arrives where no other can be found', function()
    local out, status = support.script([[
      local parallel = require 'parallel'
      local torch = require 'torch'
      print(parallel.run(function(t) return t:sum(), require 'torch' == require 'parallel.tensor', torch.type(t) end,
        torch.range(1, 4)):join())
    ]])
    assert.equal(0, status, out)
    assert.equal('10\ttrue\ttorch.DoubleTensor\n', lines(out))
  end)

  it('stays where it is in use, and loading the real one is an error', function()
    local out = run([[
      local own = require 'parallel.tensor'
      own.ones(3)
      says(pcall(require, 'torch'))
      says(pcall(function() return torch.ones(2) end)) -- luacheck: ignore
      says(own.ones(2):sum(), parallel.decode(parallel.encode(own.ones(4))):sum())
    ]])
    assert.matches("false\tcannot load Torch7 %([^)]*path/torch.lua%): this process already uses the library's own tensors", out)
    assert.matches("Require 'torch' before the first tensor is made or received", out)
    assert.matches('\nfalse\t.*cannot load Torch7', out)
    assert.matches('2%.?0?\t4%.?0?\n$', out)
  end)

  it('stays where a child took it, in the code that made it so', function()
    local out = run([[
      local child = parallel.run(function()
        require 'parallel.tensor'
        local t = parallel.parent:receive()
        return t:sum(), pcall(require, 'torch')
      end)
      child:send(require 'parallel.tensor'.range(1, 4))
      says(child:join())
    ]])
    assert.matches('^10%.?0?\tfalse\tcannot load Torch7', out)
  end)

  it('may be used beside the real one when that came first', function()
    local out = run(made .. [[
      local own = require 'parallel.tensor'
      says(own.ones(2):sum(), require 'torch' == torch, torch.live ~= nil)
      local got = parallel.decode(parallel.encode {own.range(1, 3), tensor})
      says(table.concat(got[1]:numbers(), ' '), table.concat(got[2]:numbers(), ' '))
    ]])
    assert.equal('2\ttrue\ttrue\n1 2 3\t2 3 4\n', lines(out))
  end)
end)
