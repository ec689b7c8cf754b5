-- Collectives beside Open MPI's: tools/lua 5.4 bench/collectives.lua [rounds] [out.tsv]
-- In turns: the board from C (bench/collectives.c), groups from this Lua, and mpirun bench/collectives_mpi.c over shared memory, where it is
-- installed (Debian: openmpi-bin, libopenmpi-dev). Each value is the median of its batches; over the rounds the median again.
local parallel = require 'parallel'
local core = require 'parallel.core'
local rounds, path = tonumber(arg[1]) or 3, arg[2]

local figures = { -- name, doubles (0: a barrier), calls in a batch: as bench/collectives.h has them
  {'barrier', 0, 3000}, {'number', 1, 3000}, {'64KB', 8192, 300}, {'1MB', 131072, 40}, {'16MB', 2097152, 5},
  {'16MB shared', 2097152, 5}, {'16MB list', 2097152, 5}, -- in place, by itself and by a list: from Lua alone
}
-- By members: of our time from C to MPI's, and microseconds from Lua.
local goals = {
  [2] = {barrier = {1.3, 1.5}, number = {1.3, 2}, ['1MB'] = {0.8}, ['16MB'] = {0.8}},
  [4] = {barrier = {1.3}, ['1MB'] = {0.5}, ['16MB'] = {0.5}},
}

local folder = core.module_path():gsub('/lib/[^/]+/parallel/core%.so$', '/bench')
local out = path and assert(io.open(path, 'w'))
if out then out:write('lua\tmembers\tfigure\tc_us\tlua_us\tmpi_us\n') end

local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')

-- Rows "name value unit" of a program.
local function rows_of(command)
  local rows, pipe = {}, io.popen(command .. ' 2>/dev/null')
  for line in pipe:lines() do
    local name, value = line:match('^([^\t]+)\t([^\t]+)\t')
    if name then rows[name] = tonumber(value) end
  end
  pipe:close()
  return next(rows) and rows
end

local function measure_in_member(list, shared)
  local g = parallel.group()
  local torch = require 'parallel.tensor'
  local clock = require 'parallel.core'.clock
  local rows = {}
  for _, figure in ipairs(list) do
    local name, doubles, calls = figure[1], figure[2], figure[3]
    local t = name == '16MB list' and shared or name == '16MB shared' and shared[g.rank] or doubles > 1 and torch.zeros(doubles)
    local function call()
      if doubles == 0 then g:barrier() elseif doubles == 1 then g:allreduce(1.5) else g:allreduce(t) end
    end
    for _ = 1, calls / 4 + 1 do call() end
    local batch = {}
    for b = 1, 9 do
      g:barrier()
      local began = clock()
      for _ = 1, calls do call() end
      batch[b] = (clock() - began) * 1e6 / calls
    end
    table.sort(batch)
    rows[name] = batch[5]
  end
  return rows
end

local function lua_rows(n)
  local torch = require 'parallel.tensor'
  local list, shared = {}, {}
  for i = 1, n do shared[i] = torch.zeros(figures[#figures][2]):share() end
  for i = 1, n do list[i] = parallel.run(measure_in_member, figures, shared) end
  parallel.group(list)
  local rows = parallel.join(list)[1]
  parallel.close()
  return rows
end

local mpirun = ("OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --oversubscribe --bind-to none --mca btl self,vader " ..
  "-n %%d '%s/collectives_mpi'"):format(folder)

-- All values of one side by figure, a list for each.
local function gather(into, rows)
  for name, value in pairs(rows or {}) do
    into[name] = into[name] or {}
    table.insert(into[name], value)
  end
end

local function of(values, name) return values[name] and median(values[name]) end

local function show(value) return value and ('%10.4g'):format(value) or ('%10s'):format('-') end

local function verdict(value, goal)
  if not value or not goal then return '' end
  return (' <= %g%s'):format(goal, value <= goal and '' or ' MISSED')
end

print(('%s, %d rounds, medians, microseconds a call'):format(jit and jit.version or _VERSION, rounds))
for _, n in ipairs{2, 4} do
  local c, lua, mpi = {}, {}, {}
  for _ = 1, rounds do
    gather(c, assert(rows_of(("'%s/collectives' %d"):format(folder, n)), 'bench/collectives is missing: build it first (make build)'))
    gather(lua, lua_rows(n))
    gather(mpi, rows_of(mpirun:format(n)))
  end
  print(('\n%d members on %d cores %10s %10s %10s   C / MPI'):format(n, parallel.cores(), 'C', 'Lua', 'Open MPI'))
  for _, figure in ipairs(figures) do
    local name = figure[1]
    local a, b, m = of(c, name), of(lua, name), of(mpi, name)
    local goal = goals[n][name] or {}
    print(('%-20s %s %s %s   %s%s%s'):format(name, show(a), show(b), show(m), m and ('%.2f'):format(a / m) or '-', verdict(m and a / m, goal[1]),
      goal[2] and ('; Lua' .. verdict(b, goal[2]) .. ' us') or ''))
    if out and a then out:write(('%s\t%d\t%s\t%.4g\t%.4g\t%s\n'):format(jit and 'jit' or _VERSION, n, name, a, b, m or '')) end
  end
  print(('16MB beside one memcpy by all at once: %.2fx%s'):format(of(c, '16MB') / of(c, 'memcpy 16MB'),
    n == 2 and verdict(of(c, '16MB') / of(c, 'memcpy 16MB'), 3) or ''))
  local copied = of(lua, '16MB shared') / of(c, 'memcpy 16MB')
  print(('16MB shared beside one memcpy by all at once: %.2fx%s'):format(copied, n == 2 and verdict(copied, 1.5) or ''))
  print(('CPU of one that waits a second for another: %.3g ms%s'):format(of(c, 'waiting 1s: CPU'), verdict(of(c, 'waiting 1s: CPU'), 10)))
  print(('a death is told after %.3g ms%s'):format(of(c, 'death told'), verdict(of(c, 'death told'), 50)))
  print(('memory of the group: %.3g MiB%s'):format(of(c, 'memory'), n == 4 and verdict(of(c, 'memory'), 4) or ''))
  if not next(mpi) then print('Open MPI was not found, or its peer was not built (openmpi-bin, libopenmpi-dev): nothing to compare with') end
end
