-- Workers with workers of their own: each child splits its task over two grandchildren.
require 'parallel'

function worker()
   local from, to = parallel.args[1], parallel.args[2]
   local middle = math.floor((from + to) / 2)

   local code = [[
      local from, to = ...
      local sum = 0
      for i = from, to do sum = sum + i * i end
      parallel.parent:send({parallel.id, parallel.parent.id, sum})
   ]]
   local helpers = parallel.nfork(2)
   helpers[1]:exec(code, from, middle)
   helpers[2]:exec(code, middle + 1, to)

   local sum = 0
   for i, reply in ipairs(helpers:receive()) do
      assert(reply[1] == i and reply[2] == parallel.id)
      sum = sum + reply[3]
   end
   helpers:sync()
   parallel.parent:send(sum)
end

function parent()
   local total = 0
   for i = 1, 3 do
      local child = parallel.fork(nil, nil, nil, (i - 1) * 100 + 1, i * 100)
      child:exec(worker)
   end
   local replies = parallel.children:receive()
   for i = 1, 3 do
      print(string.format('worker %d: %d', i, replies[i]))
      total = total + replies[i]
   end
   parallel.children:sync()
   print(string.format('1^2 + ... + 300^2 = %d', total))
end

ok, err = pcall(parent)
if not ok then print(err) end
parallel.close()
