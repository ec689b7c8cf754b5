-- Measures by size, by length of a task, starts and collectives, beside peers and limits of the same run, and writes what it found: tables
-- into docs/figures.md, between two marks, and plots by gnuplot into docs/figures/.
--   tools/lua 5.4 bench/figures.lua [only these, as: sizes tasks start collectives]
-- Medians of some rounds in which all take turns. Runs some three minutes on two cores that do nothing else.
local parallel = require 'parallel'
local core = require 'parallel.core'
local build = os.getenv 'PARALLEL_BUILD' or 'build/release'
local clock = core.clock
local DATA = build .. '/figures'
local ROUNDS = 3
local TASK_SECONDS = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1}
local LOOP_SECONDS = 0.4 -- of the tasks of one map together

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

local function lines_of(command)
  local lines, pipe = {}, assert(io.popen(command .. ' 2>/dev/null'))
  for line in pipe:lines() do lines[#lines + 1] = line end
  pipe:close()
  return lines
end

local function write(path, text)
  local file = assert(io.open(path, 'w'))
  file:write(text)
  file:close()
end

local function has(program) return lines_of('command -v ' .. program)[1] ~= nil end

-- --- where and when ---

local function machine()
  local model
  for line in io.lines '/proc/cpuinfo' do model = model or line:match '^model name%s*:%s*(.-)%s*$' end
  return ('%s, %d cores, %s, %s'):format((model or 'unknown processor'):gsub('%s+', ' '), core.cores(), lines_of('uname -sr')[1] or '',
    os.date '!%Y-%m-%d')
end

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

local function measure_sizes()
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
local function measure_tasks()
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

local function measure_start()
  local path, rows = os.tmpname(), {}
  lines_of(('PARALLEL_BUILD=%s tools/lua 5.4 bench/start.lua 15 %s'):format(build, path))
  for line in io.lines(path) do
    local name, value, unit, beside = line:match '^[^\t]*\t([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)'
    if tonumber(value) then rows[#rows + 1] = {name = name, value = tonumber(value), unit = unit, beside = beside} end
  end
  os.remove(path)
  return rows
end

local function measure_collectives()
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

-- --- tables and plots ---

local function cell(value) return value and ('%.3g'):format(value) or '' end

local function table_of(head, rows, format)
  local lines = {'| ' .. table.concat(head, ' | ') .. ' |', ('|---'):rep(#head) .. '|'}
  for _, row in ipairs(rows) do lines[#lines + 1] = '| ' .. table.concat(format(row), ' | ') .. ' |' end
  return table.concat(lines, '\n') .. '\n'
end

local function size(bytes)
  if bytes < 1024 then return bytes .. ' B' end
  return bytes < 2 ^ 20 and ('%d KB'):format(bytes / 1024) or ('%d MB'):format(bytes / 2 ^ 20)
end

local ways = {{'channel', 'channel (C)'}, {'strings', 'strings (Lua 5.4)'}, {'python', "Python's Pipe"}, {'pipe', 'bare pipe'},
              {'socket', 'bare socket'}, {'memcpy', 'memcpy, one process'}}

local function plot(name, title, where, commands)
  local text = ([[
set terminal svg size 760,380 font 'sans-serif,13' background '#ffffff'
set output 'docs/figures/%s.svg'
set title '%s'
set label 1 '%s' at graph 0, screen 0.03 font ',9' tc rgb '#666666'
set bmargin 5
set grid lc rgb '#dddddd'
set key outside right
set style line 1 lc rgb '#2a7f4f' lw 3
set style line 2 lc rgb '#4c9f70' lw 2
set style line 3 lc rgb '#d1495b'
set style line 4 lc rgb '#9aa5b1'
set style line 5 lc rgb '#5b6770'
set style line 6 lc rgb '#b8860b'
]]):format(name, title, where:gsub("'", ' ')) .. commands
  write(DATA .. '/' .. name .. '.gp', text)
  assert(lines_of(('gnuplot %s/%s.gp; echo $?'):format(DATA, name))[1] == '0', 'gnuplot could not draw ' .. name)
end

local function data(name, rows, format)
  local lines = {}
  for i, row in ipairs(rows) do lines[i] = table.concat(format(row), '\t') end
  write(DATA .. '/' .. name .. '.tsv', table.concat(lines, '\n') .. '\n')
end

local parts = {}

function parts.sizes(where)
  local rows = measure_sizes()
  local function of(what)
    return function(row)
      local cells = {row.bytes}
      for _, way in ipairs(ways) do cells[#cells + 1] = row[way[1] .. ' ' .. what] or 'NaN' end
      return cells
    end
  end
  local text = {}
  for _, what in ipairs{{'trip', 'us there and back'}, {'rate', 'GB/s one way'}} do
    data(what[1], rows, of(what[1]))
    local lines, head = {}, {what[2]}
    for i, way in ipairs(ways) do
      head[#head + 1] = way[2]
      if not (what[1] == 'trip' and way[1] == 'memcpy') then
        lines[#lines + 1] = ("'%s/%s.tsv' using 1:%d with linespoints ls %d title \"%s\""):format(DATA, what[1], i + 1, i, way[2])
      end
    end
    plot('sizes-' .. what[1], what[1] == 'trip' and 'A message there and back, in microseconds (less is better)'
      or 'Messages one way, in GB/s (more is better)', where,
      "set logscale xy\nset format x '%.0s %cB'\nset xlabel 'bytes of a message'\nplot " .. table.concat(lines, ', ') .. '\n')
    text[#text + 1] = ('![%s by size](figures/sizes-%s.svg)\n'):format(what[2], what[1])
    text[#text + 1] = table_of(head, rows, function(row)
      local cells = {size(row.bytes)}
      for _, way in ipairs(ways) do cells[#cells + 1] = cell(row[way[1] .. ' ' .. what[1]]) end
      return cells
    end)
  end
  return 'Messages by size', table.concat(text, '\n')
end

function parts.tasks(where)
  local rows = measure_tasks()
  data('tasks', rows, function(row) return {row.us, row.up} end)
  plot('tasks', 'Speed-up of a map by two workers over a plain loop, by the length of a task', where,
    ("set logscale x\nset yrange [0:2.2]\nset xlabel 'microseconds of a task'\nplot '%s/tasks.tsv' using 1:2 with linespoints ls 1 " ..
    "title 'two workers', 2 with lines ls 4 title 'two cores'\n"):format(DATA))
  return 'Maps by the length of a task', '![speed-up](figures/tasks.svg)\n\n' ..
    table_of({'us of a task', 'speed-up by two workers'}, rows, function(row) return {('%g'):format(row.us), cell(row.up)} end)
end

function parts.start()
  return 'Starts', table_of({'', 'value', 'beside'}, measure_start(), function(row)
    return {row.name, cell(row.value) .. ' ' .. row.unit, row.beside}
  end)
end

function parts.collectives(where)
  local rows = measure_collectives()
  data('collectives', rows, function(row) return {'"' .. row.name .. '"', row.ours or 'NaN', row.mpi or 'NaN'} end)
  plot('collectives', 'Collectives of two processes, in microseconds (less is better)', where,
    ("set logscale y\nset xtics font ',9'\nset style data histogram\nset style fill solid\n" ..
    "plot '%s/collectives.tsv' using 2:xtic(1) ls 1 title 'ours', '' using 3 ls 4 title 'Open MPI'\n"):format(DATA))
  return 'Collectives of two processes', '![collectives](figures/collectives.svg)\n\n' ..
    table_of({'us', 'ours', 'Open MPI'}, rows, function(row) return {row.name, cell(row.ours), cell(row.mpi)} end)
end

-- --- into the page ---

local BEGIN, END = '<!-- written by bench/figures.lua, from here -->', '<!-- to here -->'

local function into_page(text)
  local file = assert(io.open 'docs/figures.md')
  local page = file:read '*a'
  file:close()
  local first, last = page:find(BEGIN, 1, true), page:find(END, 1, true)
  assert(first and last and first < last, 'docs/figures.md has lost the marks between which its tables are written')
  write('docs/figures.md', page:sub(1, first + #BEGIN - 1) .. '\n' .. text .. page:sub(last))
end

os.execute(('mkdir -p %s docs/figures'):format(DATA))
assert(has 'gnuplot', 'gnuplot is missing: scripts/install-deps.sh bench')
local where, chosen, text = machine(), {}, {}
for i = 1, #arg do chosen[arg[i]] = true end
text[1] = ('\nMeasured on %s, by `tools/lua 5.4 bench/figures.lua`.\n'):format(where)
for _, name in ipairs{'sizes', 'tasks', 'start', 'collectives'} do
  if #arg == 0 or chosen[name] then
    io.stderr:write('measuring: ', name, '\n')
    local title, part = parts[name](where)
    text[#text + 1] = ('### %s\n\n%s'):format(title, part)
  end
end
if #arg == 0 then into_page(table.concat(text, '\n') .. '\n') else print(table.concat(text, '\n')) end
