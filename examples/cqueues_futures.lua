--- Futures in a cqueues controller: one coroutine for each task, none of them blocks another. Needs cqueues.
local ok, cqueues = pcall(require, 'cqueues')
if not ok then
  print('cqueues is not installed')
  os.exit(77)
end
local condition = require 'cqueues.condition'
local parallel = require 'parallel'

local pool = parallel.pool{workers = 2}
local loop, left, sum = cqueues.new(), 10, 0
local source = {pollfd = pool:fd(), events = 'r'}

-- Waits in a coroutine of cqueues.
local function await(fut)
  local done = condition.new()
  fut:on_done(function() done:signal() end)
  while not fut:done() do done:wait() end
  return fut:result()
end

for i = 1, left do
  loop:wrap(function()
    sum = sum + await(pool:submit(function(n) return n * n end, i))
    left = left - 1
  end)
end
loop:wrap(function()
  while left > 0 do
    cqueues.poll(source, 0.1)
    pool:poll()
  end
end)
assert(loop:loop())
pool:close()
print('10 results, sum ' .. sum)
