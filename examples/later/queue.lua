-- A process queue: the child runs whatever functions it is sent, while the parent goes on with its own work. The
-- functions may receive what they work on.
require 'parallel'

function handler()
   while true do
      local code = parallel.parent:receive()
      if code == 'stop' then break end
      code()
      collectgarbage()
   end
   parallel.parent:send(saved)
end

function main()
   queue = parallel.fork()
   queue:exec(handler)

   local suffix = '.txt'
   for i = 1, 5 do
      queue:send(function()
         saved = saved or {} -- a global of the child: it stays from one function to the next
         local text = parallel.parent:receive()
         saved[#saved + 1] = 'file' .. #saved + 1 .. suffix .. ': ' .. text:upper()
      end)
      queue:send(('line %d'):format(i))
   end
   queue:send('stop')

   for _, line in ipairs(queue:receive()) do print(line) end
   queue:sync()
end

ok, err = pcall(main)
if not ok then print(err) end
parallel.close()
