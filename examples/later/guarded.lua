-- The frame of every program of the time: parent code in a protected call, and parallel.close() whatever happens. Try
-- it with Ctrl-C (lua guarded.lua wait), with an error of the parent (parent) or of a child (child).
require 'parallel'

function worker()
   local what = parallel.parent:receive()
   if what == 'child' then error('the child cannot go on') end
   parallel.parent:send('ready')
   while true do sys.sleep(1) end
end

function parent()
   parallel.nfork(3)
   parallel.children:exec(worker)
   parallel.children:send(mode)
   parallel.children:receive()
   print(parallel.nchildren .. ' children are ready')
   io.stdout:flush()
   if mode == 'parent' then error('the parent cannot go on') end
   parallel.children:join()
end

mode = arg and arg[1] or 'parent'
ok, err = pcall(parent)
if not ok then print(err) end
parallel.close()
print(parallel.nchildren .. ' children left')
