-- What the bridge runs: `lua bridge_main.lua CORE`. It loads the C half of the library and serves the process at the other end of its
-- socket until that is gone.
local core_path = ...
local SOCKET = 3
local core = package.loadlib(core_path, 'luaopen_parallel_core')()
core.trace_name('bridge')
core.cluster.bridge_serve(SOCKET)
