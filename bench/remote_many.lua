-- Many children on two hosts at once, each answering; memory of bridge and agents:
--   ulimit -n 20000; tests/cluster/run.sh tools/lua 5.4 bench/remote_many.lua 1000
package.path = 'tests/cluster/?.lua;' .. package.path
local parallel = require 'parallel'
local world = require 'world'

local n = tonumber(arg[1]) or 1000
local hosts = {world.host('h1'), world.host('h2')}
parallel.hosts(hosts)
parallel.setSharedSize(65536)
local began, list = parallel.clock(), {}
for i = 1, n do
  list[i] = parallel.run{host = hosts[i % 2 + 1], stdout = 'null',
    code = 'local x = parallel.parent:receive() parallel.parent:send(x * 2) parallel.parent:receive()'}
end
print('started', parallel.clock() - began)
for i, child in ipairs(list) do child:send(i) end
for i, child in ipairs(list) do assert(child:receive() == 2 * i) end
print('answered', parallel.clock() - began)
os.execute("ps -eo rss,args | grep -E 'bridge_main|parallel.agent' | grep -v -E 'grep|ssh|sh -c'")
for _, child in ipairs(list) do child:send(1) end
parallel.children:join()
print('joined', parallel.clock() - began)
