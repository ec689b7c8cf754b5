-- What the fork server does in its interpreter: loads the modules that it was given, then makes children by fork. The call returns
-- in each child, with boot.lua ready, and never in the server.
local core, file, path, cpath = ...
package.path, package.cpath = path, cpath
file('child/find')(file)
require 'parallel.state'.in_child = true
for _, name in ipairs{'parallel', 'parallel.child.worker', select(5, ...)} do require(name) end
local boot = file('child/boot')
collectgarbage()
core.child.forkserver_serve()
-- A blank state has a random seed of its own where the Lua does that.
if _VERSION >= 'Lua 5.4' then math.randomseed(core.pid(), math.floor(core.clock() * 1e9)) end
if package.loaded['parallel.tensor'] then package.loaded['parallel.tensor'].seed() end
return boot
