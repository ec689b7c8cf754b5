-- The C half of the library, where PUC Lua 5.1 and LuaJIT look for modules in the same folders: each has a file of its own there.
local jit = rawget(_G, 'jit')
local tried = {}
for template in package.cpath:gmatch('[^;]+') do
  for _, name in ipairs(jit and {'parallel/core_jit', 'parallel/core'} or {'parallel/core'}) do
    local path = template:gsub('%?', name)
    local open, message = package.loadlib(path, 'luaopen_parallel_core')
    local ok, core = pcall(open or error, message)
    if ok then return core end
    tried[#tried + 1] = '\n\t' .. tostring(core)
  end
end
error('the C half of parallel is not there:' .. table.concat(tried), 0)
