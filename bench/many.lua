-- Waiting for many children at once: tools/lua 5.4 bench/many.lua [children] [rounds] [out.tsv]
-- Medians over the rounds; every child answers a number with so many messages. Beside them what as many bare processes take that are
-- woken by pipes (wakes.c), where that was built, and such that touch as much memory for a message as a child here does.
local parallel = require 'parallel'
local n, rounds, path = tonumber(arg[1]) or 1000, tonumber(arg[2]) or 9, arg[3]
local build = os.getenv('PARALLEL_BUILD') or arg[0]:gsub('[^/]*$', '') .. '../build/release'
local clock = parallel.clock
local MESSAGES = 10 -- of each child, for select
local PAGES, LINES = 76, 6 -- what a child touches for one message, of its code as well: so many pages, in each so many lines of the cache

local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')

local function echo()
  local parent = parallel.parent
  while true do
    local message = parent:receive()
    if message == 'end' then return end
    for _ = 1, message do parent:send(message) end
  end
end

local function bare_us(pages)
  local pipe = io.popen(('%s/bench/wakes %d %d %d %d 2>/dev/null'):format(build, n, rounds, pages, LINES))
  local us = tonumber(pipe:read('*l'))
  pipe:close()
  return us
end

local bare, touching = bare_us(0), bare_us(PAGES)
local list = {}
for i = 1, n do list[i] = parallel.run(echo) end

-- One message to each and one back.
local function back_and_forth()
  local before = clock()
  for i = 1, n do list[i]:send(1) end
  for i = 1, n do list[i]:receive() end
  return (clock() - before) / n
end

-- MESSAGES of each, taken one by one from whoever has one.
local function taken_by(choose)
  for i = 1, n do list[i]:send(MESSAGES) end
  local before = clock()
  for _ = 1, n * MESSAGES do choose():receive() end
  return (clock() - before) / (n * MESSAGES)
end

local figures = { -- what, how, goal in us
  {'one message and back, a child', back_and_forth, 12},
  {'select(list), a message', function() return taken_by(function() return parallel.select(list) end) end, 25},
  {'select(), a message', function() return taken_by(parallel.select) end, 25},
}
local out = path and assert(io.open(path, 'w'))
print(('%s, %d children, %d rounds, medians'):format(jit and jit.version or _VERSION, n, rounds))
if bare then print(('%-32s %8.3g us'):format('bare processes and pipes', bare)) end
if touching then print(('%-32s %8.3g us'):format('that touch as much memory', touching)) end
for _, figure in ipairs(figures) do
  local times = {}
  figure[2]()
  for i = 1, rounds do times[i] = figure[2]() * 1e6 end
  print(('%-32s %8.3g us  (<= %d)'):format(figure[1], median(times), figure[3]))
  if out then out:write(('%s\t%.4g\t%d\n'):format(figure[1], median(times), figure[3])) end
end
if out then out:close() end
for i = 1, n do list[i]:send('end') end
parallel.children:join()
