-- Finds the library's C half for a child whose Lua is not the parent's, beside the parent's one: in a build tree
-- .../5.4/parallel/core.so -> .../jit/parallel/core.so, where it is installed .../lua/5.4/... -> .../lua/5.1/parallel/core_jit.so
local core_path = ...

local version = _VERSION:match('%d+%.%d+')
local places = {version .. '/parallel/core.so'}
if rawget(_G, 'jit') then places = {'jit/parallel/core.so', '5.1/parallel/core_jit.so', '5.1/parallel/core.so'} end

local base = core_path:match('^(.*/)[^/]+/parallel/core[_jit]*%.so$')
for _, place in ipairs(base and places or {}) do
  local open = package.loadlib(base .. place, 'luaopen_parallel_core')
  local ok, core = pcall(open or error) -- one that was built for another kind refuses
  if ok then return core end
end
return require 'parallel.core'
