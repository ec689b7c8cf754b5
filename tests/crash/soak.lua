-- soak.lua SECONDS SEED: one parent and children that flood it, say nothing, echo, end in every way, stop, or close their descriptors,
-- while the parent does whatever can be done with them, at random and with time limits, and hooks and finalizers close them in the middle
-- of it.
-- Every call comes back, every error is one of the library's, memory stays in its bounds, and at the end nothing is left.
local parallel = require 'parallel'
local core = require 'parallel.core'

local seconds, seed = tonumber(arg[1]) or 5, tonumber(arg[2]) or os.time()
math.randomseed(seed)
local sanitized = os.getenv('PARALLEL_SANITIZE') or ''

local CHILDREN, INBOX = 6, 8 * 2 ^ 20
-- What may be held: the inboxes, a message in hand beside each of them, and what the allocators keep.
local GROWTH_MAX = 2 * CHILDREN * INBOX + 250 * 2 ^ 20
local LATE = 60 -- seconds beyond its time limit after which a call counts as hung: machines are busy

parallel.setInboxSize(INBOX)

-- --- the children ---
local close_all = [[
  local function close(fd) end
  if jit then
    local ffi = require 'ffi'
    ffi.cdef 'int close(int);'
    close = ffi.C.close
  else
    local ok, luv = pcall(require, 'luv')
    if ok then close = function(fd) pcall(luv.fs_close, fd) end end
  end
  local function close_all() for fd = 3, 80 do close(fd) end end
]]
local behaviours = {
  'local i = 0 while true do i = i + 1 parallel.parent:send(i) end',
  'local t = {} for i = 1, 2000 do t[i] = {i, "x" .. i} end while true do parallel.parent:send(t) end',
  'local s = ("x"):rep(3e6) while true do parallel.parent:send(s) end',
  'local t = parallel.tensor.rand(300, 300) while true do parallel.parent:send{t, t:clone()} end',
  'local t = parallel.tensor.rand(200, 200):share() while true do parallel.parent:send{t, t:storage()} end',
  'while true do pcall(parallel.parent.send, parallel.parent, {hooked = io.stdout, 1}) end',
  'while true do parallel.parent:send(io.stdout) end',
  'while true do parallel.parent:receive() end',
  'while true do parallel.parent:send((parallel.parent:receive())) end',
  'while true do parallel.yield() end',
  'for i = 1, 200 do parallel.parent:send(i) end error({"an object"})',
  'parallel.parent:send("last words") os.exit(3)',
  'return ("y"):rep(2e6), parallel.tensor.ones(500, 500)',
  'parallel.parent:send(1) local function f() return f() end f()',
  close_all .. 'parallel.parent:send(1) close_all() while true do parallel.parent:send(2) end',
  close_all .. 'for i = 1, 100 do pcall(parallel.parent.send, parallel.parent, ("z"):rep(i * 3000)) end close_all() parallel.parent:receive()',
  close_all .. 'local t = parallel.tensor.rand(300, 300) for i = 1, 5 do parallel.parent:send(t) end close_all() return 1',
}

