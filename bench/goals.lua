-- What the library aims at, each beside what it is measured against, in one run: tools/lua 5.4 bench/goals.lua [rounds]
-- PARALLEL_BASE=FOLDER, a built clone of an older version, puts its codec beside this one. Peers that are not installed are left out.
local rounds = tonumber(arg[1]) or 3
local here = arg[0]:match('^(.*)/[^/]*$') or '.'
local lua = jit and 'jit' or _VERSION:match('[%d.]+')
local missed = 0

local function run(root, script, ...)
  local command = ('%s/tools/lua %s %s/bench/%s %s >/dev/null 2>&1'):format(root, lua, root, script, table.concat({...}, ' '))
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

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

-- --- messages: the goal is about the ratio to what stands beside ---

local function messages()
  for _, row in ipairs(measured(here .. '/..', 'messages.lua', rounds, 'trips strings broadcast')) do
    local sign, goal = (row[8] or ''):match('([<>]=) ([%d.]+)x?$')
    if sign and tonumber(row[7]) then
      show(('%s / %s'):format(row[2], row[5]), tonumber(row[7]), 'x', sign, tonumber(goal))
    end
  end
end

-- --- the codec: seconds to encode, by case and codec ---

local function encode_times(root)
  local times = {}
  for _, row in ipairs(measured(root, 'codec.lua', rounds * 3)) do
    times[row[2]] = times[row[2]] or {}
    times[row[2]][row[3]] = tonumber(row[4])
  end
  return times
end

local of_base = {{'100k doubles', 0.15}, {'10k integers', 0.15}, {'1000 records', 0.4}, {'10k mixed hash', 0.5}, {'10k strings', 0.4}}

local function codec()
  local now, base = encode_times(here .. '/..'), os.getenv 'PARALLEL_BASE'
  local before = base and encode_times(base)
  for _, case in ipairs(of_base) do
    local ours, buffer = now[case[1]].parallel, now[case[1]]['string.buffer']
    if before then show('encode ' .. case[1] .. ' / the older version', ours / before[case[1]].parallel, 'x', '<=', case[2]) end
    if buffer then show('encode ' .. case[1] .. ' / string.buffer', ours / buffer, 'x', '<=', 1.1) end
  end
end

-- --- pools beside Python ---

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
  end
  local ours, imap, python = samples['ours map of x*x over 10,000'], samples['ours imap of the same'], samples['Python map of x*x over 10,000']
  if python then show('map of x*x over 10,000 / Python', median(ours) / median(python), 'x', '>=', 1) end
  show('imap / map', median(imap) / median(ours), 'x', '>=', 0.35)
end

local function many()
  for _, row in ipairs(measured(here .. '/..', 'many.lua', '1000 ' .. rounds)) do
    show('1,000 children: ' .. row[1], tonumber(row[2]), 'us', '<=', tonumber(row[3]))
  end
end

print(('%s, %d rounds, medians'):format(jit and jit.version or _VERSION, rounds))
messages()
codec()
peers()
many()
print(missed == 0 and 'all met' or missed .. ' missed')
