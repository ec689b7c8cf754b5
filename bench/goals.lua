-- What the library aims at, each beside what it is measured against, in one run: tools/lua 5.4 bench/goals.lua [rounds]
-- [part...], of messages, codec, peers, pools and many; all of them where none is named.
-- PARALLEL_BASE=FOLDER, a built clone of an older version, puts its codec beside this one. Peers that are not installed are left out.
local parallel = require 'parallel'
local rounds = tonumber(arg[1]) or 3
local here = arg[0]:match('^(.*)/[^/]*$') or '.'
local lua = jit and 'jit' or _VERSION:match('[%d.]+')
local missed = 0
local unpack = table.unpack or unpack -- luacheck: ignore

-- One of the scripts beside this one with the library of a clone.
local function run(root, script, ...)
  local command = ('%s/tools/lua %s %s/%s %s >/dev/null 2>&1'):format(root, lua, here, script, table.concat({...}, ' '))
  return os.execute(command)
end

-- The rows that a command prints or a file has, as lists of their columns.
local function rows_of(pipe)
  local rows = {}
  for line in pipe:lines() do
    local row = {}
    for cell in (line .. '\t'):gmatch('(.-)\t') do row[#row + 1] = cell end
    rows[#rows + 1] = row
  end
  pipe:close()
  return rows
end

local function measured(root, script, before, after)
  local path = os.tmpname()
  run(root, script, before, path, after or '')
  local rows = rows_of(assert(io.open(path)))
  os.remove(path)
  return rows
end

-- One line; `sign` and `goal` say what the value has to be.
local function show(name, value, unit, sign, goal)
  local met
  if sign == '>=' then met = value >= goal else met = value <= goal end
  if not met then missed = missed + 1 end
  print(('%-46s %9.3g %-3s %s %-6g %s'):format(name, value, unit, sign, goal, met and 'met' or 'MISSED'))
end

local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')

-- --- messages: the goal is about the ratio to what stands beside ---

local function messages()
  for _, row in ipairs(measured(here .. '/..', 'messages.lua', rounds, 'trips strings broadcast')) do
    local sign, goal = (row[8] or ''):match('([<>]=) ([%d.]+)x?$')
    if sign and tonumber(row[7]) then
      show(('%s / %s'):format(row[2], row[5]), tonumber(row[7]), 'x', sign, tonumber(goal))
    end
  end
end

-- --- the codec: seconds to encode and decode, by case and codec ---

local function codec_times(root)
  local times = {}
  for _, row in ipairs(measured(root, 'codec.lua', rounds * 3)) do
    times[row[2]] = times[row[2]] or {}
    times[row[2]][row[3]] = {encode = tonumber(row[4]), decode = tonumber(row[5])}
  end
  return times
end

-- case, of the older version's time to encode and, where there is a goal, to decode
local of_base = {{'100k doubles', 0.15, 0.25}, {'10k integers', 0.15, 0.25}, {'1000 records', 0.4}, {'10k mixed hash', 0.5}, {'10k strings', 0.4}}

local function codec()
  local now, base = codec_times(here .. '/..'), os.getenv 'PARALLEL_BASE'
  local before = base and codec_times(base)
  for _, case in ipairs(of_base) do
    local name, ours, buffer = case[1], now[case[1]].parallel, now[case[1]]['string.buffer']
    local old = before and before[name].parallel
    if old then show('encode ' .. name .. ' / the older version', ours.encode / old.encode, 'x', '<=', case[2]) end
    if buffer then show('encode ' .. name .. ' / string.buffer', ours.encode / buffer.encode, 'x', '<=', 1.1) end
    if old and case[3] then show('decode ' .. name .. ' / the older version', ours.decode / old.decode, 'x', '<=', case[3]) end
  end
end

-- --- pools beside Python and node ---

local function peers()
  local samples = {}
  local function take(who, command)
    for _, row in ipairs(rows_of(assert(io.popen(command .. ' 2>/dev/null')))) do
      local name = who .. ' ' .. row[1]
      samples[name] = samples[name] or {}
      table.insert(samples[name], tonumber(row[2]))
    end
  end
  for _ = 1, rounds do
    take('ours', ('%s/../tools/lua %s %s/peers/ours.lua'):format(here, lua, here))
    take('Python', ('python3 %s/peers/python.py'):format(here))
    take('node', ('node %s/peers/node.js'):format(here))
  end
  for _, name in ipairs{'map of x*x over 10,000', 'map of x*x over 1,000,000'} do
    for _, peer in ipairs{'Python', 'node'} do
      local theirs = samples[peer .. ' ' .. name]
      if theirs then show(name .. ' / ' .. peer, median(samples['ours ' .. name]) / median(theirs), 'x', '>=', 1) end
    end
  end
  show('imap / map', median(samples['ours imap of the 10,000']) / median(samples['ours map of x*x over 10,000']), 'x', '>=', 0.35)
end

-- --- pools, ours alone ---

local function timed(f)
  collectgarbage()
  local began = parallel.clock()
  f()
  return parallel.clock() - began
end

local function median_of_rounds(f)
  local list = {}
  f()
  for i = 1, rounds do list[i] = f() end
  return median(list)
end

local function chunks(pool)
  local square, list, n = function(x) return x * x end, {}, 10000
  for i = 1, n do list[i] = i end
  local seconds = median_of_rounds(function() return timed(function() pool:map(square, list, {chunk = 1}) end) end)
  show('map of x*x over 10,000, chunk of 1', n / seconds / 1e6, 'M/s', '>=', 5)
end

-- Documents become tables in the workers, and travel as such: a loop and two workers in turn. A parser in C takes little longer than the
-- process that owns the pool needs to make the tables once more; one in Lua takes ten times as long.
local function documents(pool, parser, words)
  if not pcall(require, parser) then return print(parser .. ' is not installed for this Lua: no JSON documents by it') end
  local decode, list = function(text) return (require(parser).decode(text)) end, {}
  for i = 1, 100000 do
    list[i] = ('{"id":%d,"name":"name %d","tags":["a","b","tag %d"],"at":{"x":%g,"y":%g},"ok":%s}'):format(i, i, i % 7, i / 3, i / 7, i % 2 == 0)
  end
  local ratio = median_of_rounds(function()
    local loop = timed(function()
      local results = {}
      for i, text in ipairs(list) do results[i] = decode(text) end
      return results
    end)
    return loop / timed(function() pool:map(decode, list) end)
  end)
  show(('100,000 JSON documents %s, speed-up by 2'):format(words), ratio, 'x', '>=', 1.3)
end

local function pools()
  local pool = parallel.pool{workers = 2}
  chunks(pool)
  documents(pool, 'cjson', '(C)')
  documents(pool, 'dkjson', '(Lua)')
  pool:close()
end

local function many()
  for _, row in ipairs(measured(here .. '/..', 'many.lua', '1000 ' .. rounds)) do
    show('1,000 children: ' .. row[1], tonumber(row[2]), 'us', '<=', tonumber(row[3]))
  end
end

print(('%s, %d rounds, medians'):format(jit and jit.version or _VERSION, rounds))
local parts = {messages = messages, codec = codec, peers = peers, pools = pools, many = many}
local wanted = arg[2] and {unpack(arg, 2)} or {'messages', 'codec', 'peers', 'pools', 'many'}
for _, name in ipairs(wanted) do
  local part = parts[name] or error(('there is no part %q: messages, codec, peers, pools, many'):format(name), 0)
  part()
end
print(missed == 0 and 'all met' or missed .. ' missed')
