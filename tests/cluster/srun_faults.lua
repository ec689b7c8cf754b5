-- Run by salloc: srun is killed with -9, alone and with its helper, stopped, told to end, and its steps are cancelled. Children are lost, and
-- that is told, or they go on; nothing hangs, and nothing stays. A map in which workers and an agent are killed has all its results.
package.path = 'tests/cluster/?.lua;' .. package.path
local parallel = require 'parallel'
local world = require 'world'
local support = require 'support'

local function echo()
  while true do parallel.parent:send(parallel.parent:receive()) end
end

-- The processes of srun that carry our agents: each has a helper, its child. Returns all, and those that are no helpers.
local function sruns()
  local list, parent_of, mains = {}, {}, {}
  for _, pid in ipairs(world.pids('srun')) do
    local name, parent = (support.read_file(('/proc/%d/stat'):format(pid)) or ''):match('%((.-)%) %S (%d+)')
    if name == 'srun' then
      list[#list + 1] = pid
      parent_of[pid] = tonumber(parent)
    end
  end
  for _, pid in ipairs(list) do
    if not parent_of[parent_of[pid]] then mains[#mains + 1] = pid end
  end
  return list, mains
end

-- What happens to the processes of srun, or to their steps; then whether each child has to be lost (true), has to go on (false), or either.
local cases = {
  {'it is killed', function(_, mains) for _, pid in ipairs(mains) do world.kill(pid) end end},
  {'it and its helper are killed', function(all) for _, pid in ipairs(all) do world.kill(pid) end end},
  {'it and its helper are stopped', function(all) for _, pid in ipairs(all) do world.kill(pid, 'STOP') end end, false},
  {'it is told to end', function(_, mains) for _, pid in ipairs(mains) do world.kill(pid, 'TERM') end end, true},
  {'its steps are cancelled', function()
    for step in support.shell("squeue -h -s -o '%i %u'"):gmatch('(%d+%.%d+)') do support.shell('scancel ' .. step) end
  end, true},
}

-- Waits until the child is lost, or for an answer. Returns whether it was lost.
local function is_lost(child, i)
  local ok, err = pcall(function()
    child:send(i)
    return child:receive{timeout = support.patience}
  end)
  assert(ok and err == i or err.code == 'died', tostring(err))
  return not ok
end

for _, case in ipairs(cases) do
  local name, happen, lost = case[1], case[2], case[3]
  local list = world.allocation()
  local children = {}
  for i, host in ipairs(list) do children[i] = parallel.run{host = host, code = echo} end
  for i, child in ipairs(children) do
    child:send(i)
    assert(child:receive{timeout = support.patience} == i)
  end
  local pids, mains = sruns()
  assert(#mains == #list, 'srun runs')
  happen(pids, mains)
  if lost then
    for i, child in ipairs(children) do assert(support.eventually(function() return is_lost(child, i) end), name) end
  else
    require 'parallel.core'.sleep(2) -- srun that was killed may cost its children, and has time for it
    for i, child in ipairs(children) do assert(not is_lost(child, i) or lost == nil, name) end
  end
  parallel.close()
  require 'parallel.hosts'.close()
  for _, pid in ipairs((sruns())) do world.kill(pid, 'CONT') end -- what was stopped sees the end when it goes on, and not before
  local empty, left = world.is_empty()
  assert(empty, name .. ': ' .. left)
  assert(support.eventually(function() return #sruns() == 0 end), name .. ': srun is left')
end

-- A map goes on without the workers and the agent that are killed in it.
world.map_with_kills(world.allocation(), 3000)
world.expect_empty()
print('good')
