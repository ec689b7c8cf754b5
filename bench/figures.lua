-- Measures by size, by length of a task, starts, collectives and other machines, beside peers and limits of the same run, and writes what
-- it found: tables into docs/figures.md, between two marks, and plots by gnuplot into docs/figures/, with machine and date on each.
--   tools/lua 5.4 bench/figures.lua [only these, as: readme sizes tasks start collectives remote peers]
-- What is not measured now stays as it was. All of it but the peers, which are measured when they are named, runs some four minutes on two
-- cores that do nothing else.
package.path = 'bench/?.lua;' .. package.path
local core = require 'parallel.core'
local draw = require 'figures.draw'
local measure = require 'figures.measure'

local cell, lines_of = draw.cell, measure.lines_of

-- Where and when, and what else the machine had to do.
local function machine()
  local model
  local load_average = tonumber((lines_of('cat /proc/loadavg')[1] or ''):match '^%S+')
  for line in io.lines '/proc/cpuinfo' do model = model or line:match '^model name%s*:%s*(.-)%s*$' end
  return ('%s, %d cores, %s, %s%s'):format((model or 'unknown processor'):gsub('%s+', ' '), core.cores(), lines_of('uname -sr')[1] or '',
    os.date '!%Y-%m-%d', load_average and load_average > 1 and (', at load %.1f'):format(load_average) or '')
end

-- --- the parts: each draws its plots and returns title and text, or nil ---

local parts = {}

function parts.readme(where)
  local rows = measure.readme()
  draw.readme(draw.data('readme', where, rows, function(row)
    return {row.us or 'NaN', ('"%s"'):format(row.name), row.ours and '0x4c9f70' or row.name:find 'limit' and '0x9aa5b1' or '0xd1495b'}
  end), where)
  return 'A message there and back', '![a message there and back](figures.svg)\n\n' ..
    draw.table_of({'', 'us'}, rows, function(row) return {row.name, cell(row.us)} end)
end

local function size(bytes)
  if bytes < 1024 then return bytes .. ' B' end
  return bytes < 2 ^ 20 and ('%d KB'):format(bytes / 1024) or ('%d MB'):format(bytes / 2 ^ 20)
end

local ways = {{'channel', 'channel (C)'}, {'strings', 'strings (Lua 5.4)'}, {'python', "Python's Pipe"}, {'pipe', 'bare pipe'},
              {'socket', 'bare socket'}, {'memcpy', 'memcpy, one process'}}
local sizes = {{'trip', 'us there and back', 'A message there and back, in microseconds (less is better)'},
               {'rate', 'GB/s one way', 'Messages one way, in GB/s (more is better)'}}

