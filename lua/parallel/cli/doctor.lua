--- luapar doctor: what is found on this machine, and what would be slow or missing, and why.
local compat = require 'parallel.compat'
local core = require 'parallel.core'

local function read(path)
  local file = io.open(path, 'r')
  local text = file and file:read('*a')
  if file then file:close() end
  return text
end

local function ok(what, text) print(('  ok    %-14s %s'):format(what, text)) end
local function note(what, text) print(('  note  %-14s %s'):format(what, text)) end
local function bad(what, text)
  print(('  BAD   %-14s %s'):format(what, text))
  return 1
end

-- --- Lua ---

local function check_lua(parallel)
  local name = rawget(_G, 'jit') and rawget(_G, 'jit').version or _VERSION
  ok('library', ('release %s, %s'):format(parallel._VERSION, core.module_path()))
  ok('this Lua', ('%s, %s'):format(name, core.program_path() or '?'))
  if core.direct_state then
    local state = tostring(core.direct_state())
    if state:find('^on') then ok('codec', 'tables are read in the memory of this Lua, as a self-test allows')
    else note('codec', ('tables are read through the API of this Lua, 2 to 20 times slower: %s'):format(state)) end
  end
end

-- Which interpreters can be children: each is started once.
local function check_interpreters(parallel)
  local found, failures = {}, 0
  for _, lua in ipairs{'lua5.1', 'lua5.2', 'lua5.3', 'lua5.4', 'lua5.5', 'luajit'} do
    local started, child = pcall(parallel.run, {lua = lua, code = 'return 1', stdout = 'null'})
    if started and pcall(child.join, child) then
      found[#found + 1] = lua
    elseif not tostring(child):find('No such file', 1, true) then
      note('interpreter', ("%s is there, but without the library for its kind: lua='%s' cannot be used"):format(lua, lua))
    end
  end
  local began = core.clock()
  local own, child = pcall(parallel.run, 'return 1')
  if own and pcall(child.join, child) then
    ok('children', ('start in %.1f ms'):format((core.clock() - began) * 1000))
  else
    failures = bad('children', 'cannot be started: ' .. tostring(child))
  end
  ok('interpreters', #found > 0 and table.concat(found, ', ') .. ' can be children (lua=)' or 'none by these names: lua5.1 ... lua5.4, luajit')
  return failures
end

-- --- the machine ---

local function check_cores()
  local usable, all = core.cores(), 0
  for _ in (read('/proc/cpuinfo') or ''):gmatch('processor%s*:') do all = all + 1 end
  if all > usable then
    note('cores', ('%d of %d may be used: affinity (taskset, Slurm) or a quota of the control group (containers)'):format(usable, all))
  else
    ok('cores', ('%d'):format(usable))
  end
  if usable == 1 then note('cores', 'with one core nothing is gained by parallel work, but for waiting in several places') end
end

local function check_limits()
  local limits = read('/proc/self/limits') or ''
  local files = tonumber(limits:match('Max open files%s+(%d+)'))
  local processes = limits:match('Max processes%s+(%S+)')
  if files then
    local text = ('%d: some %d children, each takes 3 or 4'):format(files, math.floor((files - 20) / 4))
    if files < 256 then note('descriptors', text .. '; ulimit -n 4096 allows more') else ok('descriptors', text) end
  end
  if processes then ok('processes', processes) end
  local memory = tonumber((read('/proc/meminfo') or ''):match('MemAvailable:%s+(%d+)'))
  if memory then
    local text = ('%.1f GiB available'):format(memory / 2 ^ 20)
    if memory < 2 ^ 20 * 0.25 then note('memory', text .. ': workers may be killed; memory_limit= tells which') else ok('memory', text) end
  end
  local load_average = tonumber((read('/proc/loadavg') or ''):match('^(%S+)'))
  if load_average and load_average > core.cores() then
    note('load', ('%.1f: others use the cores as well, so everything takes longer'):format(load_average))
  end
end

-- --- libraries ---

-- Can a library be loaded? Nothing of it is called.
local function has_library(name)
  local _, _, where = package.loadlib(name, '*')
  return where ~= 'open'
end

local function check_libraries()
  local blas = os.getenv('PARALLEL_BLAS')
  for _, name in ipairs{'libopenblas.so.0', 'libcblas.so.3', 'libblas.so.3'} do blas = blas or has_library(name) and name end
  if blas then ok('BLAS', blas)
  else note('BLAS', 'none: products of matrices are slower by 2 to 10 times (Debian: libopenblas0, or PARALLEL_BLAS=path)') end
  if has_library('libzmq.so.5') then ok('ZeroMQ', 'libzmq.so.5: hosts by transport=\'tcp\', Slurm, mpirun')
  else note('ZeroMQ', 'none: other machines by ssh only (Debian: libzmq5)') end
  if has_library('libsqlite3.so.0') then ok('SQLite', 'libsqlite3.so.0: journals')
  else note('SQLite', 'none: maps cannot keep journals (Debian: libsqlite3-0)') end
end

local function on_path(program)
  for folder in (os.getenv('PATH') or ''):gmatch('[^:]+') do
    local file = io.open(folder .. '/' .. program, 'rb')
    if file then
      file:close()
      return folder .. '/' .. program
    end
  end
end

local function check_clusters()
  local ssh, srun = on_path('ssh'), on_path('srun')
  if ssh then ok('ssh', ssh) else note('ssh', 'none: no other machines by name (Debian: openssh-client)') end
  local job = os.getenv('SLURM_JOB_ID')
  if job then ok('Slurm', ("job %s on %s: parallel.hosts('slurm')"):format(job, os.getenv('SLURM_JOB_NODELIST') or '?'))
  elseif srun then ok('Slurm', srun .. ", outside of a job: parallel.hosts{slurm={nodes=2}} asks for one") end
  if os.getenv('PARALLEL_HOSTS') then ok('hosts', 'PARALLEL_HOSTS=' .. os.getenv('PARALLEL_HOSTS')) end
end

-- Variables that change what happens, and are easily forgotten.
local function check_environment()
  for _, name in ipairs{'LUA_INIT', 'LUA_INIT_' .. compat.version:gsub('%.', '_'), 'PARALLEL_LUA', 'PARALLEL_TRACE', 'PARALLEL_DIRECT',
    'PARALLEL_PROGRESS', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'} do
    local value = os.getenv(name)
    if value then
      note(name, value .. (name:find('LUA_INIT', 1, true) and ': every child runs it first' or
        name == 'PARALLEL_TRACE' and ': everything is traced, which costs some microseconds a message' or ''))
    end
  end
end

return function(_, parallel)
  check_lua(parallel)
  local failures = check_interpreters(parallel)
  check_cores()
  check_limits()
  check_libraries()
  check_clusters()
  check_environment()
  return failures > 0 and 1 or 0
end
