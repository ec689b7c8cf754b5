-- Networks and the states of optimisers, sent there and back in the middle of training.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local torch = require 'parallel.tensor'
local nn = require 'tensor.network'

local ROUNDS = 100

-- Every tensor of both, by the way to it.
local function compare(a, b, place, seen)
  if seen[a] then return end
  seen[a] = true
  for key, value in pairs(a) do
    local at, other = place .. '.' .. tostring(key), b[key]
    assert.equal(torch.type(value), torch.type(other), at)
    if torch.isTensor(value) then
      assert.same(value:size():totable(), other:size():totable(), at)
      assert.same(value:stride():totable(), other:stride():totable(), at)
      assert.is_true(value:dim() == 0 or torch.equal(value, other), at)
    elseif type(value) == 'table' then
      compare(value, other, at, seen)
    else
      assert.equal(value, other, at)
    end
  end
end

-- Are the weights of the modules still views of the flat vector?
local function check_views(training)
  local storage = torch.pointer(training.weights:storage())
  for _, weight in ipairs((training.net:parameters())) do assert.equal(storage, torch.pointer(weight:storage())) end
  storage = torch.pointer(training.gradients:storage())
  for _, gradient in ipairs((select(2, training.net:parameters()))) do assert.equal(storage, torch.pointer(gradient:storage())) end
end

local trainer = [[
  package.path = 'tests/lua/?.lua;' .. package.path
  local nn = require 'tensor.network'
  while true do
    local training = parallel.parent:receive()
    if not training then break end
    parallel.parent:send(nn.step(training))
  end
]]

describe('a network in training', function()
  it('goes there and back ' .. ROUNDS .. ' times, each time a step further, and every weight is right', function()
    local child = parallel.run(trainer)
    local here, there = nn.training(), nil
    torch.manualSeed(1)
    for round = 1, ROUNDS do
      if not there then there = parallel.decode(parallel.encode(here)) end
      child:send(there)
      there = child:receive()
      nn.step(here)
      compare(here, there, 'step ' .. round, {})
      check_views(there)
    end
    assert.equal(ROUNDS + 1, there.seed)
    child:send(false)
    child:join()
  end)

  it('goes on from a file as if nothing had been', function()
    for _, way in ipairs {
      {save = torch.save, load = torch.load},
      {save = function(path, value) torch.save(path, value, 'ascii') end, load = function(path) return torch.load(path, 'ascii') end},
      {save = parallel.save, load = parallel.load},
    } do
      local path, here = support.scratch '.net', nn.training()
      for _ = 1, 3 do nn.step(here) end
      way.save(path, here)
      local there = way.load(path)
      os.remove(path)
      for step = 1, 3 do
        nn.step(here)
        nn.step(there)
        compare(here, there, 'step ' .. step, {})
      end
      check_views(there)
    end
  end)

  it('is trained by several at once when its parameters are shared', function()
    local training = nn.training()
    training.weights:share()
    local before, children = training.net.modules[1].weight:clone(), {}
    for i = 1, 3 do
      children[i] = parallel.run([[
        package.path = 'tests/lua/?.lua;' .. package.path
        local nn, first = require 'tensor.network', ...
        local t = parallel.parent:receive()
        t.seed = first
        for _ = 1, 20 do nn.step(t) end
        return t.weights:isShared()
      ]], 100 * i)
    end
    parallel.send(children, training)
    for _, child in ipairs(children) do assert.is_true(child:join()) end
    assert.is_false(torch.equal(before, training.net.modules[1].weight)) -- their steps are seen here
    assert.is_true(training.weights:norm() < 1 / 0)
    check_views(training)
  end)
end)
