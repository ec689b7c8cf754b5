-- What two threads of lua-luv's work queue take for what ours.lua does. Only scalars cross it: tables go as lua-cjson's text.
local uv, cjson = require 'luv', require 'cjson'
uv.os_setenv('UV_THREADPOOL_SIZE', '2') -- read when the first work comes
local trips = dofile(arg[0]:gsub('[^/]*$', '') .. 'trips.lua')
local show, TASKS = trips.show, 10000
local function clock() return uv.hrtime() / 1e9 end

local function start()
  local back
  local work = uv.new_work(function(text)
    if type(text) ~= 'string' or text:byte() ~= 123 then return text end -- {
    local json = require 'cjson'
    return json.encode(json.decode(text))
  end, function(text) back = text end)
  return {
    send = function(value) work:queue(type(value) == 'table' and cjson.encode(value) or value) end,
    receive = function()
      uv.run()
      return type(back) == 'string' and back:byte() == 123 and cjson.decode(back) or back
    end,
    close = function() end,
  }
end

trips.measure(clock, start)
local results
local squares = uv.new_work(function(i, x) return i, x * x end, function(i, x) results[i] = x end)
trips.maps(clock, function(list)
  results = {}
  for i, x in ipairs(list) do squares:queue(i, x) end
  uv.run()
  return results
end)
show('submit and result', trips.seconds(clock, function()
  results = {}
  for i = 1, TASKS / 10 do squares:queue(i, i) end
  uv.run()
end) / (TASKS / 10) * 1e6, 'us')
