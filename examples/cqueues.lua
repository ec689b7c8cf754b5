-- A cqueues controller with a coroutine for each child: tools/lua 5.4 examples/cqueues.lua      (Debian: lua-cqueues)
-- child:fd() is readable when something can be received.
local cqueues = require 'cqueues'
local parallel = require 'parallel'

local controller, messages, ended, ticks, alive = cqueues.new(), 0, 0, 0, 3

-- Waits until child:fd() is readable; returns true and a message, or false and the reason.
local function receive(child)
  while true do
    local came, value = child:try_receive()
    if came or value.code ~= 'timeout' then return came, value end
    cqueues.poll({pollfd = child:fd(), events = 'r'}, 1)
  end
end

for i = 1, 3 do
  local child = parallel.run([[
    for n = 1, 4 do parallel.parent:send(('message %d of child %d'):format(n, parallel.id)) end
    return parallel.id * 100
  ]])
  local fd = child:fd()
  controller:wrap(function()
    while true do
      local came, value = receive(child)
      if not came then break end
      messages = messages + 1
      print(value)
    end
    alive = alive - 1
    cqueues.cancel(fd) -- before join closes it: the controller remembers descriptors
    ended = ended + 1
    print('child ' .. child.id .. ' returned ' .. child:join())
  end)
end

controller:wrap(function()
  while alive > 0 do
    ticks = ticks + 1
    cqueues.sleep(0.005)
  end
end)

assert(controller:loop())
print(('%d messages, %d children, the timer ran: %s'):format(messages, ended, tostring(ticks > 0)))
