--- Random numbers that depend on the number of a task and on nothing else: not on the worker, the chunk or the order.
local core = require 'parallel.core'
local compat = require 'parallel.compat'

local seed = {}
local philox = core.philox

-- math.randomseed takes whatever the Lua version can use; more bits where it can.
local set_math
if compat.version == '5.1' or compat.version == '5.2' or compat.version == '5.3' then
  function set_math(a) math.randomseed(a % 2147483648) end
elseif compat.version == 'jit' then
  function set_math(a, b) math.randomseed(a * 1048576 + b % 1048576) end
else
  function set_math(a, b) math.randomseed(a, b) end
end

--- Seeds math.random, and the tensor library if the program uses one, for task `number`.
function seed.set(base, number)
  local a, b, c = philox(base, number)
  set_math(a, b)
  local loaded = package.loaded
  local torch = loaded.torch or loaded['parallel.tensor']
  if torch and torch.manualSeed then torch.manualSeed(c) end
end

return seed
