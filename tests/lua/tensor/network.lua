--- A few modules as nn has them, and one optimiser, for the specs of what is sent in the middle of training.
local torch = require 'parallel.tensor'

local nn = {}

local Module = torch.class('spec_nn.Module', nn)
function Module:__init() self.gradInput, self.output = torch.Tensor(), torch.Tensor() end
function Module:forward(input) return self:updateOutput(input) end
function Module:backward(input, gradOutput)
  self:updateGradInput(input, gradOutput)
  self:accGradParameters(input, gradOutput)
  return self.gradInput
end
function Module.accGradParameters() end
function Module:parameters()
  if not self.weight then return {}, {} end
  return {self.weight, self.bias}, {self.gradWeight, self.gradBias}
end

-- All parameters become views of one storage, in order; as nn does it.
local function flatten(list)
  local n, at = 0, 1
  for _, t in ipairs(list) do n = n + t:nElement() end
  local flat = torch.Tensor(n)
  for _, t in ipairs(list) do
    local part = flat:narrow(1, at, t:nElement()):copy(t)
    t:set(flat:storage(), part:storageOffset(), t:size())
    at = at + t:nElement()
  end
  return flat
end

function Module:getParameters()
  local weights, gradients = self:parameters()
  return flatten(weights), flatten(gradients)
end

local Linear = torch.class('spec_nn.Linear', 'spec_nn.Module', nn)
function Linear:__init(inputs, outputs)
  Module.__init(self)
  self.weight, self.bias = torch.randn(outputs, inputs), torch.randn(outputs)
  self.gradWeight, self.gradBias = torch.zeros(outputs, inputs), torch.zeros(outputs)
end
function Linear:updateOutput(input)
  self.output:resize(self.bias:size()):copy(self.bias)
  return self.output:addmv(self.weight, input)
end
function Linear:updateGradInput(input, gradOutput)
  self.gradInput:resizeAs(input):zero()
  return self.gradInput:addmv(self.weight:t(), gradOutput)
end
function Linear:accGradParameters(input, gradOutput)
  self.gradWeight:addr(gradOutput, input)
  self.gradBias:add(gradOutput)
end

local Tanh = torch.class('spec_nn.Tanh', 'spec_nn.Module', nn)
function Tanh:updateOutput(input) return self.output:resizeAs(input):copy(input):tanh() end
function Tanh:updateGradInput(_, gradOutput)
  self.gradInput = gradOutput - torch.cmul(torch.cmul(self.output, self.output), gradOutput)
  return self.gradInput
end

local Sequential = torch.class('spec_nn.Sequential', 'spec_nn.Module', nn)
function Sequential:__init() Module.__init(self) self.modules = {} end
function Sequential:add(module) self.modules[#self.modules + 1] = module return self end
function Sequential:parameters()
  local weights, gradients = {}, {}
  for _, module in ipairs(self.modules) do
    local w, g = module:parameters()
    for i = 1, #w do weights[#weights + 1], gradients[#gradients + 1] = w[i], g[i] end
  end
  return weights, gradients
end
function Sequential:updateOutput(input)
  for _, module in ipairs(self.modules) do input = module:forward(input) end
  self.output = input
  return input
end
function Sequential:backward(input, gradOutput)
  for i = #self.modules, 1, -1 do
    gradOutput = self.modules[i]:backward(i > 1 and self.modules[i - 1].output or input, gradOutput)
  end
  self.gradInput = gradOutput
  return gradOutput
end

--- One step of Adam, with its state in a table, as optim has it.
function nn.adam(weights, gradients, state)
  state.t = (state.t or 0) + 1
  state.m = state.m or torch.zeros(weights:size())
  state.v = state.v or torch.zeros(weights:size())
  state.m:mul(0.9):add(0.1, gradients)
  state.v:mul(0.999):addcmul(0.001, gradients, gradients)
  state.denominator = torch.sqrt(state.v):add(1e-8)
  weights:addcdiv(-0.01 * math.sqrt(1 - 0.999 ^ state.t) / (1 - 0.9 ^ state.t), state.m, state.denominator)
end

--- What is trained: a network, its flat parameters, the state of its optimiser and where its inputs come from.
function nn.training()
  local net = nn.Sequential():add(nn.Linear(4, 6)):add(nn.Tanh()):add(nn.Linear(6, 3)):add(nn.Tanh())
  local weights, gradients = net:getParameters()
  return {net = net, weights = weights, gradients = gradients, optimiser = {}, seed = 1}
end

--- Forward, backward and a step, on inputs that depend on the number of the step alone.
function nn.step(training)
  torch.manualSeed(training.seed)
  training.seed = training.seed + 1
  local input, target = torch.randn(4), torch.randn(3)
  training.gradients:zero()
  local output = training.net:forward(input)
  training.net:backward(input, output - target)
  nn.adam(training.weights, training.gradients, training.optimiser)
  return training
end

return nn