-- --- hooks that close, in the middle of whatever it is ---
local counts = {calls = 0, errors = 0, closed_by_hooks = 0, finalizers = 0, started = 0, codes = {}}
local function close_any()
  local list = {}
  for _, child in pairs(parallel.children) do list[#list + 1] = child end
  if #list == 0 then return end
  counts.closed_by_hooks = counts.closed_by_hooks + 1
  list[math.random(#list)]:close()
end
local function perhaps(n, f, ...) if math.random(n) == 1 then f(...) end end
local hooked = {
  encode = function()
    perhaps(6, close_any)
    return 'a value'
  end,
  decode = function()
    perhaps(20, close_any)
    return io.stdout
  end,
}
parallel.register('FILE*', hooked)
local prelude = "parallel.register('FILE*', {encode = function() return 1 end, decode = function() return io.stdout end})\n"

local function with_debug_hook(f, ...)
  local left = math.random(30)
  debug.sethook(function()
    left = left - 1
    if left > 0 then return end
    debug.sethook()
    close_any()
  end, '', math.random(200))
  local ok, err = pcall(f, ...)
  debug.sethook()
  return ok, err
end

-- Something that the collector finds at some moment, in the middle of any call, and that does this then. What it raises is nobody's error.
local function drop_finalizer(f)
  local function finalize()
    counts.finalizers = counts.finalizers + 1
    pcall(f)
  end
  if newproxy then getmetatable(newproxy(true)).__gc = finalize -- luacheck: ignore
  else setmetatable({}, {__gc = finalize}) end
end

-- --- what the parent does ---
local large = {}
for i = 1, 20000 do large[i] = {i} end
local tensor = parallel.tensor.rand(300, 400)
local values = {1, 'text', ('long'):rep(1e5), large, tensor, {tensor, tensor:clone()}, io.stdout, {io.stdout, io.stdout}, print,
  function() return large[1] end}
local function value() return values[math.random(#values)] end
local shared_table = parallel.table()
local function use_table()
  local key = 'key ' .. math.random(200)
  shared_table:set(key, ('v'):rep(math.random(3000)))
  if #(shared_table:get(key) or 'v') < 1 then error('an empty value') end
  for k, v in shared_table:pairs() do
    if not (k:match('^key %d+$') and v:match('^v+$')) then error('what came is not what is there') end
  end
end
local function limit() return math.random(3) == 1 and 0.3 or math.random() * 0.02 end

-- Each gets a child; those of groups look at all.
local calls = {
  function(child, seconds) child:send(value(), {timeout = seconds}) end,
  function(child, seconds) child:send(value(), {timeout = seconds}) end,
  function(child, seconds) child:receive{timeout = seconds} end,
  function(child, seconds) for _ = 1, 300 do child:receive{timeout = seconds / 300} end end,
  function(child) for _ = 1, 50 do if not child:try_receive(0) then break end end end,
  function(child, seconds) child:join({timeout = seconds}) end,
  function(child, seconds) child:sync({timeout = seconds}) end,
  function(_, seconds) parallel.children:send(value(), {timeout = seconds}) end,
  function(_, seconds) parallel.children:join({timeout = seconds}) end,
  function(_, seconds) parallel.children:sync({timeout = seconds}) end,
  function(_, seconds) parallel.select(seconds) end,
  function(_, seconds)
    local n = 0
    for _ in parallel.children:messages{timeout = seconds} do
      n = n + 1
      if n == 40 then break end
    end
  end,
  function(child) child:kill(({'KILL', 'TERM', 'INT', 'STOP', 'STOP', 'CONT'})[math.random(6)]) end,
  function(child) child:status() end,
  function(child) child:output() end,
  function(child) child:close() end,
  use_table,
}
local in_finalizers = {
  close_any,
  use_table,
  function() parallel.decode(parallel.encode({value()}, {lossy = true})) end,
  function()
    local _, child = next(parallel.children)
    if child then child:try_receive(0) end
  end,
}

local problems, worst = {}, 0
local function expect(condition, text) if not condition and #problems < 20 then problems[#problems + 1] = text end end

local function resident()
  local file = io.open('/proc/self/status')
  if not file then return 0 end
  local text = file:read('*a')
  file:close()
  return tonumber(text:match('VmRSS:%s*(%d+)')) * 1024
end

-- Errors are the library's, or those of a call on a child that a hook has closed.
local known = {timeout = true, full = true, died = true, failed = true, closed = true, limit = true, corrupt = true}
local function judge(err)
  counts.errors = counts.errors + 1
  local text, code = tostring(err), type(err) == 'table' and err.code
  if not known[code] then code = text:find('closed', 1, true) and 'closed' or text:find('it waits in parallel.yield()', 1, true) and 'yields' end
  expect(code, 'an error that nobody expects: ' .. text)
  counts.codes[code or text] = (counts.codes[code or text] or 0) + 1
end

local function one()
  local list = {}
  for _, child in pairs(parallel.children) do list[#list + 1] = child end
  if #list == 0 then return end
  local call, seconds, began = calls[math.random(#calls)], limit(), core.clock()
  local run = math.random(8) == 1 and with_debug_hook or pcall
  perhaps(4, drop_finalizer, in_finalizers[math.random(#in_finalizers)])
  local ok, err = run(call, list[math.random(#list)], seconds)
  counts.calls = counts.calls + 1
  local took = core.clock() - began
  if took > worst then worst = took end
  expect(took < seconds + LATE, ('a call with a time limit of %.2f s took %.1f s'):format(seconds, took))
  if not ok then judge(err) end
end

local function start()
  parallel.start_method = math.random(4) == 1 and 'forkserver' or nil
  local ok, err = pcall(parallel.run, {code = prelude .. behaviours[math.random(#behaviours)], stdout = math.random(3) == 1 and 'capture' or 'null'})
  if ok then counts.started = counts.started + 1 else judge(err) end
end

-- How many descriptors are open, and what they are.
local function open_descriptors()
  local name, n, list = os.tmpname(), 0, {}
  os.execute(('cd /proc/%d/fd && LD_PRELOAD= find . -type l -printf "%%f -> %%l\\n" >%s'):format(parallel.pid, name))
  for line in io.lines(name) do n, list[#list + 1] = n + 1, line end
  os.remove(name)
  return n, table.concat(list, ', ')
end

-- Pieces of shared memory that are mapped here. One of them shows this process to those who look at it (parallel.top).
local function shared_count()
  local file = io.open('/proc/self/maps')
  if not file then return 0 end
  local _, n = file:read('*a'):gsub('memfd:', '')
  file:close()
  return n
end

local function settle()
  parallel.close()
  collectgarbage()
  collectgarbage()
  core.trim() -- shared memory that is kept for the next message
end

-- Whatever is made once is made now.
for _, method in ipairs{'forkserver', 'spawn'} do
  parallel.start_method = method ~= 'spawn' and method or nil
  parallel.run('parallel.parent:receive()')
  parallel.select(0)
  parallel.close()
end
settle()
local fds, first = open_descriptors()
local shared, before, peak = shared_count(), resident(), 0
local deadline, look = core.clock() + seconds, 0
while core.clock() < deadline do
  while parallel.nchildren < CHILDREN do start() end
  for _ = 1, 10 do one() end
  if core.clock() > look then
    peak, look = math.max(peak, resident()), core.clock() + 0.2
    if math.random(10) == 1 then collectgarbage() end
  end
end
settle()
parallel.start_method = nil -- the child that is started below needs no fork server, which would stay

expect(counts.calls > 0, 'nothing was called')
expect(parallel.nchildren == 0, 'children are left')
expect(sanitized ~= '' or peak - before < GROWTH_MAX,
  ('memory grew by %.0f MB, more than %.0f'):format((peak - before) / 2 ^ 20, GROWTH_MAX / 2 ^ 20))
local limit_of_end = core.clock() + 60
local left
repeat -- the fork server's children end a moment later; what did not end in time is reaped when another child is started
  parallel.run('return'):join()
  local pipe = io.popen('LD_PRELOAD= ps -o pid=,stat=,args= --ppid ' .. parallel.pid .. ' | grep -v "ps -o\\|sh -c\\|grep"')
  left = pipe:read('*a')
  pipe:close()
until left == '' or core.clock() > limit_of_end
expect(left == '', 'children are left: ' .. left)
local descriptors, which = open_descriptors()
expect(descriptors <= fds, ('%d descriptors, %d before: %s; before: %s'):format(descriptors, fds, which, first))
expect(shared_count() <= shared, ('%d pieces of shared memory are mapped, %d before'):format(shared_count(), shared))

local codes = {}
for code, n in pairs(counts.codes) do codes[#codes + 1] = ('%s %d'):format(code, n) end
table.sort(codes)
print(('soak: seed %d, %.0f s: %d calls on %d children, %d closed by hooks, %d finalizers, the slowest took %.2f s, memory grew by %.0f MB')
  :format(seed, seconds, counts.calls, counts.started, counts.closed_by_hooks, counts.finalizers, worst, (peak - before) / 2 ^ 20))
print('soak: errors: ' .. table.concat(codes, ', '))
for _, problem in ipairs(problems) do print('PROBLEM: ' .. problem) end
os.exit(#problems == 0 and 0 or 1)
