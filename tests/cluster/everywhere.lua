-- LUA_INIT of the specs that are run with every child on another host: children that the specs start are placed on the hosts of
-- PARALLEL_TEST_HOST, 'h1' or 'h1,h2,here', in turn.
local hosts = {}
for host in (os.getenv 'PARALLEL_TEST_HOST' or ''):gmatch('[^,]+') do hosts[#hosts + 1] = host end
if #hosts > 0 then
  package.preload['parallel.start'] = function()
    local start = dofile(require 'parallel.searcher'.root .. '/start.lua')
    local child = start.child
    local places, turn = {}, 0
    for i, host in ipairs(hosts) do
      places[i] = host ~= 'here' and {host = host, launcher = os.getenv 'PARALLEL_TEST_LAUNCHER', connect_timeout = 90, env = {}}
      for _, name in ipairs{'LUA_PATH', 'LUA_CPATH', 'LD_PRELOAD', 'ASAN_OPTIONS', 'UBSAN_OPTIONS'} do
        if places[i] then places[i].env[name] = os.getenv(name) end
      end
    end
    function start.child(options)
      turn = turn % #places + 1
      if options.host ~= nil or not places[turn] then return child(options) end
      local placed = {host = places[turn]}
      for name, value in pairs(options) do placed[name] = value end
      return child(placed)
    end
    return start
  end
end
