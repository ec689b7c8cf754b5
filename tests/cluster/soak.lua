-- What takes too long for every run (1,000 children are bench/remote_many.lua's):
-- `tests/cluster/run.sh tests/run-script.sh 5.4 tests/cluster/soak.lua [long|fan]...`, both without a word.
-- long: 2 GB through one stream; fan: the memory of bridge and agents while 64 busy
-- children send. Prints what it has measured, and fails where a promise is not kept.
package.path = 'tests/cluster/?.lua;' .. package.path
local parallel = require 'parallel'
local core = require 'parallel.core'
local world = require 'world'
local support = require 'support'

local h1, h2 = world.host('h1'), world.host('h2')
local MB = 2 ^ 20

-- Memory of a process that is its own, in bytes: without rings and segments of messages, and libraries.
local function own_bytes(pid)
  local private = 0
  for kb in (support.read_file(('/proc/%d/smaps_rollup'):format(pid)) or ''):gmatch('Anonymous:%s+(%d+) kB') do
    private = private + kb * 1024
  end
  return private
end

local function helpers()
  local list = world.pids('bridge_main.lua')
  for _, pid in ipairs(world.pids('require "parallel.agent"')) do
    local name = (support.read_file(('/proc/%d/comm'):format(pid)) or ''):match('%S+')
    if name and name:match('^lua') then list[#list + 1] = pid end
  end
  return list
end

local function most_own()
  local most = 0
  for _, pid in ipairs(helpers()) do most = math.max(most, own_bytes(pid)) end
  return most
end

local parts = {}

function parts.long()
  local child = parallel.run{host = h1, code = function()
    local text = parallel.parent:receive()
    parallel.parent:send{#text, text:byte(1), text:byte(-1)}
    parallel.parent:send(text)
  end}
  local size = 2 ^ 31 - 4096
  local text = ('x'):rep(size - 1) .. 'y'
  local began = core.clock()
  child:send(text)
  local seen = child:receive()
  assert(seen[1] == size and seen[2] == 120 and seen[3] == 121)
  local back = child:receive()
  print(('long: %.0f MB there and back in %.1f s'):format(size / 1e6, core.clock() - began))
  assert(#back == size and back == text)
end

function parts.fan()
  local children, most, total = {}, 0, 0
  for i = 1, 64 do
    children[i] = parallel.run{host = i % 2 == 0 and h1 or h2, code = [[
      local text = ('x'):rep(2000)
      for i = 1, 20000 do parallel.parent:send(text) end]]}
  end
  for round = 1, 20000 do
    for _, child in ipairs(children) do total = total + #child:receive() end
    if round % 1000 == 0 then
      most = math.max(most, most_own())
    end
  end
  print(('fan: %.1f GB of 64 children; bridge or agent had at most %.1f MiB of its own'):format(total / 1e9, most / MB))
  assert(most < 32 * MB)
end

local wanted = #arg > 0 and {(table.unpack or unpack)(arg)} or {'long', 'fan'} -- luacheck: ignore
for _, name in ipairs(wanted) do
  parts[name]()
  parallel.close()
  require 'parallel.hosts'.close()
  collectgarbage()
  local empty, left = world.is_empty()
  assert(empty, left)
end
print('good')
