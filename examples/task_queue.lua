--- A queue of requests as a server would have them: some fail, some crash their worker, some hang. All are answered.
local parallel = require 'parallel'

local function handle(request)
  local n = 0
  for i = 1, 300000 do n = n + i % 3 end
  if request % 40 == 7 then error('no such page') end
  if request % 100 == 50 then os.exit(1) end -- a crash
  if request % 100 == 99 then while true do end end -- a hang
  return ('page %d (%d)'):format(request, n)
end

local requests = {}
for i = 1, 200 do requests[i] = i end

local began = parallel.clock()
for i = 1, 200 do
  if i % 100 ~= 50 and i % 100 ~= 99 then pcall(handle, i) end -- what one process alone can survive
end
local sequential = parallel.clock() - began

began = parallel.clock()
local pool = parallel.pool{timeout = 1, retries = 0}
local answers, kinds = 0, {}
local futures = {}
for i, request in ipairs(requests) do futures[i] = pool:submit(handle, request) end
for fut in parallel.as_completed(futures) do
  local ok, err = pcall(fut.result, fut)
  if ok then answers = answers + 1 else kinds[err.code] = (kinds[err.code] or 0) + 1 end
end
local together = parallel.clock() - began
local stats = pool:stats()
pool:close()
assert(answers + kinds.failed + kinds.died + kinds.timeout == #requests)
print(('%d answers, %d errors, %d crashes, %d hangs; %d workers replaced'):format(answers, kinds.failed, kinds.died,
  kinds.timeout, stats.replaced))
print(('sequential %.2f s (without crashes and hangs)  parallel %.2f s (with them)'):format(sequential, together))
