-- The smallest conversation: a child that sends back what it gets. tools/lua 5.4 examples/echo.lua
local parallel = require 'parallel'

local child = parallel.run(function()
  for message in function() return parallel.parent:receive() end do parallel.parent:send(message) end
  return 'nothing more to echo'
end)

for _, message in ipairs{'hello', 42, {x = 1, y = {2, 3}}, true} do
  child:send(message)
  local back = child:receive()
  print(type(back), type(back) == 'table' and back.y[2] or back)
end
child:send(nil) -- ends its loop
print(child:join())
