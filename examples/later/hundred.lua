-- A hundred children, of which most have nothing to say each time: nil is a message like any other.
require 'parallel'

function worker()
   local round = 0
   while true do
      local m = parallel.yield()
      if m == 'break' then break end
      round = round + 1
      if (parallel.id + round) % 10 == 0 then
         parallel.parent:send(parallel.id * 1000 + round)
      else
         parallel.parent:send(nil)
      end
   end
end

function parent()
   local list = {}
   parallel.nfork(100)
   parallel.children:exec(worker)

   while #list < 50 do
      parallel.children:join()
      local product = parallel.children:receive()
      for i = 1, parallel.nchildren do
         if product[i] ~= nil then table.insert(list, product[i]) end
      end
   end
   parallel.children:join('break')
   parallel.children:sync()

   table.sort(list)
   print(string.format('%d found, the first is %d, the last %d', #list, list[1], list[#list]))
   print('children left: ' .. parallel.nchildren)
end

ok, err = pcall(parent)
if not ok then print(err) end
parallel.close()
