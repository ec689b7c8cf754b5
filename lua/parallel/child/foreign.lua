-- Finds the library's C half for a child whose Lua is not the parent's: the core.so beside the parent's one,
-- .../5.4/parallel/core.so -> .../jit/parallel/core.so, .../5.1/parallel/core.so
local core_path = ...

local version = _VERSION:match('%d+%.%d+')
local folders = rawget(_G, 'jit') and {'jit', version} or {version}
for _, folder in ipairs(folders) do
  local path = core_path:gsub('/[^/]+(/parallel/core%.so)$', '/' .. folder .. '%1')
  -- A library for another Lua may load and then crash: the parent's own is taken only from a folder of our kind.
  local open = (path ~= core_path or path:find('/' .. folders[1] .. '/', 1, true)) and
    package.loadlib(path, 'luaopen_parallel_core')
  if open then return open() end
end
return require 'parallel.core'
