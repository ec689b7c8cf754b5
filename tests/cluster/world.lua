--- What the specs of the test cluster need: hosts that find this build of the library, processes of the world.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

local world = {}

local env = {}
for _, name in ipairs{'LUA_PATH', 'LUA_CPATH', 'LD_PRELOAD', 'ASAN_OPTIONS', 'UBSAN_OPTIONS'} do env[name] = os.getenv(name) end
world.env = env

world.CONNECT_SECONDS = 90 -- where everybody is busy

--- What starts the agents.
world.launcher = os.getenv 'PARALLEL_TEST_LAUNCHER' or 'ssh'

--- A host of the world, with more options.
function world.host(name, options)
  local host = {host = name, env = env, launcher = os.getenv 'PARALLEL_TEST_LAUNCHER', connect_timeout = world.CONNECT_SECONDS}
  for key, value in pairs(options or {}) do host[key] = value end
  return host
end

--- The nodes of the allocation that this program runs in.
function world.allocation()
  local list = require 'parallel.hostlist'.slurm(os.getenv)
  for _, entry in ipairs(list) do entry.connect_timeout = world.CONNECT_SECONDS end
  return require 'parallel'.hosts(list)
end

--- Processes of this world whose command line has `text`: their ids.
function world.pids(text)
  local list = {}
  for line in support.shell('LD_PRELOAD= ps -eo pid=,stat=,args='):gmatch('[^\n]+') do
    local pid, stat, args = line:match('^%s*(%d+)%s+(%S+)%s+(.*)$')
    if pid and not stat:match('^Z') and args:find(text, 1, true) and not args:find('ps -eo', 1, true) then list[#list + 1] = tonumber(pid) end
  end
  return list
end

function world.kill(pid, signal) os.execute(('kill -%s %d'):format(signal or 'KILL', pid)) end

--- The processes on this side through which agents were started.
function world.launchers()
  if world.launcher == 'ssh' then return world.pids('ssh -T') end
  local list = {}
  for _, pid in ipairs(world.pids(world.launcher)) do
    if (support.read_file(('/proc/%d/comm'):format(pid)) or ''):match('^%S+') == world.launcher then list[#list + 1] = pid end
  end
  return list
end

--- Waits until no process of the library is left but this one. Returns whether that is so, and those that are.
function world.is_empty()
  local left
  local done = support.eventually(function()
    left = world.pids('parallel.agent')
    for _, name in ipairs{'bridge_main.lua', 'child.lua'} do
      for _, pid in ipairs(world.pids(name)) do left[#left + 1] = pid end
    end
    return #left == 0
  end)
  return done, table.concat(left, ' ')
end

--- Ends all that this process has, and expects that no process of the library is left.
function world.expect_empty()
  local parallel = require 'parallel'
  parallel.close()
  require 'parallel.hosts'.close()
  local empty, left = world.is_empty()
  require 'luassert'.is_true(empty, left)
end

--- Waits until this process has ended.
function world.expect_gone(pid)
  require 'luassert'.is_true(support.eventually(function() return not support.exists(pid) end), tostring(pid))
end

--- The process that started a child on another host: its agent there.
function world.agent_of(child)
  return tonumber(support.read_file(('/proc/%d/stat'):format(child.unixid)):match('%) %S (%d+)'))
end

--- A map of n tasks over these hosts, in which every 977th kills its worker in the middle of it, and one in the middle of the list the
-- agent of its host; each once. Raises where a result is not what it should be.
function world.map_with_kills(hosts, n)
  local parallel = require 'parallel'
  local mark, list = os.tmpname(), {}
  for i = 1, n do list[i] = i end
  local pool = parallel.pool{hosts = hosts, retries = 20}
  local results = pool:map(function(i)
    local function is_first(name)
      if io.open(mark .. name) then return false end
      io.open(mark .. name, 'w'):close()
      return true
    end
    if i % 977 == 0 and is_first(i) then os.execute('kill -9 ' .. parallel.pid) end
    if i == n / 2 and is_first 'agent' then
      os.execute('kill -9 ' .. io.open('/proc/self/stat'):read('*a'):match('%) %S (%d+)'))
    end
    return i * 3
  end, list)
  for i = 1, n do assert(results[i] == i * 3, 'result ' .. i) end
  assert(pool:stats().replaced >= math.floor(n / 977), 'workers were replaced')
  pool:close()
  os.execute('rm -f ' .. mark .. '*')
end

--- Cuts a host off, and joins it again.
function world.cut(name) assert(os.execute(('ip link set v%s down'):format(name:sub(2)))) end
function world.join(name) assert(os.execute(('ip link set v%s up'):format(name:sub(2)))) end

return world
