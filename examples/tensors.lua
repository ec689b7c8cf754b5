-- Tensors without Torch: on one process, sent by value, and shared by two.   tools/lua jit examples/tensors.lua
local parallel = require 'parallel'
local torch = require 'torch' -- parallel.tensor, unless a real Torch is installed

torch.manualSeed(1)
local samples = torch.randn(1000, 3)
local mean = samples:mean(1)
local centred = samples - mean:expandAs(samples)
local covariance = torch.mm(centred:t(), centred) / (samples:size(1) - 1)
print('covariance of 1000 samples:')
print(covariance)

-- By value: the child has its own copy; the tensor and its row still share their storage there.
local child = parallel.run(function()
  local message = parallel.parent:receive()
  message.row:fill(0)
  parallel.parent:send(message.matrix:sum())
end)
child:send {matrix = covariance, row = covariance[1]}
print(('sum without the first row: %.4f (here it is still %.4f)'):format(child:receive(), covariance:sum()))
child:join()

-- Shared: both see each other's writes, and sending takes the same time whatever the size is.
local board = torch.zeros(4, 1000):share()
local workers = {}
for i = 1, 4 do
  workers[i] = parallel.run(function(board, row) -- luacheck: ignore
    board[row]:fill(row)
  end, board, i)
end
for i = 1, 4 do
  workers[i]:join()
end
print('what four processes wrote into one tensor:')
print(board:mean(2))
