--- Pi by throwing darts: the same digits for any number of workers, because each task has random numbers of its own.
local parallel = require 'parallel'

local tasks, darts = 64, tonumber(arg and arg[1]) or 100000

local function throw(n)
  local inside = 0
  for _ = 1, n do
    local x, y = math.random(), math.random()
    if x * x + y * y <= 1 then inside = inside + 1 end
  end
  return inside
end

local list = {}
for i = 1, tasks do list[i] = darts end

local function estimate(workers)
  local began = parallel.clock()
  local inside = 0
  for _, n in ipairs(parallel.map(throw, list, {workers = workers, seed = 2011})) do inside = inside + n end
  return 4 * inside / (tasks * darts), parallel.clock() - began
end

local expected, sequential = estimate(0)
for _, workers in ipairs{1, 2, 4} do
  local pi, seconds = estimate(workers)
  assert(pi == expected)
  print(('%d workers  pi = %.6f  sequential %.2f s  parallel %.2f s  %.2fx'):format(workers, pi, sequential, seconds,
    sequential / seconds))
end
