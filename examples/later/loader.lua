-- A data loader: the parent sends {options, function} pairs to its workers in turn and collects the batches they load,
-- while it consumes those that have come before.
require 'torch'
require 'parallel'

function worker()
   require 'torch'
   while true do
      local job = parallel.parent:receive()
      if not job then break end
      local options, load = job[1], job[2]
      parallel.parent:send({options.index, load(options)})
   end
end

-- stands for reading and preparing a batch
function load_batch(options)
   local batch = torch.range(options.from, options.to)
   return batch:mul(options.scale)
end

function main()
   local nbatches, size = 12, 5
   local workers = parallel.nfork(3)
   workers:exec(worker)

   local function ask(index)
      local options = {index = index, from = (index - 1) * size + 1, to = index * size, scale = 2}
      workers[(index - 1) % #workers + 1]:send({options, load_batch})
   end

   for index = 1, #workers do ask(index) end -- one batch ahead for each
   local total, order = 0, {}
   for index = 1, nbatches do
      local reply = workers[(index - 1) % #workers + 1]:receive()
      if index + #workers <= nbatches then ask(index + #workers) end
      order[#order + 1] = reply[1]
      total = total + reply[2]:sum()
   end
   workers:send(nil)
   workers:sync()

   print('batches ' .. table.concat(order, ' '))
   print(string.format('sum of 1..60, doubled: %d', total))
end

ok, err = pcall(main)
if not ok then print(err) end
parallel.close()
