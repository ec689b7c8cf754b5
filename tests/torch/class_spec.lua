-- Objects of classes that a real Torch7 (here its stand-in) made: their write and read methods say what travels.
local core = require 'parallel.core'
local torch = require 'standin'

local function sent(value)
  return core.decode(core.encode(value))
end

-- What torch.class does: metatable and a function that makes objects.
local function class(name, parent)
  local metatable
  metatable = torch.newmetatable(name, parent, function() return setmetatable({}, metatable) end)
  return metatable, function(fields) return setmetatable(fields, metatable) end
end

describe('an object of a Torch class', function()
  local Module, new_module = class('nn.Module')
  function Module:write(file)
    local fields = {}
    for key, value in pairs(self) do
      if key ~= 'buffer' then fields[key] = value end
    end
    file:writeObject(fields)
  end
  function Module:read(file, version)
    self.version = version
    for key, value in pairs(file:readObject()) do self[key] = value end
  end
  local Linear, new_linear = class('nn.Linear', 'nn.Module')
  function Linear:outputs() return self.weight:shape()[1] end

  it('is written and read by its class', function()
    local storage = torch.DoubleStorage(6)
    local linear = new_linear {weight = torch.DoubleTensor(storage, 1, {2, 3}, {3, 1}), buffer = io.stdout}
    local net = new_module {modules = {linear, linear}, storage = storage}
    net.self = net
    local got = sent {net = net, linear = linear}
    assert.equal(Module, debug.getmetatable(got.net))
    assert.equal(Linear, debug.getmetatable(got.linear))
    assert.equal(got.net, got.net.self)
    assert.equal(got.linear, got.net.modules[1])
    assert.equal(got.linear, got.net.modules[2])
    assert.equal(2, got.linear:outputs())
    assert.equal(1, got.linear.version)
    assert.is_nil(got.linear.buffer)
    got.net.storage:set(1, 50)
    assert.equal(50, got.linear.weight:numbers()[1])
  end)

  it('may write storages', function()
    local Data, new_data = class('spec.Data')
    function Data:write(file)
      file:writeInt(self.values:size())
      assert(file:writeFloat(self.values) == self.values:size())
    end
    function Data:read(file) self.values = file:readFloat(file:readInt()) end
    local got = sent(new_data {values = torch.FloatStorage(5)})
    assert.equal(5, got.values:size())
    assert.equal(3, got.values:get(3))
  end)

  it('that is a userdata is made by its factory', function()
    local Counter = torch.newmetatable('torch.Counter', nil, torch.newcounter)
    Counter.value = torch.countervalue
    local counter = torch.newcounter(7)
    local good, message = pcall(sent, counter)
    assert.is_false(good)
    assert.truthy(message:find('torch.Counter', 1, true), message)
    function Counter:write(file) file:writeDouble(self:value()) end
    function Counter:read(file) self:value(file:readDouble()) end
    local got = sent {counter, counter}
    assert.equal(7, got[1]:value())
    assert.equal(got[1], got[2])
  end)

  it('without such methods travels by its fields', function()
    local Plain, new_plain = class('spec.Plain')
    local got = sent(new_plain {1, x = 2})
    assert.equal(Plain, debug.getmetatable(got))
    assert.same({1, 2}, {got[1], got.x})
  end)
end)
