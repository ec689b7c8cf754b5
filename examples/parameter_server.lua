--- A parameter server: member 1 keeps the weights, the others send it gradients of their own data, whenever they have one, and get the
-- newest weights back. Nobody waits for the slowest: a gradient of weights that are too old by now is left out.
--     parameter_server.lua [workers [updates]]
local parallel = require 'parallel'
local torch = require 'parallel.tensor'

local workers, updates = tonumber(arg and arg[1]) or 3, tonumber(arg and arg[2]) or 600
local features, rows = 10, 50

local function serve(g)
  local weights, counts, done = torch.zeros(features), {}, 0
  local sent_at, working = {}, g.size - 1
  local oldest = 2 * working -- older ones would pull back what has been learned since
  for rank = 2, g.size do
    counts[rank], sent_at[rank] = 0, 0
    g:send(rank, weights)
  end
  while working > 0 do
    local gradient, from = g:receive()
    if done < updates and done - sent_at[from] <= oldest then
      weights:add(-0.1, gradient)
      counts[from], done = counts[from] + 1, done + 1
    end
    if done == updates then
      g:send(from, false)
      working = working - 1
    else
      g:send(from, weights)
      sent_at[from] = done
    end
  end
  return weights, counts
end

local function work(g, truth)
  torch.manualSeed(g.rank)
  local weights = g:receive(1)
  while weights do
    local x = torch.randn(rows, features) -- data comes in as it comes
    local wrong = torch.mv(x, weights):add(-1, torch.mv(x, truth))
    g:send(1, torch.mv(x:t(), wrong):div(rows))
    weights = g:receive(1)
  end
end

torch.manualSeed(9)
local truth = torch.randn(features)
local list = {}
for rank = 1, workers + 1 do
  list[rank] = parallel.run(function()
    local g = parallel.group()
    if g.rank == 1 then return serve(g) end
    return work(g, truth)
  end)
end
parallel.group(list, {channels = true})
local server = parallel.join(list)[1]
local weights, counts = server[1], server[2]
for rank = 2, workers + 1 do print(('worker %d sent %d gradients'):format(rank, counts[rank])) end
local difference = torch.add(weights, -1, truth):abs():max()
print(('after %d updates the weights differ by %.1e from the true ones'):format(updates, difference))
assert(difference < 1e-6)
