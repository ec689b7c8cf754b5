-- What the API takes: rates and times of one built clone, or of several in turns, with medians and ratios to the first.
--   lua5.4 bench/versions.lua ROUNDS LUA CLONE...     each clone built; LUA as for tools/lua
--   tools/lua LUA bench/versions.lua                  one round of this clone
-- Trips, numbers and maps want both cores: on a machine that does other things only rows of several rounds can be compared.
local units = {trip = 'us', ['one core'] = 'us', numbers = 'M/s', ['map of 1e6'] = 'M/s', ['map of 1e4'] = 'M/s', ['chunk of 1'] = 'M/s',
  imap = 'M/s', submit = 'us', start = 'ms'}
local order = {'trip', 'one core', 'numbers', 'map of 1e6', 'map of 1e4', 'chunk of 1', 'imap', 'submit', 'start'}

local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')

local function one_round()
  local parallel = require 'parallel'
  local clock = require 'parallel.core'.clock
  local function timed(n, f)
    local list = {}
    for i = 1, n do
      local t = clock()
      f()
      list[i] = clock() - t
    end
    return median(list)
  end
  local function out(name, value) print(('%s\t%.6g'):format(name, value)) end
  local function trips(child, n)
    for _ = 1, n do
      child:send(1)
      child:receive()
    end
  end
  local function echo()
    local parent = parallel.parent
    while true do
      local m = parent:receive()
      if m == 'end' then return end
      parent:send(m)
    end
  end
  local function trip_time(n)
    local child = parallel.run(echo)
    trips(child, 2000)
    local us = timed(5, function() trips(child, n) end) / n * 1e6
    child:send('end')
    child:join()
    return us
  end
  if arg[1] == 'one core' then return out('one core', trip_time(5000)) end
  out('trip', trip_time(20000))
  local child = parallel.run(function()
    local parent, n = parallel.parent, 0
    while true do
      local m = parent:receive()
      if m == 'end' then return end
      if m == 'count' then parent:send(n) end
      n = m == 'count' and 0 or n + 1
    end
  end)
  out('numbers', 0.3 / timed(5, function()
    for i = 1, 300000 do child:send(i) end
    child:send('count')
    assert(child:receive() == 300000)
  end))
  child:send('end')
  child:join()
  local pool = parallel.pool(2)
  local function square(x) return x * x end
  local lists = {}
  for _, n in ipairs{1e6, 2e5, 1e4} do
    lists[n] = {}
    for i = 1, n do lists[n][i] = i end
  end
  pool:map(square, lists[1e6])
  out('map of 1e6', 1 / timed(3, function() pool:map(square, lists[1e6]) end))
  out('map of 1e4', 0.01 / timed(21, function() pool:map(square, lists[1e4]) end))
  out('chunk of 1', 0.2 / timed(5, function() pool:map(square, lists[2e5], {chunk = 1}) end))
  out('imap', 0.2 / timed(3, function() for _ in pool:imap(square, lists[2e5]) do end end)) -- luacheck: ignore
  out('submit', timed(5, function()
    local futures = {}
    for i = 1, 20000 do futures[i] = pool:submit(square, i) end
    for i = 1, 20000 do futures[i]:result() end
  end) / 20000 * 1e6)
  pool:close()
  out('start', timed(15, function() parallel.run(function() end):join() end) * 1e3)
end

if not tonumber(arg[1]) then return one_round() end

local rounds, lua, clones, values = tonumber(arg[1]), arg[2], {(table.unpack or unpack)(arg, 3)}, {}
local script = arg[0]
local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end
local function read(clone, command)
  local pipe = io.popen(command)
  for line in pipe:lines() do
    local name, value = line:match('^(.-)\t(%S+)$')
    if name then
      values[name] = values[name] or {}
      values[name][clone] = values[name][clone] or {}
      table.insert(values[name][clone], tonumber(value))
    end
  end
  pipe:close()
end
for _ = 1, rounds do
  for _, clone in ipairs(clones) do
    local command = ('%s/tools/lua %s %s'):format(quote(clone), lua, quote(script))
    read(clone, command)
    read(clone, 'taskset -c 0 ' .. command .. " 'one core'")
  end
end
for _, name in ipairs(order) do
  local row, first = {('%-11s %-4s'):format(name, units[name])}, nil
  for _, clone in ipairs(clones) do
    local list = values[name] and values[name][clone] or {0 / 0}
    local middle = median(list)
    first = first or middle
    row[#row + 1] = ('%8.4g (%.3g to %.3g, %.2f)'):format(middle, list[1], list[#list], middle / first)
  end
  print(table.concat(row, '  '))
end
