-- Groups over hosts beside groups on one, in one run: tests/cluster/run.sh tools/lua 5.4 bench/group_hosts.lua
package.path = 'tests/cluster/?.lua;' .. package.path
local parallel = require 'parallel'
local world = require 'world'

local h1, h2 = world.host('h1'), world.host('h2')

-- In each member: a barrier, a number, tensors of 1 and 16 MB, in us a call; medians of batches.
local function measure(g)
  local torch = require 'parallel.tensor'
  local function median(calls, f)
    local times = {}
    for i = 1, 5 do
      g:barrier()
      local began = parallel.clock()
      for _ = 1, calls do f() end
      times[i] = (parallel.clock() - began) * 1e6 / calls
    end
    table.sort(times)
    return times[3]
  end
  local small, large = torch.FloatTensor(2 ^ 18):fill(1), torch.FloatTensor(2 ^ 22):fill(1)
  return {
    median(100, function() g:barrier() end), median(100, function() g:allreduce(1) end),
    median(10, function() g:allreduce(small, 'mean') end), median(1, function() g:allreduce(large, 'mean') end),
  }
end

local function run(name, places)
  local list = {}
  for i, place in ipairs(places) do
    list[i] = parallel.run{host = place ~= 'here' and place or nil, code = function(f) return f(parallel.group()) end, args = {measure}}
  end
  parallel.group(list)
  local result = parallel.join(list)[1]
  print(('%-34s%12.1f%12.1f%12.0f%12.0f'):format(name, result[1], result[2], result[3], result[4]))
end

print(('%-34s%12s%12s%12s%12s'):format('medians, us', 'barrier', 'a number', '1 MB', '16 MB'))
run('2 members here', {'here', 'here'})
run('2: here and h1', {'here', h1})
run('2: h1 and h2', {h1, h2})
run('4 members here', {'here', 'here', 'here', 'here'})
run('4: two here, two on h1', {'here', 'here', h1, h1})
run('3: here, h1 and h2', {'here', h1, h2})
