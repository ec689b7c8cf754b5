-- Pools against a plain loop and Python's Pool.map, in one run: tools/lua 5.4 bench/pool.lua [rounds]
-- Each figure is the median of the rounds; the candidates take turns, so that a busy machine is as unfair to all.
local parallel = require 'parallel'
local rounds = tonumber(arg and arg[1]) or 9
local clock = parallel.clock
local TASKS = 10000

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

local function square(x) return x * x end
local function heavy(n)
  local sum = 0
  for i = 1, n do sum = sum + i % 7 end
  return sum
end

local list, loads = {}, {}
for i = 1, TASKS do list[i] = i end
for i = 1, 200 do loads[i] = 400000 end

local function timed(f)
  local began = clock()
  f()
  return clock() - began
end

local function loop_over(f, items)
  local results = {}
  for i = 1, #items do results[i] = f(items[i]) end
  return results
end

-- Python says how long each of its rounds took.
local function python(code)
  local path = os.tmpname()
  local script = assert(io.open(path, 'w'))
  script:write(code)
  script:close()
  local pipe = io.popen('python3 ' .. path .. ' 2>/dev/null')
  local text = pipe and pipe:read('*a')
  if pipe then pipe:close() end
  os.remove(path)
  return text and tonumber(text:match('[%d.e-]+'))
end
local python_code = [[
import multiprocessing, time
def square(x): return x * x
if __name__ == '__main__':
    with multiprocessing.Pool(2) as pool:
        items = list(range(10000))
        pool.map(square, items)
        times = []
        for _ in range(5):
            t = time.perf_counter(); pool.map(square, items); times.append(time.perf_counter() - t)
        print(sorted(times)[2])
]]

local pool = parallel.pool{workers = 2}
local silent = function() end
local candidates = {
  {'a plain loop, x*x over 10,000', function() return TASKS / timed(function() loop_over(square, list) end) / 1e6, 'M/s' end},
  {'map, 2 workers', function() return TASKS / timed(function() pool:map(square, list) end) / 1e6, 'M/s' end},
  {'map, 2 workers, with progress', function()
    return TASKS / timed(function() pool:map(square, list, {progress = silent}) end) / 1e6, 'M/s'
  end},
  {'map, 2 workers, chunk = 1', function() return TASKS / timed(function() pool:map(square, list, {chunk = 1}) end) / 1e6, 'M/s' end},
  {'Python Pool(2).map', function() return TASKS / (python(python_code) or 0 / 0) / 1e6, 'M/s' end},
  {'submit + result', function()
    return timed(function() for i = 1, 1000 do pool:submit(square, i):result() end end) / 1000 * 1e6, 'us'
  end},
  {'CPU-bound, a plain loop', function() return timed(function() loop_over(heavy, loads) end) * 1e3, 'ms' end},
  {'CPU-bound, 2 workers', function() return timed(function() pool:map(heavy, loads) end) * 1e3, 'ms' end},
}

for _, candidate in ipairs(candidates) do candidate.figures = {} end
pool:map(square, list)
for _ = 1, rounds do
  for _, candidate in ipairs(candidates) do
    local figure, unit = candidate[2]()
    candidate.figures[#candidate.figures + 1], candidate.unit = figure, unit
  end
end
for _, candidate in ipairs(candidates) do
  print(('%-32s %10.3f %s'):format(candidate[1], median(candidate.figures), candidate.unit))
end
print(('%-32s %10.2f x'):format('speed-up by 2 workers', median(candidates[7].figures) / median(candidates[8].figures)))
pool:close()
