-- A data-parallel optimiser: model and criterion are objects of torch.class, sent once. Each step splits the batch over
-- the children, broadcasts the parameters, and adds up partial losses and gradients. The user's hook is a string which
-- the children compile.
require 'torch'
require 'parallel'

-- classes are defined by a function, so that the children can define them, too
function define()
   demo = {}
   local Linear = torch.class('demo.Linear')
   function Linear:__init(n)
      self.weight = torch.zeros(n + 1) -- the last one is the bias
      self.gradient = torch.zeros(n + 1)
   end
   function Linear:forward(x) return self.weight:narrow(1, 1, x:size(1)):dot(x) + self.weight[-1] end
   function Linear:backward(x, slope)
      self.gradient:narrow(1, 1, x:size(1)):add(slope, x)
      self.gradient[-1] = self.gradient[-1] + slope
   end

   local Square = torch.class('demo.Square')
   function Square:forward(out, target) return (out - target) ^ 2 end
   function Square:backward(out, target) return 2 * (out - target) end
end

function worker()
   require 'torch'
   parallel.parent:receive()() -- define()

   local model, criterion = parallel.parent:receive(), parallel.parent:receive()
   local hook = loadstring(parallel.parent:receive())

   while true do
      local m = parallel.yield()
      if m == 'break' then break end

      model.weight:copy(parallel.parent:receive())
      local batch = parallel.parent:receive()
      model.gradient:zero()
      local loss = 0
      for _, sample in ipairs(batch) do
         local x = hook and hook(sample[1]) or sample[1]
         local out = model:forward(x)
         loss = loss + criterion:forward(out, sample[2])
         model:backward(x, criterion:backward(out, sample[2]))
      end
      parallel.parent:send({loss = loss, gradient = model.gradient, count = #batch})
   end
end

function parent()
   torch.manualSeed(7)
   define()
   local model = demo.Linear(2)

   children = parallel.sfork(3)
   children:exec(worker)
   children:send(define)
   children:send(model)
   children:send(demo.Square())
   children:send('local x = ... return x * 0.5')

   -- y = 3 a - 2 b + 1, where the hook halves a and b
   local batch = {}
   for i = 1, 60 do
      local x = torch.randn(2)
      batch[i] = {x, 3 * x[1] / 2 - 2 * x[2] / 2 + 1}
   end

   local first, loss
   for _ = 1, 150 do
      children:join()
      children:send(model.weight)
      for i, child in ipairs(children) do
         local part = {}
         for j = i, #batch, #children do part[#part + 1] = batch[j] end
         child:send(part)
      end
      loss = 0
      local count, gradient = 0, torch.zeros(3)
      for _, reply in pairs(children:receive()) do
         loss, count = loss + reply.loss, count + reply.count
         gradient:add(reply.gradient)
      end
      loss = loss / count
      first = first or loss
      model.weight:add(-0.3 / count, gradient)
   end
   children:join('break')
   children:sync()

   print(torch.typename(model), #children .. ' children')
   print(string.format('loss falls: %s', tostring(loss < first / 1000)))
   print(string.format('%.2f %.2f %.2f', model.weight[1], model.weight[2], model.weight[3]))
end

ok, err = pcall(parent)
if not ok then print(err) end
parallel.close()
