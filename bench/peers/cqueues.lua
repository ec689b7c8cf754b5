-- What threads of lua-cqueues and their socket pairs take, with lua-cjson, for what ours.lua does.
local cqueues, thread, cjson = require 'cqueues', require 'cqueues.thread', require 'cjson'
local trips = dofile(arg[0]:gsub('[^/]*$', '') .. 'trips.lua')
local clock = cqueues.monotime

-- Runs in a Lua state of its own. A message is the digits of its length in a line, and its bytes.
local function answer(socket)
  local json = require 'cjson'
  socket:setmode('bn', 'bn')
  for length in socket:lines '*l' do
    local value = json.decode((socket:read(tonumber(length))))
    if type(value) == 'table' and value[1] then
      for i, x in ipairs(value) do value[i] = x * x end
    end
    local text = json.encode(value)
    socket:write(#text .. '\n' .. text)
    socket:flush()
  end
end

local function start()
  local worker, socket = thread.start(answer)
  socket:setmode('bn', 'bn')
  return {
    send = function(value)
      local text = cjson.encode(value)
      socket:write(#text .. '\n' .. text)
      socket:flush()
    end,
    receive = function() return cjson.decode((socket:read(tonumber(socket:read '*l')))) end,
    close = function()
      socket:close()
      worker:join()
    end,
  }
end

trips.measure(clock, start)
local a, b = start(), start()
trips.maps(clock, function(list) return trips.map_by_hand(a, b, list) end)
a.close()
b.close()
