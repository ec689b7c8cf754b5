-- Stochastic gradient descent with a parameter server: the parent keeps the weights, each child a part of the data. At
-- every step the weights go to the children and their gradients come back.
require 'torch'
require 'parallel'

local nworkers, nsteps, rate = 3, 200, 0.2

function worker()
   require 'torch'

   -- this child's part of the data: y = x * w + noise
   local x, y = parallel.parent:receive(), parallel.parent:receive()
   local n = x:size(1)

   while true do
      -- yield = allow the parent to stop me
      if parallel.yield() == 'break' then break end

      local w = parallel.parent:receive()
      local residual = torch.mv(x, w) - y
      local gradient = torch.mv(x:t(), residual):div(n)
      parallel.parent:send({gradient = gradient, loss = residual:dot(residual) / n})
   end
end

function parent()
   torch.manualSeed(1)
   local truth = torch.Tensor{2, -1, 0.5, 3}

   parallel.nfork(nworkers)
   parallel.children:exec(worker)
   for _, child in ipairs(parallel.children) do
      local x = torch.randn(100, truth:size(1))
      child:send(x)
      child:send(torch.mv(x, truth) + torch.randn(100) * 0.01)
   end

   local w, first, last = torch.zeros(truth:size(1)), nil, nil
   for _ = 1, nsteps do
      parallel.children:join()
      parallel.children:send(w)
      local replies = parallel.children:receive()
      last = 0
      for _, reply in pairs(replies) do
         w:add(-rate / nworkers, reply.gradient)
         last = last + reply.loss / nworkers
      end
      first = first or last
   end
   parallel.children:join('break')
   parallel.children:sync()

   print(string.format('loss %.1f -> %.4f', first, last))
   print(string.format('weights %.2f %.2f %.2f %.2f', w[1], w[2], w[3], w[4]))
end

ok, err = pcall(parent)
if not ok then print(err) end
parallel.close()
