-- A libuv loop that serves children beside timers: tools/lua 5.4 examples/luv.lua      (Debian: lua-luv)
-- parallel.fd() is readable when select may find a child; select(0) takes what is there without waiting.
local uv = require 'luv'
local parallel = require 'parallel'

for i = 1, 3 do
  parallel.run([[
    for n = 1, 4 do parallel.parent:send(('message %d of child %d'):format(n, parallel.id)) end
    return parallel.id * 100
  ]])
end

local messages, ended, ticks = 0, 0, 0
local poll = uv.new_poll(parallel.fd())
local timer = uv.new_timer()
timer:start(0, 5, function() ticks = ticks + 1 end)

local function serve()
  while true do
    local child = parallel.select(0)
    if not child then return end
    local came, value = child:try_receive()
    if came then
      messages = messages + 1
      print(value)
    elseif value.code ~= 'timeout' then -- it has ended
      ended = ended + 1
      print('child ' .. child.id .. ' returned ' .. child:join())
    end
    if ended == 3 then
      poll:close()
      timer:close()
      return
    end
  end
end

poll:start('r', function(err)
  assert(not err, err)
  serve()
end)
uv.run()
print(('%d messages, %d children, the timer ran: %s'):format(messages, ended, tostring(ticks > 0)))
