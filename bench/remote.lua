-- Children on other hosts beside bare programs over libzmq and over ssh's pipes:
--   tests/cluster/run.sh tools/lua 5.4 bench/remote.lua [only these, as: trips compare messages start map death idle]
-- What is compared is measured in turns, a little of each in every round; a ratio is the median of those of single rounds.
package.path = 'tests/cluster/?.lua;' .. package.path
local core = require 'parallel.core'
local parallel = require 'parallel'
local torch = require 'parallel.tensor'
local world = require 'world'

local build = os.getenv 'PARALLEL_BUILD' or 'build/release'
if build:sub(1, 1) ~= '/' then build = io.popen('pwd'):read() .. '/' .. build end -- other hosts begin in another folder
local clock = parallel.clock
local unpack = unpack or table.unpack -- luacheck: ignore

local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')

local function row(name, ...)
  local cells = {('%-41s'):format(name)}
  for i = 1, select('#', ...) do cells[#cells + 1] = ('%10s'):format(tostring((select(i, ...)))) end
  print(table.concat(cells, ' '))
end

local function tcp(encrypt) return {transport = 'tcp', address = '10.77.0.10', encrypt = encrypt} end

-- --- the bare programs ---

-- Starts one that measures what it is asked to.
local function bare(command)
  local path = os.tmpname()
  os.remove(path)
  os.execute('mkfifo ' .. path)
  local to = io.popen(("'%s/bench/remote_peer' %s >%s"):format(build, command, path), 'w')
  local from = io.open(path)
  os.remove(path)
  local function measure(what)
    to:write(what, '\n')
    to:flush()
    return assert(from:read '*n', 'a bare program has ended')
  end
  return {
    trips = function(n) return measure('trips ' .. n) end,
    rate = function(size, n) return measure(('rate %d %d'):format(size, n)) end,
    close = function()
      to:write 'end\n'
      to:close()
      from:close()
    end,
  }
end

local function bare_zmq(kind, port)
  local endpoint = ('tcp://10.77.0.1:%d'):format(port)
  os.execute(("nsenter --net=/run/netns/h1 '%s/bench/remote_peer' serve %s %s &"):format(build, endpoint, kind))
  return bare(('ask %s %s'):format(endpoint, kind))
end

-- The same ssh that an agent is reached by, between two programs that do nothing else.
local function bare_ssh()
  local peer = bare(([[through ssh -T -o BatchMode=yes -o Ciphers=^aes128-gcm@openssh.com h1 "'%s/bench/remote_peer' echo"]]):format(build))
  peer.rate = nil
  return peer
end

-- What a bridge and an agent take that do no more than pass messages on.
local function least()
  local endpoint = 'tcp://10.77.0.10:5703'
  local peer = bare('bridge ' .. endpoint)
  os.execute(("nsenter --net=/run/netns/h1 '%s/bench/remote_peer' agent %s &"):format(build, endpoint))
  peer.rate = nil
  return peer
end

-- --- ours ---

local function text(size, i) return ('x'):rep(size - 8) .. ('%8d'):format(i) end
local function tensor(size, i) return torch.IntTensor(size / 4):fill(i) end

local function ours(options)
  local child = parallel.run{host = world.host('h1', options), code = function()
    while true do
      local message = parallel.parent:receive()
      if message == 'stop' then break end
      if type(message) == 'string' and #message <= 100 then parallel.parent:send(message) end
    end
  end}
  local short, made = ('x'):rep(100), 0
  local function trips(n)
    local times = {}
    for i = 1, n do
      local began = clock()
      child:send(short)
      child:receive()
      times[i] = (clock() - began) * 1e6
    end
    return median(times)
  end
  -- Each is another one: what is sent again does not cross the network again.
  local function rate(size, n, make)
    local list = {}
    for i = 1, n do list[i] = (make or text)(size, made + i) end
    made = made + n
    local began = clock()
    for i = 1, n do child:send(list[i]) end
    child:send('end')
    child:receive()
    return n * size / (clock() - began) * 1e-6
  end
  return {trips = trips, rate = rate, close = function()
    child:send('stop')
    child:join()
  end}
end

-- --- both ---

local SIZES = {{65536, text}, {2 ^ 20, text}, {2 ^ 24, text}, {2 ^ 20, tensor}, {2 ^ 24, tensor}}
local NAMES = {'bare libzmq, plain', 'bare libzmq, curve', 'least bridge, curve', 'bare ssh', 'ours, ssh', 'ours, curve', 'ours, encrypt=false'}
local PAIRS = {
  {'ours, encrypt=false', 'bare libzmq, plain'},
  {'ours, curve', 'bare libzmq, curve'},
  {'ours, ssh', 'bare libzmq, curve'},
  {'ours, ssh', 'bare ssh'},
  {'ours, curve', 'least bridge, curve'},
  {'least bridge, curve', 'bare libzmq, curve'},
}

-- Asks each of the peers once in every round: its values. The first round is not counted.
local function in_turns(peers, rounds, measure)
  local values = {}
  for round = 0, rounds do
    for _, name in ipairs(NAMES) do
      collectgarbage()
      core.sleep(0.2) -- the cores go to sleep, as before the others
      local value = measure(peers[name])
      values[name] = round > 0 and values[name] or {}
      values[name][round > 0 and round or 1] = value
    end
  end
  return values
end

local function middle(list, form)
  local copy = {}
  for i, value in ipairs(list) do copy[i] = value end
  return copy[1] and form:format(median(copy)) or ''
end

local function ratio(ours_list, bare_list)
  local list = {}
  for i, value in ipairs(bare_list) do list[i] = ours_list[i] and ours_list[i] / value end
  return middle(list, '%.2fx')
end

local function table_of(columns)
  for _, name in ipairs(NAMES) do
    local cells = {}
    for i, values in ipairs(columns) do cells[i] = middle(values[name], i == 1 and '%.1f' or '%.0f') end
    row(name, unpack(cells))
  end
  for _, pair in ipairs(PAIRS) do
    local cells = {}
    for i, values in ipairs(columns) do cells[i] = ratio(values[pair[1]], values[pair[2]]) end
    row(pair[1] .. ' / ' .. pair[2], unpack(cells))
  end
end


local function compare(columns)
  local peers = {
    [NAMES[1]] = bare_zmq('plain', 5701), [NAMES[2]] = bare_zmq('curve', 5702), [NAMES[3]] = least(), [NAMES[4]] = bare_ssh(),
    [NAMES[5]] = ours(), [NAMES[6]] = ours(tcp(true)), [NAMES[7]] = ours(tcp(false)),
  }
  local values = {in_turns(peers, 15, function(peer) return peer.trips(300) end)}
  for i = 1, columns - 1 do
    local size, make = SIZES[i][1], SIZES[i][2]
    values[i + 1] = in_turns(peers, 5, function(peer) return peer.rate and peer.rate(size, 2 ^ 26 / size, make) end)
  end
  row(unpack({'', 'us, 100 B', 'MB/s 64 KB', '1 MB', '16 MB', 'tensors 1', '16 MB'}, 1, columns + 1))
  table_of(values)
  for _, peer in pairs(peers) do peer.close() end
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
  row('idle, ms/s: bridge, agent, child', unpack(cells))
end

local function all_maps()
  local here = map{workers = 2}
  local there = map{hosts = {world.host('h1', {slots = 1}), world.host('h2', {slots = 1})}}
  row('map of 10,000, ms: here', ('%.0f'):format(here), '2 hosts', ('%.0f'):format(there), ('%.2fx'):format(there / here))
  maps('ssh')
  maps('curve', tcp(true))
  maps('plain', tcp(false))
end

local figures = {
  compare = function() compare(1 + #SIZES) end,
  trips = function() compare(1) end,
  messages = function() row('messages of one number, M/s', ('%.2f'):format(numbers(world.host('h1')))) end,
  start = function() row('64 children on 2 hosts, s', ('%.2f'):format(start{world.host('h1'), world.host('h2')})) end,
  map = all_maps,
  death = death,
  idle = idle,
}
for _, name in ipairs(arg[1] and arg or {'compare', 'messages', 'start', 'map', 'death', 'idle'}) do
  figures[name]()
  parallel.close()
end
