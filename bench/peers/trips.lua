--- What ours and every Lua peer measure alike: trips of values to somebody who answers. Each row: name, value, unit, tab between them.
local trips = {}
local TASKS, MANY, TRIPS, ENTRIES, MB = 10000, 1000000, 5000, 10000, 2 ^ 20

function trips.show(name, value, unit) print(('%s\t%.6g\t%s'):format(name, value, unit)) end

--- Seconds of the second run of f.
function trips.seconds(clock, f)
  f()
  local began = clock()
  f()
  return clock() - began
end

--- The list of the numbers from 1 on that maps go over.
function trips.numbers(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

--- map(list) is called with both lists of numbers, and gives the squares.
function trips.maps(clock, map)
  for _, case in ipairs{{TASKS, '10,000'}, {MANY, '1,000,000'}} do
    local list, n = trips.numbers(case[1]), case[1]
    local function run() assert(map(list)[n] == n * n) end
    trips.show('map of x*x over ' .. case[2], n / trips.seconds(clock, run) / 1e6, 'M/s')
  end
end

local function entries()
  local t = {}
  for i = 1, ENTRIES do t['key' .. i] = i % 3 == 0 and 'value' .. i or i % 3 == 1 and i or i + 0.5 end
  return t
end

--- start() gives one who sends back what he gets: send(value), receive(), close(); clock() seconds.
function trips.measure(clock, start)
  local began = clock()
  local child = start()
  local function trip(value)
    child.send(value)
    return child.receive()
  end
  assert(trip(7) == 7)
  trips.show('start to the first answer', (clock() - began) * 1e3, 'ms')
  local function each_us(n, value_of)
    return trips.seconds(clock, function() for i = 1, n do trip(value_of(i)) end end) / n * 1e6
  end
  trips.show('round trip of a number', each_us(TRIPS, function(i) return i end), 'us')
  trips.show("round trip of {name='x', i=i}", each_us(TRIPS, function(i) return {name = 'x', i = i} end), 'us')
  local rest, large = ('x'):rep(MB - 8), entries()
  trips.show('round trip of distinct strings of 1 MB', each_us(50, function(i) return ('%08d'):format(i):reverse() .. rest end), 'us')
  trips.show('round trip of a table of 10,000 entries', each_us(20, function() return large end), 'us')
  child.close()
end

--- A map by hand over two such ones, who answer a list by its squares: half of it to each.
function trips.map_by_hand(a, b, list)
  local half, halves = math.floor(#list / 2), {{}, {}}
  for i = 1, #list do
    local part = halves[i <= half and 1 or 2]
    part[#part + 1] = list[i]
  end
  a.send(halves[1])
  b.send(halves[2])
  local results, second = a.receive(), b.receive()
  for i = 1, #second do results[half + i] = second[i] end
  return results
end

return trips
