-- Training in stages: the parent trains a model and saves it after each stage, with the state of the optimiser and of the random
-- numbers. Children load what was saved, go on from there with a rate of their own and save what they reach; the parent goes on with the
-- best of them. In the end a run that was interrupted and one that was not must have the same weights.
require 'torch'
require 'parallel'

cmd = torch.CmdLine()
cmd:text('Training with checkpoints')
cmd:option('-children', 3, 'rates that are tried at once')
cmd:option('-stages', 4, 'how often the best is taken')
cmd:option('-steps', 40, 'steps of a stage')
cmd:option('-file', os.tmpname(), 'where checkpoints go')
opt = cmd:parse(arg or {})

-- classes and functions that the children need, too
function define()
   model = {}
   local Linear = torch.class('model.Linear')
   function Linear:__init(inputs, outputs)
      self.parameters = torch.zeros(outputs * inputs + outputs)
      self.weight = self.parameters:narrow(1, 1, outputs * inputs):view(outputs, inputs)
      self.bias = self.parameters:narrow(1, outputs * inputs + 1, outputs)
   end
   function Linear:forward(x) return self.weight * x + self.bias end
   function Linear:gradient(x, difference)
      return torch.cat(torch.ger(difference, x):view(self.weight:nElement()), difference, 1)
   end

   -- y = A x + b, with noise
   function sample()
      local x = torch.randn(3)
      local y = torch.Tensor{2 * x[1] - x[2] + 0.5, x[2] + 3 * x[3] - 1}
      return x, y + torch.randn(2) * 0.01
   end

   -- one stage of gradient descent with momentum; returns the mean loss of the last steps
   function train(state, steps, rate)
      torch.setRNGState(state.random)
      local loss, last = 0, math.min(steps, 20)
      for step = 1, steps do
         local x, y = sample()
         local difference = state.model:forward(x) - y
         state.momentum:mul(0.5):add(state.model:gradient(x, difference))
         state.model.parameters:add(-rate, state.momentum)
         if step > steps - last then loss = loss + difference:dot(difference) / last end
      end
      state.random = torch.getRNGState()
      state.steps = state.steps + steps
      return loss
   end
end

function worker()
   require 'torch'
   parallel.parent:receive()() -- define()
   while true do
      local job = parallel.yield()
      if job == 'break' then break end
      local state = torch.load(job.from)
      local loss = train(state, job.steps, job.rate)
      torch.save(job.to, state, 'ascii')
      parallel.parent:send({loss = loss, rate = job.rate, steps = state.steps})
   end
end

function parent()
   define()
   torch.manualSeed(11)
   local state = {model = model.Linear(3, 2), momentum = torch.zeros(8), random = torch.getRNGState(), steps = 0}
   local unbroken = torch.deserialize(torch.serialize(state))

   children = parallel.nfork(opt.children)
   children:exec(worker)
   children:send(define)

   local first, best, rates = nil, nil, {}
   for stage = 1, opt.stages do
      torch.save(opt.file, state)
      for i, child in ipairs(children) do
         child:join({from = opt.file, to = opt.file .. '.' .. i, steps = opt.steps, rate = 0.2 / 4 ^ (i - 1)})
      end
      best = nil
      for i, reply in pairs(children:receive()) do
         if not best or reply.loss < best.loss then best = {loss = reply.loss, i = i, rate = reply.rate} end
      end
      first = first or best.loss
      rates[stage] = best.rate
      state = torch.load(opt.file .. '.' .. best.i, 'ascii')
   end
   children:join('break')
   children:sync()

   for _, rate in ipairs(rates) do train(unbroken, opt.steps, rate) end
   for i = 1, opt.children do os.remove(opt.file .. '.' .. i) end
   os.remove(opt.file)

   print(string.format('%d steps of a %s in %d stages, from files', state.steps, torch.typename(state.model), opt.stages))
   print(string.format('loss falls: %s', tostring(best.loss < first)))
   print(string.format('%.1f %.1f %.1f %.1f', state.model.weight[1][1], state.model.weight[2][3], state.model.bias[1], state.model.bias[2]))
   print('same as without a stop: ' .. tostring(torch.equal(state.model.parameters, unbroken.model.parameters)))
end

ok, err = pcall(parent)
if not ok then print(err) end
parallel.close()
