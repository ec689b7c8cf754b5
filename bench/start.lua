-- Starting and ending children: tools/lua 5.4 bench/start.lua [--many] [rounds] [out.tsv]
-- Medians, beside the same interpreter started by the same posix_spawn to run nothing, until its end is noticed (bench/spawn.c), in
-- turns. --many starts 10,000 children one after the other, and 1,000 at once.
local parallel = require 'parallel'
local core = require 'parallel.core'
local many = arg[1] == '--many' and table.remove(arg, 1)
local rounds, path = tonumber(arg[1]) or 31, arg[2]
local clock = core.clock

local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')

local out = path and assert(io.open(path, 'w'))
if out then out:write('lua\tfigure\tvalue\tunit\tbeside\tgoal\n') end
print(('%s, %d rounds, medians'):format(jit and jit.version or _VERSION, rounds))

local function row(name, value, unit, beside, goal)
  print(('%-40s %9.3g %-5s %-36s %s'):format(name, value, unit, beside or '', goal or ''))
  if out then
    out:write(('%s\t%s\t%.4g\t%s\t%s\t%s\n'):format(jit and 'jit' or _VERSION, name, value, unit, beside or '', goal or ''))
  end
end

-- Until the first message has come.
local function start_ms()
  local before = clock()
  local child = parallel.run('parallel.parent:send(1)')
  child:receive()
  local ms = (clock() - before) * 1e3
  child:join()
  return ms
end

local bare_program = core.module_path():gsub('/lib/[^/]+/parallel/core%.so$', '/bench/spawn')

-- The median of three starts of an interpreter that runs nothing.
local function bare_ms()
  local pipe = io.popen(("'%s' 3 '%s' -e ''"):format(bare_program, core.program_path()))
  local ms = tonumber(pipe:read('*a'))
  pipe:close()
  return ms or error(bare_program .. ' is missing: build it first (make build)', 0)
end

local function starts(name)
  local ours, bare = {}, {}
  start_ms()
  for i = 1, rounds do
    ours[i] = start_ms()
    bare[i] = bare_ms()
  end
  local a, b = median(ours), median(bare)
  row(name, a, 'ms', ("%.3g ms for lua -e '', ratio %.2f"):format(b, a / b), '<= 1.5x')
end

local function forkserver()
  parallel.start_method = 'forkserver'
  start_ms()
  local list = {}
  for i = 1, rounds do list[i] = start_ms() end
  row('start by fork server', median(list), 'ms', '', '<= 0.7 ms')
  parallel.close()
  parallel.start_method = nil
end

local function from_large_parent()
  local torch = require 'parallel.tensor'
  local ballast = torch.ByteTensor(2 ^ 30):fill(1)
  starts('start to first message, parent of 1 GB')
  assert(ballast[1] == 1)
end

-- How long after its death a blocked parent has the error.
local function death()
  local list = {}
  for i = 1, rounds do
    local child = parallel.run('parallel.parent:send(1) parallel.parent:receive() parallel.parent:send(parallel.clock()) ' ..
      'require("parallel.core").exit_now(3)')
    child:receive()
    child:send(1)
    local died = child:receive()
    pcall(child.receive, child)
    list[i] = (clock() - died) * 1e3
    child:close()
  end
  row('death noticed by a blocked parent', median(list), 'ms', '', '< 10 ms')
end

local function alive_at_once(n)
  local before = clock()
  for i = 1, n do parallel.run('parallel.parent:send(parallel.id) parallel.parent:receive()') end
  for _, child in pairs(parallel.children) do child:receive() end
  local answered = clock()
  parallel.close()
  row(('%d children alive, all answering'):format(n), answered - before, 's', ('%.3g s to close'):format(clock() - answered), '< 5 s')
end

local function resident_kb()
  local file = io.open('/proc/self/status')
  if not file then return 0 end
  local kb = file:read('*a'):match('VmRSS:%s*(%d+)')
  file:close()
  return tonumber(kb)
end

local function one_after_another(n)
  local function some(count) for i = 1, count do parallel.run('return 1'):join() end collectgarbage() collectgarbage() end
  some(n / 10)
  local kb, before = resident_kb(), clock()
  some(n)
  row(('%d children, started and joined'):format(n), clock() - before, 's', ('grew by %d KB'):format(resident_kb() - kb), '0')
end

starts('start to first message')
forkserver()
death()
alive_at_once(many and 1000 or 100)
one_after_another(many and 10000 or 200)
from_large_parent()
if out then out:close() end
