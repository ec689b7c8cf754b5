-- Run by salloc: a pool over the nodes of the allocation, with large messages both ways, and the end of everything.
package.path = 'tests/cluster/?.lua;' .. package.path
local parallel = require 'parallel'
local world = require 'world'

local list = parallel.hosts('slurm')
assert(#list == 2 and list[1].name == 'h1' and list[2].name == 'h2', 'the nodes of the allocation')
local pool = parallel.pool{hosts = true, workers = 4}
local names, big = {}, ('x'):rep(3 * 2 ^ 20)
for _, result in ipairs(pool:map(function(text) return {io.popen('hostname'):read(), text .. #text} end, {big, big, big, big, big, big, big, big})) do
  names[result[1]] = true
  assert(result[2] == big .. #big)
end
assert(names.h1 and names.h2, 'both nodes work')
assert(pool:stats().hosts.h1 == 2 and pool:stats().hosts.h2 == 2)
pool:close()
local by_pipes = parallel.run{host = world.host('h2', {launcher = 'srun', transport = 'stdio'}), code = function()
  parallel.parent:send(parallel.parent:receive())
  return io.popen('hostname'):read()
end}
by_pipes:send(big)
assert(by_pipes:receive() == big and by_pipes:join() == 'h2', "srun's own pipes carry messages")
parallel.close()
require 'parallel.hosts'.close()
local empty, left = world.is_empty()
assert(empty, left)
print('good')
