-- chaos.lua SECONDS SEED: a tree of three generations whose members are killed, stopped, interrupted, or fail on their own, at
-- random, while messages of many sizes come up. Each process harms only its own children, whose ids cannot have been
-- given to anybody else. At the end nothing may be left, and every message that came must be whole and in order.
local parallel = require 'parallel'
local core = require 'parallel.core'

local seconds, seed = tonumber(arg[1]) or 5, tonumber(arg[2]) or os.time()
math.randomseed(seed)

-- How many descriptors are open, and what they are. Not through io.popen: while the command runs, its end of the pipe may not be closed
-- here yet.
local function open_descriptors()
  local name, n, list = os.tmpname(), 0, {}
  os.execute(('cd /proc/%d/fd && LD_PRELOAD= find . -type l -printf "%%f -> %%l\\n" >%s'):format(parallel.pid, name))
  for line in io.lines(name) do n, list[#list + 1] = n + 1, line end
  os.remove(name)
  return n, table.concat(list, ', ')
end

-- What a message with this number must contain.
local function body(n) return (tostring(n) .. ','):rep((n * 7919) % 97 * (n % 13 == 0 and 3000 or 10)) end

-- A member of the tree. depth 0: a leaf that sends; above: keeps two children alive, checks and passes on their counts.
local function member(depth, seconds, seed) -- luacheck: ignore
  local parallel, core = require 'parallel', require 'parallel.core' -- luacheck: ignore
  math.randomseed(seed)
  local deadline = core.clock() + seconds

  local function leaf()
    local n = 0
    while core.clock() < deadline do
      n = n + 1
      parallel.parent:send{n = n, text = body(n)}
      local luck = math.random(4000)
      if luck == 1 then error('by chance') end
      if luck == 2 then os.exit(3) end
      if luck == 3 then return 'early' end
      if luck == 4 then print(('noise '):rep(20000)) end
    end
    return 'late'
  end
  if depth == 0 then return leaf() end

  local stats = {messages = 0, deaths = 0, failures = 0, returns = 0, broken = 0}
  local last, stopped = {}, {}

  local function start()
    parallel.start_method = math.random(4) == 1 and 'forkserver' or nil
    local options = {code = member, args = {depth - 1, seconds, math.random(2 ^ 30)}, stdout = os.getenv('CHAOS_VERBOSE') and 'inherit' or 'null'}
    if math.random(4) == 1 then options.stdout = 'capture' end
    local ok, child = pcall(parallel.run, options)
    if ok then last[child.id] = 0 end
  end

  local function check(child, value)
    if value.stats then
      for name, n in pairs(value.stats) do stats[name] = stats[name] + n end
      return
    end
    stats.messages = stats.messages + 1
    if value.n ~= last[child.id] + 1 or value.text ~= body(value.n) then
      stats.broken = stats.broken + 1
      io.stderr:write(('chaos: from %s.%d: message %s after %s, text %s\n'):format(parallel.id, child.id,
        tostring(value.n), tostring(last[child.id]), value.text == body(value.n) and 'whole' or 'broken'))
    end
    last[child.id] = value.n
  end

  local function bury(child)
    local ok, err = pcall(child.join, child, nil, {timeout = 100})
    if ok then stats.returns = stats.returns + 1
    elseif err.code == 'died' then stats.deaths = stats.deaths + 1
    elseif err.code == 'failed' then stats.failures = stats.failures + 1
    else error(err, 0) end
    while true do -- what it said before it ended
      local came, value = child:try_receive(0)
      if not came then break end
      check(child, value)
    end
    child:close()
    stopped[child] = nil
  end

  local function harm()
    for child in pairs(stopped) do
      child:kill('CONT')
      stopped[child] = nil
    end
    for _, child in pairs(parallel.children) do
      local luck = math.random(30)
      if luck == 1 then child:kill('KILL')
      elseif luck == 2 then child:kill('INT')
      elseif luck == 3 then child:kill('TERM')
      elseif luck <= 5 then
        child:kill('STOP')
        stopped[child] = true
      end
    end
  end

  -- Passes on what was counted, in between: who is killed keeps little back.
  local function report()
    if parallel.id == 0 then return end
    parallel.parent:send{stats = stats}
    for name in pairs(stats) do stats[name] = 0 end
  end

  local next_harm = core.clock() + 0.05
  -- On a busy machine the time may be over before anything has happened.
  local function nothing_yet()
    return parallel.id == 0 and (stats.messages == 0 or stats.deaths == 0) and core.clock() < deadline + 60
  end
  while core.clock() < deadline or nothing_yet() do
    while parallel.nchildren < 2 do start() end
    local child = parallel.select(0.02)
    if child then
      local came, value = child:try_receive(0)
      if came then check(child, value)
      elseif value.code ~= 'timeout' then bury(child) end
    end
    if core.clock() > next_harm then
      harm()
      next_harm = core.clock() + math.random() * 0.2
      report()
      collectgarbage()
    end
  end
  parallel.close()
  report()
  return stats
end

-- Every process of the tree carries this in the environment that it was started with; this one itself does not.
local mark = ('PARALLEL_CHAOS=%d.%.0f'):format(parallel.pid, core.clock() * 1e9)
local variable, value = mark:match('(.*)=(.*)')

-- Pieces of shared memory that are mapped here. One of them shows this process to those who look at it (parallel.top).
local function shared_count()
  local file = io.open('/proc/self/maps')
  local _, n = file:read('*a'):gsub('memfd:', '')
  file:close()
  return n
end

local function output_of(command)
  local pipe = io.popen('export LD_PRELOAD=; ' .. command)
  local text = pipe:read('*a')
  pipe:close()
  return text
end

-- The members that are still there, of whatever generation, stopped and orphaned ones too. Orphans have a moment to end in.
local function left_over()
  local command = ('ps -o pid=,ppid=,stat=,args= -p "$(grep -lsz "^%s$" /proc/[0-9]*/environ | tr -dc "0-9\\n" | paste -sd,)" 2>/dev/null')
    :format(mark)
  local deadline, list = core.clock() + 60
  repeat
    list = output_of(command)
  until list == '' or core.clock() > deadline
  return list
end

-- Whatever is made once is made now.
core.set_variable(variable, value)
parallel.run('parallel.parent:receive()')
parallel.select(0)
parallel.close()
collectgarbage()
local before, shared = open_descriptors(), shared_count()
local stats = member(2, seconds, seed)
core.set_variable(variable, false)
collectgarbage()
collectgarbage()

local problems = {}
local function expect(condition, text) if not condition then problems[#problems + 1] = text end end
expect(stats.broken == 0, stats.broken .. ' messages were broken or out of order')
expect(stats.messages > 0, 'no message came')
expect(stats.deaths > 0, 'nobody was killed')
expect(parallel.nchildren == 0, 'children are left')
local children = output_of('ps -o pid=,stat=,args= --ppid ' .. parallel.pid .. ' | grep -v "ps -o\\|sh -c\\|grep"')
expect(children == '', 'children are left: ' .. children)
local others = left_over()
expect(others == '', 'descendants are left:\n' .. others)
local named = output_of('find /dev/shm -name "par????????????????" -size +0 2>/dev/null') -- of the portable backend
expect(named == '', 'shared memory is left: ' .. named)
local descriptors, which = open_descriptors() -- there are fewer when the child of before took its time to end
expect(descriptors <= before, ('%d descriptors, %d before: %s'):format(descriptors, before, which))
expect(shared_count() <= shared, ('%d pieces of shared memory are mapped, %d before'):format(shared_count(), shared))

print(('chaos: seed %d, %.0f s: %d messages, %d deaths, %d failures, %d returns')
  :format(seed, seconds, stats.messages, stats.deaths, stats.failures, stats.returns))
for _, problem in ipairs(problems) do print('PROBLEM: ' .. problem) end
os.exit(#problems == 0 and 0 or 1)
