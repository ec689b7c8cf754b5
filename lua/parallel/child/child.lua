-- What a child's interpreter is started with: `lua child.lua CORE FINGERPRINT`. Loads the C half of the library, takes its
-- settings from the parent and hands over to boot.lua. This file alone is compiled by every child, so it is short; the parent sends
-- the others compiled where both are the same kind of Lua. With `hello` behind it the parent does not know that yet and waits
-- for the answer. With `forkserver PATH CPATH MODULE...` the interpreter loads these modules and then makes children by fork, each of which
-- goes on as above.
local core_path, fingerprint, mode = ...
local SOCKET = 3
if mode ~= 'forkserver' then collectgarbage('stop') end -- until boot.lua hands over: what is made here is no garbage
local root, compiled = arg[0]:match('^(.*)/child/'), nil

local function file(name)
  local bytes = compiled and compiled[name]
  return assert(bytes and (rawget(_G, 'loadstring') or load)(bytes) or loadfile(root .. '/' .. name .. '.lua'))
end

local own = (rawget(_G, 'jit') and 'LuaJIT ' or 'Lua ') .. _VERSION:match('%d+%.%d+') .. ' '
local open = fingerprint:sub(1, #own) == own and package.loadlib(core_path, 'luaopen_parallel_core')
local core = open and open()
if not core or not core.child then core = file('child/foreign')(core_path, core, own) end
package.loaded['parallel.core'] = core
local boot = mode == 'forkserver' and file('child/forkserver_main')(core, file, select(4, ...))

local function go_on(parent, fields, settings, why) -- luacheck: ignore
  compiled = settings and settings.compiled
  return (boot or file('child/boot'))(core, not boot and file, parent, settings, why)
end
return go_on(core.child.attach(SOCKET, fingerprint, mode == 'hello'))