function parts.sizes(where)
  local rows, text = measure.sizes(), {}
  for _, what in ipairs(sizes) do
    local kind, unit, title = what[1], what[2], what[3]
    local function values(row, first, none)
      local cells = {first}
      for i, way in ipairs(ways) do cells[i + 1] = none and (row[way[1] .. ' ' .. kind] or none) or cell(row[way[1] .. ' ' .. kind]) end
      return cells
    end
    local file = draw.data('sizes-' .. kind, where, rows, function(row) return values(row, row.bytes, 'NaN') end)
    local lines, head = {}, {unit}
    for i, way in ipairs(ways) do
      head[#head + 1] = way[2]
      if kind ~= 'trip' or way[1] ~= 'memcpy' then
        lines[#lines + 1] = ("'%s' using 1:%d with linespoints ls %d title \"%s\""):format(file, i + 1, i, way[2])
      end
    end
    draw.plot('sizes-' .. kind, title, where,
      "set logscale xy\nset format x '%.0s %cB'\nset xlabel 'bytes of a message'\nplot " .. table.concat(lines, ', ') .. '\n')
    text[#text + 1] = ('![%s by size](figures/sizes-%s.svg)\n'):format(unit, kind)
    text[#text + 1] = draw.table_of(head, rows, function(row) return values(row, size(row.bytes)) end)
  end
  return 'Messages by size', table.concat(text, '\n')
end

function parts.tasks(where)
  local rows = measure.tasks()
  local file = draw.data('tasks', where, rows, function(row) return {row.us, row.up} end)
  draw.plot('tasks', 'Speed-up of a map by two workers over a plain loop, by the length of a task', where,
    ("set logscale x\nset yrange [0:2.2]\nset xlabel 'microseconds of a task'\nplot '%s' using 1:2 with linespoints ls 1 " ..
    "title 'two workers', 2 with lines ls 4 title 'two cores'\n"):format(file))
  return 'Maps by the length of a task', '![speed-up](figures/tasks.svg)\n\n' ..
    draw.table_of({'us of a task', 'speed-up by two workers'}, rows, function(row) return {('%g'):format(row.us), cell(row.up)} end)
end

-- What is counted in milliseconds, beside a bare interpreter where that was measured as well.
function parts.start(where)
  local rows, short = measure.start(), {}
  for _, row in ipairs(rows) do
    if row.unit == 'ms' then short[#short + 1] = row end
  end
  local file = draw.data('start', where, short, function(row) return {'"' .. row.name .. '"', row.value, row.bare or 'NaN'} end)
  draw.plot('start', 'Starts and ends of children, in milliseconds (less is better)', where,
    ("set xtics font ',9' rotate by 12 right\nset bmargin 7\nset yrange [0:*]\nset style data histogram\nset style fill solid\n" ..
    "plot '%s' using 2:xtic(1) ls 1 title 'ours', '' using 3 ls 4 title \"lua -e ''\"\n"):format(file))
  return 'Starts', '![starts](figures/start.svg)\n\n' .. draw.table_of({'', 'value', 'beside'}, rows, function(row)
    return {row.name, cell(row.value) .. ' ' .. row.unit, row.beside}
  end)
end

function parts.collectives(where)
  local rows = measure.collectives()
  local file = draw.data('collectives', where, rows, function(row) return {'"' .. row.name .. '"', row.ours or 'NaN', row.mpi or 'NaN'} end)
  draw.plot('collectives', 'Collectives of two processes, in microseconds (less is better)', where,
    ("set logscale y\nset xtics font ',9'\nset style data histogram\nset style fill solid\n" ..
    "plot '%s' using 2:xtic(1) ls 1 title 'ours', '' using 3 ls 4 title 'Open MPI'\n"):format(file))
  return 'Collectives of two processes', '![collectives](figures/collectives.svg)\n\n' ..
    draw.table_of({'us', 'ours', 'Open MPI'}, rows, function(row) return {row.name, cell(row.ours), cell(row.mpi)} end)
end

function parts.remote(where)
  local rows = measure.remote()
  if not rows[1] then return nil end -- no test cluster can be made here
  local file = draw.data('remote', where, rows, function(row) return {'"' .. row.name .. '"', row.us, row.small, row.middle, row.large} end)
  draw.plot('remote', 'Strings to a child on another host, in MB/s (more is better)', where,
    ("set xtics font ',9'\nset yrange [0:*]\nset style data histogram\nset style fill solid\nplot '%s' using 3:xtic(1) ls 1 title '64 KB', " ..
    "'' using 4 ls 2 title '1 MB', '' using 5 ls 4 title '16 MB'\n"):format(file))
  return 'A child on another host', '![MB/s](figures/remote.svg)\n\nBeside two bare programs; all hosts are namespaces of this machine.\n\n' ..
    draw.table_of({'', '100 B there and back, us', 'MB/s, 64 KB', '1 MB', '16 MB'}, rows, function(row)
      return {row.name, cell(row.us), ('%.0f'):format(row.small), ('%.0f'):format(row.middle), ('%.0f'):format(row.large)}
    end)
end

function parts.peers()
  local tables = {}
  for _, lua in ipairs{'5.4', 'jit'} do tables[#tables + 1] = table.concat(lines_of(('tools/lua %s bench/peers/run.lua'):format(lua)), '\n') end
  return 'Beside other languages and libraries', table.concat(tables, '\n\n') .. '\n'
end

-- --- into the page ---

local PAGE = 'docs/figures.md'
local BEGIN, END = '<!-- written by bench/figures.lua, from here -->\n', '<!-- to here -->'
local ORDER = {'readme', 'sizes', 'tasks', 'start', 'collectives', 'remote', 'peers'}
local ONLY_WHEN_NAMED = {peers = true}

local function mark(name) return ('<!-- part: %s -->\n'):format(name) end

-- The page before and behind what is written here, and that by part.
local function read_page()
  local file = assert(io.open(PAGE))
  local page = file:read '*a'
  file:close()
  local _, first = page:find(BEGIN, 1, true)
  local last = page:find(END, 1, true)
  assert(first and last and first < last, PAGE .. ' has lost the marks between which its tables are written')
  local texts = {}
  for text in (page:sub(first + 1, last - 1):gsub('<!%-%- part: ', '\0%0') .. '\0'):gmatch '%z*([^%z]*)' do
    local name, part = text:match '^<!%-%- part: (%l+) %-%->\n(.*)$'
    if name then texts[name] = part end
  end
  return page:sub(1, first), page:sub(last), texts
end

local function put(name, text)
  local before, behind, texts = read_page()
  texts[name] = text
  local written = {}
  for _, one in ipairs(ORDER) do written[#written + 1] = texts[one] and mark(one) .. texts[one] end
  local file = assert(io.open(PAGE, 'w'))
  file:write(before, table.concat(written), behind)
  file:close()
end

assert(measure.has 'gnuplot', 'gnuplot is missing: scripts/install-deps.sh bench')
os.execute 'mkdir -p docs/figures'
local where = machine()
local function measure_part(name)
  assert(parts[name], 'there is no part ' .. name)
  io.stderr:write('measuring: ', name, '\n')
  local title, text = parts[name](where)
  if title then put(name, ('\n### %s\n\n%s\nMeasured on %s, by `tools/lua 5.4 bench/figures.lua %s`.\n'):format(title, text, where, name)) end
end

for _, name in ipairs(#arg > 0 and arg or ORDER) do
  if #arg > 0 or not ONLY_WHEN_NAMED[name] then measure_part(name) end
end
