--- Futures in a luv event loop: the loop goes on ticking while workers work. Needs luv.
local ok, uv = pcall(require, 'luv')
if not ok then
  print('luv is not installed')
  os.exit(77)
end
local parallel = require 'parallel'

local pool = parallel.pool{workers = 2}
local watcher, timer = uv.new_poll(pool:fd()), uv.new_timer()
local ticks, left, sum = 0, 10, 0
timer:start(1, 1, function() ticks = ticks + 1 end)
watcher:start('r', function() pool:poll() end)
for i = 1, left do
  pool:submit(function(n)
    local total = 0
    for k = 1, 2000000 do total = total + k % n end
    return total
  end, i):on_done(function(fut)
    sum = sum + fut:result()
    left = left - 1
    if left == 0 then
      watcher:stop()
      timer:stop()
    end
  end)
end
uv.run()
pool:close()
print(('10 results, sum %d, while the loop ticked %d times'):format(sum, ticks))
