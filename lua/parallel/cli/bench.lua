--- luapar bench: the few numbers that say what is worth doing in parallel on this machine.
local core = require 'parallel.core'
local state = require 'parallel.state'

local ROUNDS = 5

-- The best of some rounds, in seconds: others on the machine only make it longer.
local function best(f)
  local least = math.huge
  for _ = 1, ROUNDS do
    local began = core.clock()
    f()
    least = math.min(least, core.clock() - began)
  end
  return least
end

local function line(what, text) print(('%-44s %s'):format(what, text)) end

local function echo()
  local parent = require 'parallel'.parent
  while true do
    local message = parent:receive()
    if message == 'end' then return end
    parent:send(message)
  end
end

local function messages(parallel)
  local child, n = parallel.run(echo), 2000
  local seconds = best(function()
    for i = 1, n do
      child:send(i)
      child:receive()
    end
  end)
  line('one message there and back', ('%.1f us'):format(seconds / n * 1e6))
  local ahead = 100
  seconds = best(function()
    for i = 1, n do
      child:send(i)
      if i > ahead then child:receive() end
    end
    for _ = 1, ahead do child:receive() end
  end)
  line('messages there and back, 100 on their way', ('%.2f M/s'):format(n / seconds / 1e6))
  local records = {}
  for i = 1, 1000 do records[i] = {id = i, name = 'record ' .. i, values = {i, i / 2}} end
  seconds = best(function()
    child:send(records)
    child:receive()
  end)
  line('1000 small tables there and back', ('%.2f ms'):format(seconds * 1000))
  child:send('end')
  child:join()
end

local function starts(parallel)
  local seconds = best(function() parallel.run('return 1'):join() end)
  line('a child, from start to end', ('%.1f ms'):format(seconds * 1000))
end

-- Work that takes no memory and cannot be left out.
local function busy(n)
  local x = 0
  for i = 1, n do x = (x + i * i) % 1000003 end
  return x
end

local function speed_up(parallel, workers)
  local tasks, n = 64, 100000
  local list = {}
  for i = 1, tasks do list[i] = n end
  local alone = best(function() for i = 1, tasks do busy(list[i]) end end)
  parallel.map(busy, list, {workers = workers})
  local seconds = best(function() parallel.map(busy, list, {workers = workers}) end)
  line(('a map of %d tasks of %.1f ms, %d workers'):format(tasks, alone / tasks * 1000, workers),
    ('%.2f times as fast as a loop'):format(alone / seconds))
end

local function small_tasks(parallel, workers)
  local n, list = 200000, {}
  for i = 1, n do list[i] = i end
  local function add(x) return x + 1 end
  local seconds = best(function() parallel.map(add, list, {workers = workers}) end)
  line(('a map of trivial tasks, %d workers'):format(workers), ('%.2f M tasks/s'):format(n / seconds / 1e6))
  print(('A task pays when it takes longer than some %.1f us; those that take less are better done in larger pieces.'):format(
    math.max(1, seconds / n * 1e6 * 3)))
end

return function(args, parallel)
  local workers = args.workers and args.workers > 0 and args.workers or state.pool_share or core.cores()
  starts(parallel)
  messages(parallel)
  speed_up(parallel, workers)
  small_tasks(parallel, workers)
  return 0
end
