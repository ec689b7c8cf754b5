-- What is the same object in a message stays the same object, and nothing else becomes it: addresses of what is freed are
-- taken again at once, by Torch's allocator as by this stand-in.
package.path = 'tests/lua/?.lua;' .. package.path
local core = require 'parallel.core'
local graph = require 'tensor.graph'
local torch = require 'standin'

local lib = {}
function lib.storage(type, n) return torch[type .. 'Storage'](n) end
function lib.view(type, ...) return torch[type .. 'Tensor'](...) end
function lib.empty(type) return torch[type .. 'Tensor']() end
function lib.storage_of(tensor) return tensor:storage() end
function lib.again(object) return object.again and object:again() or object end
function lib.id(object) return object:pointer() end
function lib.numbers(tensor) return tensor:numbers() end
function lib.elements(storage)
  local list = {}
  for i = 1, storage:size() do list[i] = storage:get(i) end
  return list
end

local function sent(value) return core.decode(core.encode(value)) end

local function vector(...)
  local storage = torch.DoubleStorage(select('#', ...))
  for i, x in ipairs {...} do storage:set(i, x) end
  return torch.DoubleTensor(storage, 1, {select('#', ...)}, {1})
end

describe('the identity of Torch objects in a message', function()
  it('does not come from an address that is used again', function()
    local a, b = vector(1, 2), vector(3)
    local got = sent {a, a, b}
    assert.same({1, 2}, got[1]:numbers())
    assert.equal(got[1]:pointer(), got[2]:pointer())
    assert.is_true(rawequal(got[1], got[2]))
    assert.same({3}, got[3]:numbers())
  end)

  it('is that of the object, whichever userdata stands for it', function()
    local a = vector(1)
    local got = sent {a, a:again(), a:storage(), a:storage()}
    assert.is_true(rawequal(got[1], got[2]))
    assert.is_true(rawequal(got[3], got[4]))
    assert.equal(got[1]:storage():pointer(), got[3]:pointer())
  end)

  it('holds for empty storages beside others', function()
    local e, e2, s = torch.DoubleStorage(0), torch.FloatStorage(0), torch.DoubleStorage(2)
    local got = sent {e, e, e2, s}
    assert.is_true(rawequal(got[1], got[2]))
    assert.same({0, 0, 2}, {got[1]:size(), got[3]:size(), got[4]:size()})
    assert.equal(debug.getmetatable(e2), debug.getmetatable(got[3]))
    assert.equal(2, got[4]:get(2))
    local many = {}
    for i = 1, 50 do many[i] = torch[i % 2 == 0 and 'IntStorage' or 'ByteStorage'](i % 5) end
    for i, storage in ipairs(sent(many)) do assert.equal(i % 5, storage:size()) end
  end)

  it('holds for keys', function()
    local a, b = vector(1), vector(2)
    local got = sent {map = {[a] = 'a', [b] = 'b', [a:storage()] = 's'}, a = a, b = b, s = a:storage()}
    assert.same({'a', 'b', 's'}, {got.map[got.a], got.map[got.b], got.map[got.s]})
  end)

  it('keeps random messages as they are', function()
    graph.check(lib, 1000, sent)
  end)

  it('lives as long as the message, whatever a hook lets go', function()
    local message
    local Dropper = {}
    core.register('spec.Dropper', {metatable = Dropper, decode = function() return 'dropped' end, encode = function()
      message[1] = false
      collectgarbage()
      collectgarbage()
      message[3], message[4] = vector(5), torch.DoubleStorage(3)
      return 1
    end})
    message = {vector(1, 2), setmetatable({}, Dropper), false, false}
    local got = sent(message)
    assert.same({1, 2}, got[1]:numbers())
    assert.equal('dropped', got[2])
    assert.same({5}, got[3]:numbers())
    assert.equal(3, got[4]:size())
  end)

  it('sends what a storage is when its tensor has been written', function()
    local storage = torch.IntStorage(4)
    local function to() return 20000 end
    local Resizer = {}
    core.register('spec.Resizer', {metatable = Resizer, decode = function() end, encode = function() storage:resize(to()) end})
    local tensor = torch.IntTensor(storage, 1, {4}, {1})
    local got = sent {tensor, setmetatable({}, Resizer), storage}
    assert.same({1, 2, 3, 4}, got[1]:numbers())
    assert.equal(20000, got[3]:size())
    assert.equal(got[3]:pointer(), got[1]:storage():pointer())
    function to() return storage:size() - 1 end
    local good, why = pcall(sent, {storage, setmetatable({}, Resizer)})
    assert.is_false(good)
    assert.matches('was made smaller', why)
  end)
end)
