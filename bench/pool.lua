-- Pools against a plain loop and Python's Pool.map, in one run: tools/lua 5.4 bench/pool.lua [rounds]
-- Each figure is the median of the rounds. The candidates take turns, so that a busy machine is as unfair to all; a ratio is the
-- median of the ratios of one round, whose two sides ran one after the other.
local parallel = require 'parallel'
local rounds = tonumber(arg and arg[1]) or 9
local clock = parallel.clock
local TASKS = 10000
local SUBMITS = 1000
local JOBS = 200 -- CPU-bound tasks
local LOOP_SECONDS = 0.8 -- what they take together in a plain loop, on any Lua
local PROGRESS_PAIRS = 15 -- of some maps without progress and some with, in a round: a map is short

local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')

local function square(x) return x * x end
local function heavy(n)
  local sum = 0
  for i = 1, n do sum = sum + i % 7 end
  return sum
end

local function timed(f, ...)
  local began = clock()
  f(...)
  return clock() - began
end

local function loop_over(f, items)
  local results = {}
  for i = 1, #items do results[i] = f(items[i]) end
  return results
end

-- How many turns of `heavy` a task needs here.
local function calibrate()
  local turns, seconds = 2e6, math.huge
  for _ = 1, 7 do seconds = math.min(seconds, timed(heavy, turns)) end
  return math.floor(turns * LOOP_SECONDS / JOBS / seconds)
end

local list, loads = {}, {}
for i = 1, TASKS do list[i] = i end
local turns = calibrate()
for i = 1, JOBS do loads[i] = turns end

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

local function per_second(seconds) return TASKS / seconds / 1e6 end
local function maps(options)
  for _ = 1, 10 do pool:map(square, list, options) end
end
local function progress_ratio()
  local values = {}
  for i = 1, PROGRESS_PAIRS do
    local without = timed(maps)
    values[i] = timed(maps, {progress = silent}) / without
  end
  return median(values)
end
local function submits() for i = 1, SUBMITS do pool:submit(square, i):result() end end
local function start_and_close()
  local other = parallel.pool{workers = 2}
  other:everywhere(silent)
  other:close()
end

-- name, what a round gives, unit
local candidates = {
  {'a plain loop, x*x over 10,000', function() return per_second(timed(loop_over, square, list)) end, 'M/s'},
  {'map, 2 workers', function() return per_second(timed(pool.map, pool, square, list)) end, 'M/s'},
  {'map, 2 workers, chunk = 1', function() return per_second(timed(pool.map, pool, square, list, {chunk = 1})) end, 'M/s'},
  {'Python Pool(2).map', function() return per_second(python(python_code) or 0 / 0) end, 'M/s'},
  {'submit + result', function() return timed(submits) / SUBMITS * 1e6 end, 'us'},
  {'pool of 2: start, use, close', function() return timed(start_and_close) * 1e3 end, 'ms'},
  {'map with progress / without', progress_ratio, 'x (at most 1.02)'},
  {'CPU-bound, a plain loop', function() return timed(loop_over, heavy, loads) * 1e3 end, 'ms'},
  {'CPU-bound, 2 workers', function() return timed(pool.map, pool, heavy, loads) * 1e3 end, 'ms'},
}

-- name, the two candidates whose figures are divided, goal
local ratios = {
  {'speed-up by 2 workers', 'CPU-bound, a plain loop', 'CPU-bound, 2 workers', 'x (at least 1.9)'},
}

local figures = {}
for _, candidate in ipairs(candidates) do figures[candidate[1]] = {} end
pool:map(square, list)
pool:map(heavy, {1, 1})
for round = 1, rounds do
  for i = 1, #candidates do
    -- Back and forth: who comes second in one round is first in the next.
    local candidate = candidates[round % 2 == 1 and i or #candidates + 1 - i]
    figures[candidate[1]][round] = candidate[2]()
  end
end

for _, ratio in ipairs(ratios) do
  local values = {}
  for round = 1, rounds do values[round] = figures[ratio[2]][round] / figures[ratio[3]][round] end
  ratio.median = median(values) -- before the figures are sorted
end
for _, candidate in ipairs(candidates) do
  print(('%-32s %10.3f %s'):format(candidate[1], median(figures[candidate[1]]), candidate[3]))
end
for _, ratio in ipairs(ratios) do print(('%-32s %10.3f %s'):format(ratio[1], ratio.median, ratio[4])) end
pool:close()
