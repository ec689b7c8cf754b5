-- Random messages of our own tensors keep which objects are the same.
package.path = 'tests/lua/?.lua;' .. package.path
local graph = require 'tensor.graph'
local core = require 'parallel.core'
local torch = require 'parallel.tensor'

describe('tensors in random messages', function()
  local lib = graph.torch(torch)

  it('keep their identity', function()
    graph.check(lib, 500, function(message) return core.decode(core.encode(message)) end)
  end)

  it('keep it through a child', function()
    local parallel = require 'parallel'
    local child = parallel.run 'while true do local m = parallel.parent:receive() if not m then break end parallel.parent:send(m) end'
    graph.check(lib, 100, function(message)
      child:send(message)
      return child:receive()
    end)
    child:send(false)
    child:join()
  end)

  it('stay what they are whatever an encode hook does to them', function()
    local message, act
    local Hook = {}
    core.register('spec.Hook', {metatable = Hook, decode = function() return true end, encode = function() act() return 1 end})
    local function sent(first)
      message = {first, setmetatable({}, Hook), false}
      return core.decode(core.encode(message))
    end
    function act()
      message[1] = false
      collectgarbage()
      collectgarbage()
      message[3] = torch.Tensor(50):fill(2)
    end
    local got = sent(torch.Tensor(50):fill(1))
    assert.same({50, 100}, {got[1]:sum(), got[3]:sum()})
    function act() message[1]:resize(5000) end
    assert.equal(50, sent(torch.Tensor(50):fill(1))[1]:size(1))
    function act() message[1]:storage():resize(message[1]:storage():size() - 1) end
    local good, why = pcall(sent, torch.Tensor(50):fill(1))
    assert.is_false(good)
    assert.matches('made smaller', why)
  end)
end)
