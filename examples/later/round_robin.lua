-- Many jobs over few workers, one after the other: each worker gets its next job when its last result was fetched.
require 'parallel'

function worker()
   while true do
      local m = parallel.yield()
      if m == 'break' then break end
      local n = parallel.parent:receive()
      local a, b = 0, 1
      for _ = 1, n do a, b = b, (a + b) % 1000007 end
      parallel.parent:send({n, a})
   end
end

function parent()
   local njobs, nworkers = 40, 4
   parallel.nfork(nworkers)
   parallel.children:exec(worker)

   local results, done = {}, 0
   for i = 1, njobs + nworkers do
      local child = parallel.children[(i - 1) % nworkers + 1]
      if i > nworkers then
         local reply = child:receive()
         results[reply[1]] = reply[2]
         done = done + 1
      end
      if i <= njobs then
         child:join()
         child:send(i)
      end
   end
   parallel.children:join('break')
   parallel.children:sync()

   print(string.format('%d jobs, %d workers, %d left', done, nworkers, parallel.nchildren))
   print(string.format('%d %d %d', results[1], results[20], results[40]))
end

ok, err = pcall(parent)
if not ok then print(err) end
parallel.close()
