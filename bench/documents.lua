-- Small tables as results: 100,000 JSON documents, parsed by lua-cjson in a loop and by a map of two workers, and what limits the map, in one
-- run: tools/lua 5.4 bench/documents.lua [rounds]
-- On two cores a map takes at least half of what it costs all processes together: the workers parse, in one process each text is made from a
-- longer one as it would be from a message, and its tables are dropped; the owner makes the tables once more, in one process out of
-- messages of many. Beside that, what a constructor of Lua takes for the same tables, with names that it makes anew.
local parallel = require 'parallel'
local rounds = tonumber(arg[1]) or 5
local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')
local DOCUMENTS, WORKERS = 100000, 2

local function decode(text) return (require 'cjson'.decode(text)) end

local list = {}
for i = 1, DOCUMENTS do
  list[i] = ('{"id":%d,"name":"name %d","tags":["a","b","tag %d"],"at":{"x":%g,"y":%g},"ok":%s}'):format(i, i, i % 7, i / 3, i / 7, i % 2 == 0)
end

local function loop()
  local results = {}
  for i = 1, DOCUMENTS do results[i] = decode(list[i]) end
  return results
end

local function tables()
  local results = {}
  for i = 1, DOCUMENTS do
    results[i] = {id = i, name = 'name ' .. i, tags = {'a', 'b', 'tag ' .. i % 7}, at = {x = i / 3, y = i / 7}, ok = i % 2 == 0}
  end
  return results
end

-- The least of the workers' part: all texts in one, of which each is taken.
local all, ends = table.concat(list), {[0] = 0}
for i = 1, DOCUMENTS do ends[i] = ends[i - 1] + #list[i] end

local function parse()
  local results = {}
  for i = 1, DOCUMENTS do results[DOCUMENTS] = decode(all:sub(ends[i - 1] + 1, ends[i])) end
  return results
end

-- The least of the owner's part: the results, packed before.
local PACKED = 500
local packed = {}
for i = 1, DOCUMENTS, PACKED do
  local some = {}
  for k = 1, PACKED do some[k] = decode(list[i + k - 1]) end
  packed[#packed + 1] = parallel.encode(some)
end

local function unpacked()
  local results = {}
  for i, some in ipairs(packed) do
    local values = parallel.decode(some)
    for k = 1, PACKED do results[(i - 1) * PACKED + k] = values[k] end
  end
  return results
end

local pool = parallel.pool{workers = WORKERS}
local function map() return pool:map(decode, list) end

-- Seconds of processor time that the workers have taken.
local function taken_by_workers()
  local sum = 0
  for _, seconds in ipairs(pool:everywhere(os.clock)) do sum = sum + seconds end
  return sum
end

local took = {}
local function note(name, seconds)
  took[name] = took[name] or {}
  table.insert(took[name], seconds)
end

local function timed(name, f, collector)
  collectgarbage()
  if collector then collectgarbage(collector) end
  local began, cpu_began = parallel.clock(), os.clock()
  local results = f()
  note(name, parallel.clock() - began)
  note(name .. ', owner', os.clock() - cpu_began)
  collectgarbage 'restart'
  assert(results[DOCUMENTS].id == DOCUMENTS)
end

map()
for _ = 1, rounds do
  timed('loop', loop)
  local before = taken_by_workers()
  timed('map', map)
  note('map, workers', taken_by_workers() - before)
  timed('map without collector', map, 'stop')
  timed('tables', tables)
  timed('parse', parse)
  timed('unpacked', unpacked)
end
pool:close()

local function show(name, seconds) print(('%-52s %6.0f ms'):format(name, seconds * 1e3)) end
local of_loop, of_map, owner, workers = median(took.loop), median(took.map), median(took['map, owner']), median(took['map, workers'])
local parsed, of_results = median(took.parse), median(took.unpacked)
show('the loop', of_loop)
show('the map', of_map)
show('  of processor time its workers take', workers)
show('  and its owner', owner)
show('  the owner where no collector runs', median(took['map without collector, owner']))
show('all texts parsed, and the tables dropped', parsed)
show('all results decoded, out of messages of many', of_results)
show('the tables alone, by a constructor', median(took.tables))
print(('%-52s %6.2f'):format('speed-up', of_loop / of_map))
print(('%-52s %6.2f'):format('at most, with both cores full', WORKERS * of_loop / (workers + owner)))
print(('%-52s %6.2f'):format('at most, if nothing but parsing and decoding cost', WORKERS * of_loop / (parsed + of_results)))
