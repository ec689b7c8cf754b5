-- One round of what bench/tensor_sizes.lua compares: tensor_cases.lua N prints lines of "name<TAB>nanoseconds" for tensors of about N
-- elements. It asks for `torch`, so a real Torch7 runs the same.
local torch = require 'torch'
local n = tonumber(arg[1])
local side = math.floor(math.sqrt(n))
local columns = n >= 10000 and 1000 or 10
local rows = math.floor(n / columns)
torch.manualSeed(1)

local timer = torch.Timer()
local function clock() return timer:time().real end

-- The best of several runs, each of as many calls as take a millisecond.
local function measure(name, f)
  f()
  local start = clock()
  f()
  local once = math.max(clock() - start, 1e-8)
  local calls = math.max(1, math.floor(1e-3 / once))
  local best, began, runs = math.huge, clock(), 0
  repeat
    start = clock()
    for _ = 1, calls do f() end
    best, runs = math.min(best, (clock() - start) / calls), runs + 1
  until runs >= 3 and clock() - began > 0.08
  io.write(name, '\t', ('%.1f'):format(best * 1e9), '\n')
  io.flush()
end

local x, y, r = torch.randn(n), torch.randn(n), torch.Tensor(n)
local a, b, c = torch.randn(side, side), torch.randn(side, side), torch.Tensor(side, side)
local m, taken = torch.randn(rows, columns), torch.Tensor(rows, columns)
local order, places = torch.randperm(rows):long(), torch.randperm(n):long()
local joined, sorted, sorted_places = torch.Tensor(2 * n), torch.Tensor(n), torch.LongTensor(n)
local line, line_places, other = torch.Tensor(1, columns), torch.LongTensor(1, columns), torch.Tensor(1, side)
local at = a:t()

measure('index rows', function() taken:index(m, 1, order) end)
measure('index elements', function() r:index(x, 1, places) end)
measure('cat', function() torch.cat(joined, x, y, 1) end)
measure('cat columns', function() return torch.cat(m, m, 2) end)
measure('add transposed', function() torch.add(c, a, b:t()) end)
measure('mul transposed', function() torch.cmul(c, at, b) end)
measure('exp transposed', function() torch.exp(c, at) end)
measure('sum transposed', function() return at:sum() end)
measure('sum transposed, dim 1', function() torch.sum(other, at, 1) end)
measure('max transposed', function() return at:max() end)
measure('std dim 1', function() torch.std(line, m, 1) end)
measure('var dim 1', function() torch.var(line, m, 1) end)
measure('max dim 1', function() torch.max(line, line_places, m, 1) end)
measure('sort', function() torch.sort(sorted, sorted_places, x) end)
measure('rand', function() r:uniform() end)
measure('tanh', function() torch.tanh(r, x) end)
if n < 10000 then
  for _, k in ipairs {4, 16, 32} do
    local p, q, s = torch.randn(k, k), torch.randn(k, k), torch.Tensor(k, k)
    measure('mm ' .. k, function() torch.mm(s, p, q) end)
  end
end
