-- Networks of a real Torch7 (here its stand-in) with the states of their optimisers, sent there and back in the middle of training: classes
-- with weights that are views of one storage and gradients that are views of another, as nn and optim make them.
package.path = 'tests/lua/?.lua;tests/torch/path/?.lua;' .. package.path
local parallel = require 'parallel'
local core = require 'parallel.core'

local ROUNDS = 100

-- Runs here and in the child: the classes, and a "step" that changes every number by a rule.
local function define()
  local torch = require 'torch'
  local spec = {}

  local function class(name, parent)
    local metatable
    metatable = torch.newmetatable(name, parent, function() return setmetatable({}, metatable) end)
    return metatable
  end
  local Module = class('spec_nn.Module')
  -- As nn writes its modules: without what is made anew.
  function Module:write(file)
    local fields = {}
    for key, value in pairs(self) do
      if key ~= 'buffer' then fields[key] = value end
    end
    file:writeObject(fields)
  end
  function Module:read(file)
    for key, value in pairs(file:readObject()) do self[key] = value end
  end
  local Linear, Sequential = class('spec_nn.Linear', 'spec_nn.Module'), class('spec_nn.Sequential', 'spec_nn.Module')

  local function vector(n)
    local storage = torch.DoubleStorage(n)
    return torch.DoubleTensor(storage, 1, {n}, {1}), storage
  end

  function spec.training()
    local weights, storage = vector(24)
    local gradients, of_gradients = vector(24)
    local function view(first, ...)
      local sizes = {...}
      local strides = #sizes == 2 and {sizes[2], 1} or {1}
      return torch.DoubleTensor(storage, first, sizes, strides), torch.DoubleTensor(of_gradients, first, sizes, strides)
    end
    local function linear(first, inputs, outputs)
      local made = setmetatable({buffer = io.stdout}, Linear)
      made.weight, made.gradWeight = view(first, outputs, inputs)
      made.bias, made.gradBias = view(first + inputs * outputs, outputs)
      return made
    end
    local net = setmetatable({modules = {linear(1, 3, 4), linear(17, 4, 1)}, train = true}, Sequential)
    net.modules[2].previous = net.modules[1]
    return {net = net, weights = weights, gradients = gradients, config = {learningRate = 0.1}, state = {t = 0}}
  end

  function spec.step(training)
    local state, rate = training.state, training.config.learningRate
    state.t = state.t + 1
    if not state.m then state.m, state.v = vector(24), vector(24) end
    local w, g = training.weights:storage(), training.gradients:storage()
    local m, v = state.m:storage(), state.v:storage()
    for i = 1, 24 do
      g:set(i, g:get(i) * 0.9 + math.sin(w:get(i) + state.t))
      m:set(i, 0.9 * m:get(i) + 0.1 * g:get(i))
      v:set(i, 0.999 * v:get(i) + 0.001 * g:get(i) ^ 2)
      w:set(i, w:get(i) - rate * m:get(i) / (math.abs(v:get(i)) ^ 0.5 + 1e-8))
    end
    return training
  end

  return spec
end

local spec = define()

-- Every number that can be reached from the modules, in a row.
local function numbers_of(training)
  local list = {}
  local function add(tensor)
    for _, x in ipairs(tensor:numbers()) do list[#list + 1] = x end
  end
  for _, module in ipairs(training.net.modules) do
    for _, name in ipairs {'weight', 'bias', 'gradWeight', 'gradBias'} do add(module[name]) end
  end
  add(training.weights)
  add(training.gradients)
  if training.state.m then
    add(training.state.m)
    add(training.state.v)
  end
  return list
end

-- One storage for all weights, another for all gradients, and the classes.
local function check_shape(training)
  local storages = {training.weights:storage():pointer(), training.gradients:storage():pointer()}
  for _, module in ipairs(training.net.modules) do
    assert.equal(debug.getregistry()['spec_nn.Linear'], debug.getmetatable(module))
    assert.same(storages, {module.weight:storage():pointer(), module.gradWeight:storage():pointer()})
    assert.same(storages, {module.bias:storage():pointer(), module.gradBias:storage():pointer()})
    assert.is_nil(module.buffer)
  end
  assert.equal(training.net.modules[1], training.net.modules[2].previous)
end

describe("a network of Torch's in training", function()
  it('goes there and back ' .. ROUNDS .. ' times, each time a step further, and every weight is right', function()
    local child = parallel.run(function(folder, make)
      package.path = folder .. '/?.lua;' .. package.path
      local trainer = make()
      while true do
        local training = parallel.parent:receive()
        if not training then break end
        parallel.parent:send(trainer.step(training))
      end
    end, core.real_path('tests/torch/path'), define)
    local here, there = spec.training(), spec.training()
    for round = 1, ROUNDS do
      child:send(there)
      there = child:receive()
      assert.same(numbers_of(spec.step(here)), numbers_of(there), 'round ' .. round)
      check_shape(there)
    end
    assert.equal(ROUNDS, there.state.t)
    child:send(false)
    child:join()
  end)

  it('leaves nothing behind', function()
    local torch = require 'torch'
    for _ = 1, 4 do collectgarbage() end
    local storages, tensors = torch.live()
    for _ = 1, 20 do core.decode(core.encode(spec.step(spec.training()))) end
    for _ = 1, 4 do collectgarbage() end
    assert.same({storages, tensors}, {torch.live()})
  end)
end)
