--- k-means on tensors: the points stay with the workers in shared memory, only the centres travel.
local parallel = require 'parallel'
local torch = require 'parallel.tensor'

local n, dimensions, k, rounds, parts = tonumber(arg and arg[1]) or 20000, 4, 5, 6, 8
torch.manualSeed(1)
local points = torch.randn(n, dimensions)
for i = 1, n do points[i]:add(i % k * 4) end
points:share()

-- Sums and counts of the points from..to by their nearest centre.
local function step(part)
  local torch = require 'parallel.tensor' -- luacheck: ignore
  local all, centres = part.points, part.centres
  local sums, counts = torch.zeros(centres:size(1), centres:size(2)), torch.zeros(centres:size(1))
  local width = centres:size(1)
  for i = part.from, part.to do
    local point, best, least = all[i], 1, math.huge
    for c = 1, width do
      local distance = point:dist(centres[c])
      if distance < least then best, least = c, distance end
    end
    sums[best]:add(point)
    counts[best] = counts[best] + 1
  end
  return {sums, counts}
end

local function cluster(map)
  local centres = points:narrow(1, 1, k):clone()
  local began = parallel.clock()
  for _ = 1, rounds do
    local list = {}
    for p = 1, parts do
      list[p] = {points = points, centres = centres, from = math.floor((p - 1) * n / parts) + 1, to = math.floor(p * n / parts)}
    end
    local sums, counts = torch.zeros(k, dimensions), torch.zeros(k)
    for _, result in ipairs(map(step, list)) do
      sums:add(result[1])
      counts:add(result[2])
    end
    for c = 1, k do
      if counts[c] > 0 then centres[c]:copy(sums[c]):div(counts[c]) end
    end
  end
  return centres, parallel.clock() - began
end

local expected, sequential = cluster(function(f, list) return parallel.map(f, list, {workers = 0}) end)
local centres, together = cluster(parallel.map)
assert((centres - expected):abs():max() < 1e-9)
print(('%d points, %d centres  sequential %.2f s  parallel %.2f s  %.2fx'):format(n, k, sequential, together,
  sequential / together))
