-- LUA_INIT of the specs that are run with every child on another host: children that the specs start are placed on PARALLEL_TEST_HOST.
local host = os.getenv 'PARALLEL_TEST_HOST'
if host then
  package.preload['parallel.start'] = function()
    local start = dofile(require 'parallel.searcher'.root .. '/start.lua')
    local child = start.child
    local place = {host = host, launcher = os.getenv 'PARALLEL_TEST_LAUNCHER', env = {}}
    for _, name in ipairs{'LUA_PATH', 'LUA_CPATH', 'LD_PRELOAD', 'ASAN_OPTIONS', 'UBSAN_OPTIONS'} do place.env[name] = os.getenv(name) end
    function start.child(options)
      if options.host ~= nil then return child(options) end
      local placed = {host = place}
      for name, value in pairs(options) do placed[name] = value end
      return child(placed)
    end
    return start
  end
end
