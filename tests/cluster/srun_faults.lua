-- Run by salloc: srun is killed with -9, alone and with its helper. Children are lost, and that is told, or they go on; nothing hangs,
-- and nothing stays.
package.path = 'tests/cluster/?.lua;' .. package.path
local parallel = require 'parallel'
local world = require 'world'
local support = require 'support'

local function echo()
  while true do parallel.parent:send(parallel.parent:receive()) end
end

-- The processes of srun that carry our agents: the first has the helper as its child.
local function sruns()
  local list = {}
  for _, pid in ipairs(world.pids('srun')) do
    local stat = support.read_file(('/proc/%d/stat'):format(pid))
    if stat and stat:match('%((.-)%)') == 'srun' then list[#list + 1] = pid end
  end
  return list
end

for _, with_helper in ipairs{false, true} do
  local list = parallel.hosts('slurm')
  local children = {}
  for i, host in ipairs(list) do children[i] = parallel.run{host = host, code = echo} end
  for i, child in ipairs(children) do
    child:send(i)
    assert(child:receive{timeout = support.patience} == i)
  end
  local pids = sruns()
  assert(#pids >= #list, 'srun runs')
  for i, pid in ipairs(pids) do
    if with_helper or i % 2 == 1 then world.kill(pid) end
  end
  require 'parallel.core'.sleep(2)
  for i, child in ipairs(children) do
    local ok, err = pcall(function()
      child:send(i)
      return child:receive{timeout = support.patience}
    end)
    assert(ok and err == i or err.code == 'died', tostring(err))
  end
  parallel.close()
  require 'parallel.hosts'.close()
  local empty, left = world.is_empty(20)
  assert(empty, left)
end
print('good')
