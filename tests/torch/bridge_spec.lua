-- Tensors of a real Torch7 (here a stand-in with its layouts and symbols) travel, and what arrives is Torch's own.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local core = require 'parallel.core'
local torch = require 'standin'

local types = {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'}

local function sent(...)
  return core.decode(core.encode(...))
end

local function collect()
  for _ = 1, 4 do
    collectgarbage()
  end
end

describe('the bridge to Torch', function()
  for _, type in ipairs(types) do
    it('carries tensors and storages of type ' .. type, function()
      local storage = torch[type .. 'Storage'](12)
      local tensor = torch[type .. 'Tensor'](storage, 2, {2, 3}, {4, 1})
      local got = sent {tensor, storage}
      assert.same({2, 3}, got[1]:shape())
      assert.same({2, 3, 4, 6, 7, 8}, got[1]:numbers())
      assert.equal(12, got[2]:size())
      assert.equal(12, got[2]:get(12))
      assert.equal(debug.getmetatable(tensor), debug.getmetatable(got[1]))
    end)
  end

  it('keeps a storage shared between tensors of one message', function()
    local storage = torch.DoubleStorage(4)
    local a, b = torch.DoubleTensor(storage, 1, {4}, {1}), torch.DoubleTensor(storage, 3, {2}, {1})
    local got = sent {a, b}
    assert.equal(got[1]:storage():pointer(), got[2]:storage():pointer())
    got[1]:storage():set(3, 70)
    assert.same({70, 4}, got[2]:numbers())
  end)

  it('carries transposed, expanded and empty tensors', function()
    local storage = torch.FloatStorage(6)
    assert.same({1, 4, 2, 5, 3, 6}, sent(torch.FloatTensor(storage, 1, {3, 2}, {1, 3})):numbers())
    assert.same({2, 2, 2}, sent(torch.FloatTensor(storage, 2, {3}, {0})):numbers())
    local empty = sent(torch.FloatTensor())
    assert.same({}, empty:shape())
    assert.is_nil(empty:storage())
    assert.equal(0, sent(torch.LongStorage(0)):size())
  end)

  it('sees what Torch did to a storage since the last time', function()
    local storage = torch.IntStorage(2)
    local tensor = torch.IntTensor(storage, 1, {2}, {1})
    assert.same({1, 2}, sent(tensor):numbers())
    storage:resize(5000)
    storage:set(2, 9)
    assert.same({1, 9}, sent(tensor):numbers())
    assert.equal(5000, sent(storage):size())
  end)

  it('refuses a tensor whose storage is too small for it', function()
    local storage = torch.IntStorage(8)
    local tensor = torch.IntTensor(storage, 1, {8}, {1})
    storage:resize(4)
    assert.has_error(function() core.encode(tensor) end)
  end)

  it('lets Torch resize what arrived', function()
    local got = sent(torch.DoubleStorage(3))
    got:resize(6)
    assert.equal(3, got:get(3))
    got:resize(1)
    assert.equal(1, got:get(1))
    got:resize(2)
    got:set(2, 5)
    assert.equal(5, got:get(2))
  end)

  it('refuses CUDA tensors by name', function()
    local good, message = pcall(core.encode, {weights = torch.CudaTensor()})
    assert.is_false(good)
    assert.truthy(message:find('torch.CudaTensor', 1, true), message)
  end)

  it('does not hold on to anything', function()
    collect()
    local storages, tensors = torch.live()
    do
      local storage = torch.DoubleStorage(100)
      for _ = 1, 200 do
        sent {torch.DoubleTensor(storage, 1, {100}, {1}), storage}
      end
      collect()
      assert.is_true(storage:refcount() <= 2) -- its own, and that of the view which lives as long as it
    end
    collect()
    local storages_left, tensors_left = torch.live()
    assert.is_true(storages_left <= storages)
    assert.equal(tensors, tensors_left)
  end)

  it('holds nothing of what has been sent', function()
    local parallel = require 'parallel'
    local child = parallel.run 'for _ = 1, 4 do parallel.parent:receive() end'
    collect()
    collectgarbage('stop')
    local storages = torch.live()
    local function large()
      local storage = torch.DoubleStorage(200000)
      return torch.DoubleTensor(storage, 1, {200000}, {1}), storage
    end
    local small = torch.DoubleTensor(torch.DoubleStorage(1), 1, {1}, {1})
    local tensor, storage = large()
    for _, send in ipairs {
      function(value) child:send(value) end,
      function(value) child:send(value, {timeout = support.patience}) end,
      function(value) parallel.children:send(value) end,
      function(value) child:send {value, value} end,
      function(value) core.encode {value, storage} end,
      function(value) pcall(core.encode, {value, print = io.stdout}) end,
      function(value) pcall(child.send, child, {value, print = io.stdout}) end,
    } do
      send(tensor)
      assert.equal(2, storage:refcount()) -- its own userdata and the tensor
    end
    tensor:set(small)
    assert.equal(1, storage:refcount())
    assert.equal(storages + 2, (torch.live()))
    collectgarbage('restart')
    child:join()
  end)

  it('stands the collector running all the time', function()
    support.collector('pause', 0)
    local storage = torch.DoubleStorage(10)
    for i = 1, 500 do
      local tensor = torch.DoubleTensor(storage, 1 + i % 5, {5}, {1})
      local got = sent {tensor, tensor, storage}
      assert.equal(1 + i % 5, got[2]:numbers()[1])
    end
    support.collector('pause', 200)
  end)
end)
