-- A pool on nodes that are asked of Slurm: used as they come, and given back.
package.path = 'tests/cluster/?.lua;' .. package.path
local parallel = require 'parallel'
local world = require 'world'
local support = require 'support'

local host = world.host('h1')
local pool = parallel.pool{hosts = parallel.hosts{slurm = {nodes = 2, cpus = 2, time = '10:00', env = host.env}}}
local names, list = {}, {}
for i = 1, 100 do list[i] = i end
assert(support.eventually(function()
  for _, name in ipairs(pool:map(function() return os.getenv 'SLURM_JOB_ID' end, list, {chunk = 1})) do names[name] = true end
  local n = 0
  for _ in pairs(names) do n = n + 1 end
  return n == 2
end), 'both jobs are used')
assert(#support.shell('squeue -h') > 0, 'the jobs are in the queue')
pool:close()
parallel.close()
assert(support.eventually(function() return support.shell('squeue -h -t pending,running') == '' end), 'no job is left')
require 'parallel.hosts'.close()

-- The end of a program gives back what is in the queue, and what runs.
local out, status = support.script(([[
  package.path = 'tests/cluster/?.lua;' .. package.path
  local parallel, world = require 'parallel', require 'world'
  local pool = parallel.pool{hosts = {slurm = {nodes = 3, time = '10:00', env = world.host('h1').env}}} -- there are two
  assert(pool:map(function(i) return i end, {1, 2, 3})[3] == 3)
  print(io.popen('squeue -h'):read('*a'))
]]))
assert(status == 0 and #out > 10, out)
assert(support.eventually(function() return support.shell('squeue -h -t pending,running') == '' end), 'no job is left')
local empty, left = world.is_empty()
assert(empty, left)
print('good')
