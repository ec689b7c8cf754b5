-- Messages between two processes, each figure beside its limit in the same run: tools/lua 5.4 bench/messages.lua [rounds] [out.tsv]
-- Medians of the rounds; ours and the limit take turns, so that a busy machine is as unfair to both.
local parallel = require 'parallel'
local torch = require 'parallel.tensor'
local core = require 'parallel.core'
local rounds, path = tonumber(arg[1]) or 5, arg[2]
local root = arg[0]:match('^(.*)/bench/[^/]*$') or '.'
local build = os.getenv('PARALLEL_BUILD') or root .. '/build/release'
local clock, MB = core.clock, 2 ^ 20

local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')

local out = path and assert(io.open(path, 'w'))
if out then out:write('lua\tfigure\tvalue\tunit\tlimit\tlimit_value\tratio\tgoal\n') end
print(('%s, %d rounds, medians'):format(jit and jit.version or _VERSION, rounds))
print(('%-30s %9s %-6s %-24s %9s %7s  %s'):format('figure', 'ours', 'unit', 'beside', 'value', 'ratio', 'goal'))

local function row(name, value, unit, beside, limit, goal)
  local ratio = limit and value / limit
  print(('%-30s %9.4g %-6s %-24s %9s %7s  %s'):format(name, value, unit, beside or '', limit and ('%.4g'):format(limit) or '',
    ratio and ('%.2f'):format(ratio) or '', goal or ''))
  if out then
    out:write(('%s\t%s\t%.5g\t%s\t%s\t%s\t%s\t%s\n'):format(jit and 'jit' or _VERSION, name, value, unit, beside or '',
      limit and ('%.5g'):format(limit) or '', ratio and ('%.3f'):format(ratio) or '', goal or ''))
  end
end

local function output_of(command)
  local pipe = io.popen(command .. ' 2>/dev/null')
  local text = pipe:read('*a')
  pipe:close()
  return text
end

-- Figures of bench/channel: name -> column -> value
local function bare(figures)
  local found = {}
  for line in output_of(build .. '/bench/channel --tsv --quick ' .. figures):gmatch('[^\n]+') do
    local name, column, value = line:match('^(.-)\t(.-)\t(.-)\t')
    if name then
      found[name] = found[name] or {}
      found[name][column] = tonumber(value)
    end
  end
  return found
end

-- Several samples of each function, in turn. Returns their medians.
local function in_turn(...)
  local samples = {}
  for k = 1, select('#', ...) do samples[k] = {} end
  for i = 1, rounds do
    for k, list in ipairs(samples) do list[i] = select(k, ...)() end
  end
  for k, list in ipairs(samples) do samples[k] = median(list) end
  return (table.unpack or unpack)(samples)
end

local function with_child(code, options, f)
  options.code = code
  local child = parallel.run(options)
  local result = f(child)
  child:close()
  return result
end

-- --- round trips ---
local echo = 'local p = parallel.parent while true do p:send(p:receive()) end'

local function trip_us(options, trips)
  return with_child(echo, options, function(child)
    local start
    for i = 1, trips do
      if i == trips / 10 then start = clock() end
      child:send{name = 'x', i = 1}
      child:receive()
    end
    return (clock() - start) / (trips * 0.9) * 1e6
  end)
end

local function round_trips()
  local free = in_turn(function() return trip_us({}, 20000) end)
  local limits = bare('trip pinned')
  local spin = limits['round trip, two cores']
  row("round trip of {name='x', i=1}", free, 'us', 'bare spin, two cores', spin and spin.spin / 1000, '<= 2.5 us and <= 6x')
  -- Both ends on one core: a process of its own, so that this one stays free.
  local pinned = in_turn(function()
    local child = parallel.run{code = [[
      local trips, echo = ...
      local child = parallel.run(echo)
      local clock, start = parallel.clock
      for i = 1, trips do
        if i == trips / 10 then start = clock() end
        child:send{name = 'x', i = 1}
        child:receive()
      end
      local us = (clock() - start) / (trips * 0.9) * 1e6
      child:close()
      return us]], args = {20000, echo}, affinity = {0}}
    return (child:join())
  end)
  local pipe = limits['round trip, one core']
  row('the same, one core', pinned, 'us', 'bare pipe, one core', pipe and pipe.pipe / 1000, '<= 1.5x')
end

-- --- one way ---
-- Seconds for one message: of `count` messages, until the child has got all of them. The i-th is value_of(i).
local function stream_of(value_of, count, body)
  local code = 'local p, n = parallel.parent, ... for i = 1, n do local m = p:receive() ' .. (body or '') .. ' if i == n / 10 then ' ..
    'p:send(parallel.clock()) end end p:send(parallel.clock()) p:receive()'
  return with_child(code, {args = {count}}, function(child)
    for i = 1, count do child:send(value_of(i)) end
    local first = child:receive() -- from the child's own clock: a tenth is warm-up
    return (child:receive() - first) / (count * 0.9)
  end)
end

local function stream(value, count, body) return stream_of(function() return value end, count, body) end

local function numbers()
  local rate = in_turn(function() return 1e-6 / stream(7, 500000) end)
  row('numbers, one way', rate, 'M/s', 'goal', 6, '>= 1')
end

-- Each another one than those before it: a Lua that has a string already need not make it again. They differ in their first bytes, as texts do:
-- LuaJIT's hash of a long string looks at few places, and where all have the same there it hashes the whole of each. They are made before
-- the time is taken; of the largest there are a few, which take turns.
local function distinct(size, count)
  local list, rest, n = {}, ('x'):rep(size - 8), math.min(count, math.max(4, math.floor(512 * MB / size)))
  for i = 1, n do list[i] = ('%08d'):format(i):reverse() .. rest end
  return function(i) return list[(i - 1) % n + 1] end
