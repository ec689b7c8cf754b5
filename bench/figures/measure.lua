--- What bench/figures.lua measures: each function gives rows of numbers, medians of rounds in which all take turns.
local parallel = require 'parallel'
local core = require 'parallel.core'

local measure = {}
local build = os.getenv 'PARALLEL_BUILD' or 'build/release'
local clock = core.clock
local ROUNDS = 3
local TASK_SECONDS = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1}
local LOOP_SECONDS = 0.4 -- of the tasks of one map together

local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')

--- What a command of the shell prints, line by line.
function measure.lines_of(command)
  local lines, pipe = {}, assert(io.popen(command .. ' 2>/dev/null'))
  for line in pipe:lines() do lines[#lines + 1] = line end
  pipe:close()
  return lines
end
local lines_of = measure.lines_of

function measure.has(program) return lines_of('command -v ' .. program)[1] ~= nil end
local has = measure.has

-- --- sizes ---

local function echo()
  for _ = 1, parallel.parent:receive() do parallel.parent:send(parallel.parent:receive()) end
end

local function drain()
  local n, bytes = parallel.parent:receive(), 0
  for _ = 1, n do bytes = bytes + #parallel.parent:receive() end
  parallel.parent:send(bytes)
end

local function at_most(total, bytes, most) return math.max(4, math.min(most, math.floor(total / bytes))) end

-- us there and back, and GB/s one way, of strings.
local function strings_of(bytes)
  local text, n = ('x'):rep(bytes), at_most(64 * 2 ^ 20, bytes, 5000)
  local child = parallel.run(echo)
  child:send(n)
  local began, warm = 0, math.floor(n / 5)
  for i = 0, n - 1 do
    if i == warm then began = clock() end
    child:send(text)
    child:receive()
  end
  local trip = (clock() - began) / (n - warm)
  child:join()
  child, n = parallel.run(drain), at_most(256 * 2 ^ 20, bytes, 100000)
  child:send(n)
  began = clock()
  for _ = 1, n do child:send(text) end
  child:receive()
  local each = (clock() - began) / n
  child:join()
  return trip * 1e6, bytes / each / 1e9
end

function measure.sizes()
  local rows, at = {}, {}
  local function put(bytes, way, trip, rate)
    if not at[bytes] then
      at[bytes] = {bytes = bytes}
      rows[#rows + 1] = at[bytes]
    end
    at[bytes][way .. ' trip'], at[bytes][way .. ' rate'] = tonumber(trip), tonumber(rate)
  end
  local function take(command)
    for _, line in ipairs(lines_of(command)) do
      local bytes, way, trip, rate = line:match '^(%d+)\t(%S+)\t(%S+)\t(%S+)$'
      if bytes then put(tonumber(bytes), way, trip, rate) end
    end
  end
  take(('%s/bench/sizes %d'):format(build, ROUNDS))
  if has 'python3' then take 'python3 bench/sizes_peer.py' end
  for _, row in ipairs(rows) do
    local trips, rates = {}, {}
    for i = 1, ROUNDS do trips[i], rates[i] = strings_of(row.bytes) end
    put(row.bytes, 'strings', median(trips), median(rates))
  end
  return rows
end

-- --- tasks ---

local function spin(turns)
  local sum = 0
  for i = 1, turns do sum = sum + i % 7 end
  return sum
end

local function turns_per_second()
  local best = math.huge
  for _ = 1, 5 do
    local began = clock()
    spin(1e6)
    best = math.min(best, clock() - began)
  end
  return 1e6 / best
end

-- How many times faster two workers are than a plain loop, by the length of a task.
function measure.tasks()
  local rate, rows = turns_per_second(), {}
  local pool = parallel.pool{workers = 2}
  for _, seconds in ipairs(TASK_SECONDS) do
    local turns, list, ups = math.max(1, math.floor(rate * seconds)), {}, {}
    for i = 1, math.max(4, math.floor(LOOP_SECONDS / seconds)) do list[i] = turns end
    for round = 1, ROUNDS do
      local began = clock()
      for i = 1, #list do list[i] = spin(turns) and turns end
      local plain = clock() - began
      began = clock()
      pool:map(spin, list)
      ups[round] = plain / (clock() - began)
    end
    rows[#rows + 1] = {us = seconds * 1e6, up = median(ups)}
  end
  pool:close()
  return rows
end

-- --- starts and collectives: other programs of bench measure them ---

function measure.start()
  local path, rows = os.tmpname(), {}
  lines_of(('PARALLEL_BUILD=%s tools/lua 5.4 bench/start.lua 15 %s'):format(build, path))
  for line in io.lines(path) do
    local name, value, unit, beside = line:match '^[^\t]*\t([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)'
    local bare = beside and beside:match "^(%S+) ms for lua %-e ''"
    if tonumber(value) then rows[#rows + 1] = {name = name, value = tonumber(value), unit = unit, beside = beside, bare = tonumber(bare)} end
  end
  os.remove(path)
  return rows
end

function measure.collectives()
  local rows, at = {}, {}
  local function take(command, column)
    for _, line in ipairs(lines_of(command)) do
      local name, value = line:match '^([^\t]+)\t([%d.e+-]+)\tus$'
      if name and not at[name] then
        at[name] = {name = name}
        rows[#rows + 1] = at[name]
      end
      if name then at[name][column] = tonumber(value) end
    end
  end
  take(build .. '/bench/collectives 2', 'ours')
  local mpi = build .. '/bench/collectives_mpi'
  if has 'mpirun' and io.open(mpi) then take('mpirun --allow-run-as-root -n 2 ' .. mpi, 'mpi') end
  return rows
end

-- --- messages there and back, as README shows them ---

local function table_trip_us()
  local child, n, began = parallel.run(echo), 50000, 0
  child:send(n)
  for i = 1, n do
    if i == n / 5 then began = clock() end
    child:send{name = 'x', i = i}
    child:receive()
  end
  local us = (clock() - began) / (n * 4 / 5) * 1e6
  child:join()
  return us
end

local trip_names = {
  {'spin', 'two spinning cores, the limit'}, {'channel', 'this library, from C'}, {'lua', 'this library, tables from Lua 5.4'},
  {'pipe', 'a pipe, two cores'}, {'socket', 'a socket, two cores'},
}

function measure.readme()
  local us, trips, rows = {}, {}, {}
  for _, line in ipairs(lines_of(build .. '/bench/channel --tsv --quick trip')) do
    local way, ns = line:match '^round trip, two cores\t(%S+)\t(%S+)\tns$'
    if way then us[way] = tonumber(ns) / 1000 end
  end
  for i = 1, ROUNDS do trips[i] = table_trip_us() end
  us.lua = median(trips)
  for _, name in ipairs(trip_names) do rows[#rows + 1] = {name = name[2], us = us[name[1]], ours = name[1] == 'channel' or name[1] == 'lua'} end
  return rows
end

-- --- other machines ---

--- Rows of bench/remote.lua: name, us, MB/s by size. None where no test cluster can be made.
function measure.remote()
  local rows = {}
  for _, line in ipairs(lines_of('tests/cluster/run.sh tools/lua 5.4 bench/remote.lua compare')) do
    local name, us, small, middle, large = line:match '^(%S.-)%s%s+([%d.]+)%s+([%d.]+)%s+([%d.]+)%s+([%d.]+)%s+[%d.]+%s+[%d.]+%s*$'
    if name then
      rows[#rows + 1] = {name = name, us = tonumber(us), small = tonumber(small), middle = tonumber(middle), large = tonumber(large)}
    end
  end
  return rows
end

return measure
