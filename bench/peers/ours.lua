-- The figures that the programs beside this file have too.
local parallel = require 'parallel'
local trips = dofile(arg[0]:gsub('[^/]*$', '') .. 'trips.lua')
local clock, show, TASKS = parallel.clock, trips.show, 10000

trips.measure(clock, function()
  local child = parallel.run('local p = parallel.parent while true do local m = p:receive() if m == nil then return end p:send(m) end')
  return {
    send = function(value) child:send(value) end,
    receive = function() return child:receive() end,
    close = function()
      child:send(nil)
      child:join()
    end,
  }
end)

local function square(x) return x * x end
local items = trips.numbers(TASKS)
local pool = parallel.pool(2)
trips.maps(clock, function(list) return pool:map(square, list) end)
show('imap of the 10,000', TASKS / trips.seconds(clock, function() for _ in pool:imap(square, items) do end end) / 1e6, 'M/s')
show('submit and result', trips.seconds(clock, function()
  local futures = {}
  for i = 1, 1000 do futures[i] = pool:submit(square, i) end
  for i = 1, 1000 do futures[i]:result() end
end) / 1000 * 1e6, 'us')
pool:close()
