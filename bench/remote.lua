-- Children on another host beside two bare programs over libzmq and over ssh's pipes, in one run (`map`: only the last rows):
--   tests/cluster/run.sh tools/lua 5.4 bench/remote.lua
package.path = 'tests/cluster/?.lua;' .. package.path
local parallel = require 'parallel'
local world = require 'world'

local build = os.getenv 'PARALLEL_BUILD' or 'build/release'
if build:sub(1, 1) ~= '/' then build = io.popen('pwd'):read() .. '/' .. build end -- other hosts begin in another folder
local clock = parallel.clock

local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')

local function row(name, ...)
  local cells = {('%-28s'):format(name)}
  for i = 1, select('#', ...) do cells[#cells + 1] = ('%10s'):format(tostring((select(i, ...)))) end
  print(table.concat(cells, ' '))
end

-- --- the bare programs ---

local function peer(kind, port)
  local endpoint = ('tcp://10.77.0.1:%d'):format(port)
  os.execute(('nsenter --net=/run/netns/h1 %s/bench/remote_peer serve %s %s &'):format(build, endpoint, kind))
  local file = io.popen(('sleep 0.2; timeout 60 %s/bench/remote_peer ask %s %s'):format(build, endpoint, kind))
  local cells = {}
  for cell in (file:read('*a') or ''):gmatch('%S+') do cells[#cells + 1] = cell end
  file:close()
  row('bare libzmq, ' .. kind, (unpack or table.unpack)(cells)) -- luacheck: ignore
end

-- The same ssh that an agent is reached by, between two programs that do nothing else.
local function bare_ssh()
  local file = io.popen(("%s/bench/remote_peer through ssh -T -o BatchMode=yes -o Ciphers=^aes128-gcm@openssh.com h1 '%s/bench/remote_peer echo'")
    :format(build, build))
  row('bare ssh (aes128-gcm)', (file:read('*a'):gsub('%s', '')))
  file:close()
end

-- --- ours ---

local SIZES = {64 * 1024, 2 ^ 20, 16 * 2 ^ 20}

local function ours(name, host)
  local child = parallel.run{host = host, code = function()
    while true do
      local message = parallel.parent:receive()
      if message == 'stop' then break end
      if type(message) ~= 'string' or #message <= 100 then parallel.parent:send(message) end
    end
  end}
  local short, times, cells = ('x'):rep(100), {}, {}
  for _ = 1, 100 do child:send(short) child:receive() end
  for i = 1, 2000 do
    local began = clock()
    child:send(short)
    child:receive()
    times[i] = (clock() - began) * 1e6
  end
  cells[1] = ('%.1f'):format(median(times))
  for s, size in ipairs(SIZES) do
    local start, n, rates = ('x'):rep(size - 8), 64 * 2 ^ 20 / size, {}
    for round = 1, 5 do
      local texts = {} -- each another one: what is sent again does not cross the network again
      for i = 1, n do texts[i] = start .. ('%8d'):format(round * 10000 + i) end
      local began = clock()
      for i = 1, n do child:send(texts[i]) end
      child:send('end')
      child:receive()
      rates[round] = n * size / (clock() - began) * 1e-6
    end
    cells[s + 1] = ('%.0f'):format(median(rates))
  end
  child:send('stop')
  child:join()
  row('ours, ' .. name, (unpack or table.unpack)(cells)) -- luacheck: ignore
end

local function numbers(host)
  local child, n = parallel.run{host = host, code = function(count)
    for _ = 1, count do parallel.parent:receive() end
    parallel.parent:send(true)
  end, args = {500000}}, 500000
  local began = clock()
  for i = 1, n do child:send(i) end
  child:receive()
  return n / (clock() - began) * 1e-6
end

local function start(hosts)
  parallel.close()
  require 'parallel.hosts'.close()
  local began = clock()
  parallel.hosts(hosts)
  local list = {}
  for i = 1, 64 do list[i] = parallel.run{host = hosts[i % 2 + 1], code = 'parallel.parent:send(1)'} end
  for _, child in ipairs(list) do child:receive() end
  return clock() - began
end

local function task(x)
  for _ = 1, 2000 do x = x + 1 end
  return x
end

local function one_to(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

-- Start and end of the pool are in it.
local function map(options)
  local list, times = one_to(10000), {}
  for round = 1, 3 do
    local began = clock()
    parallel.map(task, list, options)
    times[round] = clock() - began
  end
  return median(times) * 1e3
end

-- Pools that are there, in turns.
local function long_map(here, there)
  local list, times = one_to(100000), {{}, {}}
  for _, pool in ipairs{here, there} do pool:map(task, list) end
  for round = 1, 5 do
    for i, pool in ipairs{here, there} do
      local began = clock()
      pool:map(task, list)
      times[i][round] = clock() - began
    end
  end
  return median(times[1]) * 1e3, median(times[2]) * 1e3
end

local function maps(name, options)
  options = options or {}
  options.slots = 1
  local here, there = parallel.pool{workers = 2}, parallel.pool{hosts = {world.host('h1', options), world.host('h2', options)}}
  local ms_here, ms_there = long_map(here, there)
  here:close()
  there:close()
  row('map of 100,000, ms: here', ('%.0f'):format(ms_here), name, ('%.0f'):format(ms_there), ('%.2fx'):format(ms_there / ms_here))
end

-- How long until a death is told: of a child that is killed, and of a host that is cut off.
local function death()
  local function told(host, happen)
    local child = parallel.run{host = host, code = 'parallel.parent:send(1) parallel.parent:receive()'}
    child:receive()
    local began = clock()
    happen(child)
    pcall(child.receive, child)
    return clock() - began
  end
  local kills = {}
  for i = 1, 20 do kills[i] = told(world.host('h1'), function(child) world.kill(child.unixid) end) end
  local cut = told(world.host('h2'), function() world.cut('h2') end)
  world.join('h2')
  row('death of a child told, ms', ('%.1f'):format(median(kills) * 1e3), 'host cut, s', ('%.1f'):format(cut))
end

-- Processor time that bridge, agent and child take when nothing is said, in ms of each second.
local function idle()
  local core = require 'parallel.core'
  local child = parallel.run{host = world.host('h1'), code = 'parallel.parent:send(1) parallel.parent:receive()'}
  child:receive()
  local function used()
    local list = {}
    for i, text in ipairs{'bridge_main.lua', 'parallel.agent', 'child.lua'} do
      list[i] = 0
      for _, pid in ipairs(world.pids(text)) do
        local file = io.open(('/proc/%d/schedstat'):format(pid))
        list[i] = list[i] + (file and file:read('*n') or 0) * 1e-6
        if file then file:close() end
      end
    end
    return list
  end
  core.sleep(2) -- what has just been started settles
  local before, seconds = used(), 5
  core.sleep(seconds)
  local after, cells = used(), {}
  for i = 1, 3 do cells[i] = ('%.2f'):format((after[i] - before[i]) / seconds) end
  child:send('end')
  child:join()
  row('idle, ms/s: bridge, agent, child', (unpack or table.unpack)(cells)) -- luacheck: ignore
end

local function tcp(encrypt) return {transport = 'tcp', address = '10.77.0.10', encrypt = encrypt} end

local function all_maps()
  maps('ssh')
  maps('curve', tcp(true))
  maps('plain', tcp(false))
end

if arg[1] == 'map' then return all_maps() end
row('', 'us, 100 B', 'MB/s 64 KB', '1 MB', '16 MB')
peer('plain', 5701)
peer('curve', 5702)
bare_ssh()
ours('ssh', world.host('h1'))
ours('curve', world.host('h1', tcp(true)))
ours('encrypt=false', world.host('h1', tcp(false)))
row('messages of one number, M/s', ('%.2f'):format(numbers(world.host('h1'))))
row('64 children on 2 hosts, s', ('%.2f'):format(start{world.host('h1'), world.host('h2')}))
local here = map{workers = 2}
local there = map{hosts = {world.host('h1', {slots = 1}), world.host('h2', {slots = 1})}}
row('map of 10,000, ms: here', ('%.0f'):format(here), '2 hosts', ('%.0f'):format(there), ('%.2fx'):format(there / here))
all_maps()
parallel.close()
death()
idle()
parallel.close()
