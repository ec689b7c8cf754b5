--- Training on several cores: each member of a group has a part of the data, and all add up their gradients with allreduce. The
-- result is that of one process with all of the data.
--     data_parallel.lua [members [rows]]
local parallel = require 'parallel'
local torch = require 'parallel.tensor'

local members, rows = tonumber(arg and arg[1]) or parallel.cores(), tonumber(arg and arg[2]) or 20000
local features, hidden, steps = 24, 16, 40

-- --- two models: what they begin with, and the gradient of half the squared error ---

local linear = {rate = 0.5}

function linear.begin() return {torch.zeros(features, 1)} end

function linear.gradient(weights, x, y)
  local wrong = torch.mm(x, weights[1]):add(-1, y)
  return {torch.mm(x:t(), wrong)}
end

local network = {rate = 0.2}

function network.begin()
  torch.manualSeed(2)
  return {torch.randn(features, hidden):mul(0.3), torch.randn(hidden, 1):mul(0.3)}
end

function network.gradient(weights, x, y)
  local first, second = weights[1], weights[2]
  local middle = torch.tanh(torch.mm(x, first))
  local wrong = torch.mm(middle, second):add(-1, y)
  local back = torch.mm(wrong, second:t()):cmul(torch.cmul(middle, middle):mul(-1):add(1))
  return {torch.mm(x:t(), back), torch.mm(middle:t(), wrong)}
end

-- --- training ---

-- reduce(gradient) makes the sum over all of the data of what is the sum over this part.
local function train(model, weights, x, y, all_rows, reduce)
  for _ = 1, steps do
    for i, gradient in ipairs(model.gradient(weights, x, y)) do
      weights[i]:add(-model.rate / all_rows, reduce(gradient))
    end
  end
  return weights
end

local function member(model, weights, x, y)
  local g = parallel.group()
  local from, to = math.floor((g.rank - 1) * rows / g.size) + 1, math.floor(g.rank * rows / g.size)
  local own_x, own_y = x:narrow(1, from, to - from + 1), y:narrow(1, from, to - from + 1)
  g:barrier()
  local began = parallel.clock()
  train(model, weights, own_x, own_y, rows, function(gradient) return g:allreduce(gradient) end)
  return weights, parallel.clock() - began
end

local function train_together(model, x, y)
  local list = {}
  for i = 1, members do list[i] = parallel.run(member, model, model.begin(), x, y) end
  parallel.group(list)
  local results = parallel.join(list)
  parallel.close()
  for i = 2, members do assert(parallel.encode(results[i][1]) == parallel.encode(results[1][1])) end -- the same bits
  return results[1][1], results[1][2]
end

torch.manualSeed(1)
local x = torch.randn(rows, features):share() -- all members see it, nobody copies it
local y = torch.mm(x, torch.randn(features, 1)):add(torch.randn(rows, 1):mul(0.1)):share()

for _, named in ipairs{{'linear', linear}, {'network', network}} do
  local name, model = named[1], named[2]
  local began = parallel.clock()
  local alone = train(model, model.begin(), x, y, rows, function(gradient) return gradient end)
  local sequential = parallel.clock() - began
  local together, seconds = train_together(model, x, y)
  local difference = 0
  for i = 1, #alone do difference = math.max(difference, torch.add(alone[i], -1, together[i]):abs():max()) end
  print(('%-8s alone %.3f s  %d members %.3f s  %.2fx  differs by %.1e'):format(name, sequential, members, seconds,
    sequential / seconds, difference))
  assert(difference < 1e-12)
end
