-- What a journal costs: maps of tasks of 1 ms with and without, in turns. tools/lua VERSION bench/journal.lua [tasks] [rounds]
local parallel = require 'parallel'

local tasks, rounds = tonumber(arg[1]) or 1000, tonumber(arg[2]) or 9
local path = os.tmpname()
local list = {}
for i = 1, tasks do list[i] = i end

local function work(x)
  local clock = require 'parallel.core'.clock
  local until_then = clock() + 0.001
  repeat until clock() >= until_then
  return {x, name = 'result ' .. x}
end

local function seconds(options)
  local began = parallel.clock()
  parallel.map(work, list, options)
  return parallel.clock() - began
end

local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')

seconds() -- starts the workers
local plain, kept, again, ratio = {}, {}, {}, {}
for i = 1, rounds do
  plain[i] = seconds()
  kept[i] = seconds{journal = path, journal_mode = 'new'}
  again[i] = seconds{journal = path}
  ratio[i] = kept[i] / plain[i]
end
os.remove(path)
print(('%d tasks of 1 ms on %d workers, medians of %d: %.4f s, with a journal %.4f s (%+.1f %%), taken from it %.4f s (%.1f us each)'):format(
  tasks, parallel.cores(), rounds, median(plain), median(kept), (median(ratio) - 1) * 100, median(again), median(again) / tasks * 1e6))
