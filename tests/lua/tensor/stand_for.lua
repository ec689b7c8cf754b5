-- The value that an argument in errors.lua stands for.
local torch = require 'parallel.tensor'

local TYPES = {L = 'Long', B = 'Byte', I = 'Int', F = 'Float', E = 'Double', [''] = 'Double'}

return function(argument)
  if type(argument) ~= 'string' then return argument end
  local kind, sizes = argument:match '^%a?', {}
  for n in argument:gmatch '%d+' do sizes[#sizes + 1] = tonumber(n) end
  if kind == 'S' then return torch.LongStorage(sizes) end
  if kind == 'E' then return torch.eye(sizes[1], sizes[2]) end
  return torch[TYPES[kind] .. 'Tensor']():resize(torch.LongStorage(sizes)):fill(1)
end