end

local function strings()
  for _, case in ipairs{{'64 KB', 65536, 4000}, {'1 MB', MB, 300}, {'16 MB', 16 * MB, 40}, {'256 MB', 256 * MB, 20}} do
    local name, size, count = case[1], case[2], case[3]
    collectgarbage() -- what the case before has left
    local value_of = distinct(size, count)
    local ours, python, copies = in_turn(function() return size / 1e6 / stream_of(value_of, count) end, function()
      return tonumber(output_of(('python3 %s/bench/messages_peer.py %d %d 1'):format(root, size, count))) or 0 / 0
    end, function() return tonumber(output_of(('%s/bench/copies %d %d'):format(build, size, count))) or 0 / 0 end)
    row('distinct strings of ' .. name, ours, 'MB/s', 'Python send_bytes', python, size >= MB and '>= 2' or nil)
    row('distinct strings of ' .. name, ours, 'MB/s', 'two bare copies', copies, size >= MB and '>= 0.7' or nil)
    if size >= MB then row(('distinct strings of %s, rate'):format(name), ours, 'MB/s', 'goal', 8000, '>= 1') end
  end
end

-- --- tensors ---
-- Two figures of each size. "sent": transport alone, beside a copy in one process. "sent and read": the child also sums all
-- elements; its sums overlap with the next copies, so the slower of copying and summing in one process is the limit.
local function copy_seconds(t, count)
  local to = t:clone()
  local start = clock()
  for _ = 1, count do to:copy(t) end
  return (clock() - start) / count
end

local function tensors()
  for _, case in ipairs{{'1 MB', MB, 2000, 0.6}, {'16 MB', 16 * MB, 100, 0.8}, {'256 MB', 256 * MB, 30, 0.9}} do
    local name, size, count, goal = case[1], case[2], case[3], case[4]
    local t = torch.DoubleTensor(size / 8):fill(1)
    local body = 'assert(m[1] == 1)'
    local moved, copied = in_turn(function() return size / 1e9 / stream(t, count, body) end,
      function() return size / 1e9 / copy_seconds(t, count) end)
    row('tensor of ' .. name .. ', sent', moved, 'GB/s', 'memcpy, one process', copied, '>= ' .. goal)
    local read, summed = in_turn(function() return size / 1e9 / stream(t, count, 'm:sum()') end, function()
      local start = clock()
      for _ = 1, count do t:sum() end
      return size / 1e9 / ((clock() - start) / count)
    end)
    -- Copies and sums overlap in two processes: the slower of the two is the limit.
    row('tensor of ' .. name .. ', sent and read', read, 'GB/s', 'the slower of copy, sum', math.min(copied, summed), '>= ' .. goal)
  end
end

local function shared()
  for _, case in ipairs{{'1 MB', MB}, {'256 MB', 256 * MB}} do
    local t = torch.FloatTensor(case[2] / 4):fill(1):share()
    local us = in_turn(function()
      return with_child('local p = parallel.parent while true do p:receive() p:send(1) end', {}, function(child)
        local start
        for i = 1, 2000 do
          if i == 200 then start = clock() end
          child:send(t)
          child:receive()
        end
        return (clock() - start) / 1800 * 1e6
      end)
    end)
    row('shared tensor of ' .. case[1] .. ', and back', us, 'us', 'goal', 20, '<= 1')
  end
end

local function broadcast_ms(n)
  local t, list = torch.FloatTensor(4 * MB):fill(1), {}
  for i = 1, n do list[i] = parallel.run('local p = parallel.parent while true do local t = p:receive() p:send(t[1]) end') end
  local start
  for i = 1, 22 do
    if i == 3 then start = clock() end
    parallel.send(list, t)
    parallel.receive(list)
  end
  local each = (clock() - start) / 20 * 1e3
  for _, child in ipairs(list) do child:close() end
  return each
end

local function broadcast()
  local four, one = in_turn(function() return broadcast_ms(4) end, function() return broadcast_ms(1) end)
  row('broadcast of 16 MB to 4', four, 'ms', 'to 1', one, '<= 1.5')
end

local function tables()
  local t = {}
  for i = 1, 10000 do t['key' .. i] = i % 3 == 0 and 'value' .. i or i % 3 == 1 and i or i + 0.5 end
  local ms = in_turn(function() return stream(t, 200) * 1e3 end)
  row('table of 10,000 entries', ms, 'ms')
end

local function cpu_ms(pid)
  local file = io.open(('/proc/%d/schedstat'):format(pid))
  if not file then return 0 end
  local ns = file:read('*n')
  file:close()
  return ns / 1e6
end

local function idle()
  local list = {}
  for i = 1, 50 do list[i] = parallel.run('parallel.parent:send(1) parallel.parent:receive()') end
  parallel.receive(list)
  local function total()
    local sum = 0
    for _, child in ipairs(list) do sum = sum + cpu_ms(child.unixid) end
    return sum
  end
  core.sleep(2)
  local before = total()
  core.sleep(10)
  row('50 waiting children, 10 s', total() - before, 'ms CPU', '', nil, '0')
  for _, child in ipairs(list) do child:close() end
end

local figures = {trips = round_trips, numbers = numbers, strings = strings, tensors = tensors, shared = shared,
                 broadcast = broadcast, tables = tables, idle = idle}
local chosen = {}
for i = 3, #arg do chosen[#chosen + 1] = arg[i] end
if #chosen == 0 then chosen = {'trips', 'numbers', 'strings', 'tensors', 'shared', 'broadcast', 'tables', 'idle'} end
for _, name in ipairs(chosen) do figures[name]() end
if out then out:close() end
