-- The figures that the programs beside this file have too: name, value, unit, tab between them.
local parallel = require 'parallel'
local TASKS, MANY, TRIPS = 10000, 1000000, 5000

local function seconds(f)
  f()
  local began = parallel.clock()
  f()
  return parallel.clock() - began
end

local function square(x) return x * x end
local function show(name, value, unit) print(('%s\t%.6g\t%s'):format(name, value, unit)) end

local child = parallel.run('local p = parallel.parent while true do local m = p:receive() if m == nil then return end p:send(m) end')
show('round trip of a number', seconds(function()
  for i = 1, TRIPS do
    child:send(i)
    child:receive()
  end
end) / TRIPS * 1e6, 'us')
child:send(nil)
child:join()

local items = {}
for i = 1, TASKS do items[i] = i end
local pool = parallel.pool(2)
show('map of x*x over 10,000', TASKS / seconds(function() pool:map(square, items) end) / 1e6, 'M/s')
local many = {}
for i = 1, MANY do many[i] = i end
show('map of x*x over 1,000,000', MANY / seconds(function() pool:map(square, many) end) / 1e6, 'M/s')
show('imap of the 10,000', TASKS / seconds(function() for _ in pool:imap(square, items) do end end) / 1e6, 'M/s')
show('submit and result', seconds(function()
  local futures = {}
  for i = 1, 1000 do futures[i] = pool:submit(square, i) end
  for i = 1, 1000 do futures[i]:result() end
end) / 1000 * 1e6, 'us')
pool:close()
