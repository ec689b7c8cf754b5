-- Finds the library's C half for a child whose Lua is not the parent's, beside the parent's one: in a build tree
-- .../5.4/parallel/core.so -> .../jit/parallel/core.so, where it is installed .../lua/5.4/... -> .../lua/5.1/parallel/core_jit.so
-- With a library that is of another release, or none at all, it ends with a status that the parent knows.
local core_path, core, own = ...

local version = _VERSION:match('%d+%.%d+')
local places = {version .. '/parallel/core.so'}
if rawget(_G, 'jit') then places = {'jit/parallel/core.so', '5.1/parallel/core_jit.so', '5.1/parallel/core.so'} end

local function look()
  local base = core_path:match('^(.*/)[^/]+/parallel/core[_jit]*%.so$')
  for _, place in ipairs(base and places or {}) do
    local open = package.loadlib(base .. place, 'luaopen_parallel_core')
    local ok, found = pcall(open or error) -- one that was built for another kind refuses
    if ok then return found end
  end
  return require 'parallel.core'
end

local ok = true
if not core then ok, core = pcall(look) end
if not ok or type(core.child) ~= 'table' then
  io.stderr:write('parallel: ', own,
    ok and 'finds a library of release ' .. tostring(core._VERSION) or 'finds no library: ' .. tostring(core), '\n')
  os.exit(ok and 122 or 121)
end
return core
