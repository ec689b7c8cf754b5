-- Counts primes on other machines: examples/cluster.lua [host[:slots] ...]. Without any host an agent on this machine stands for one.
local parallel = require 'parallel'

local hosts = {}
for _, text in ipairs(arg) do
  local name, slots = text:match('^(.+):(%d+)$')
  hosts[#hosts + 1] = {host = name or text, slots = tonumber(slots)}
end
if #hosts == 0 then hosts[1] = {host = 'localhost', launcher = 'here', slots = 2} end
-- Where the library is on this machine is where it is on the others, if its folder is shared.
for _, host in ipairs(hosts) do host.env = {LUA_PATH = os.getenv 'LUA_PATH', LUA_CPATH = os.getenv 'LUA_CPATH'} end

local function primes(first)
  local count = 0
  for n = math.max(first, 2), first + 9999 do
    local prime = true
    for d = 2, math.floor(math.sqrt(n)) do
      if n % d == 0 then prime = false break end
    end
    if prime then count = count + 1 end
  end
  return count
end

local pool = parallel.pool{hosts = parallel.hosts(hosts)}
local starts = {}
for i = 0, 49 do starts[#starts + 1] = i * 10000 end
local total = 0
for _, count in ipairs(pool:map(primes, starts)) do total = total + count end
print(total .. ' primes below 500000')
for name, workers in pairs(pool:stats().hosts) do print(('%s: %d workers'):format(name, workers)) end
pool:close()
