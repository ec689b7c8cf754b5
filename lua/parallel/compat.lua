--- What differs between the Luas, once.
local compat = {}

compat.unpack = table.unpack or unpack -- luacheck: ignore
compat.pack = table.pack or function(...) return {n = select('#', ...), ...} end

--- load a string: loadstring on 5.1, load elsewhere
compat.loadstring = loadstring or load -- luacheck: ignore

--- "5.1", "5.2", ... or "jit"
compat.version = rawget(_G, 'jit') and 'jit' or _VERSION:match('%d+%.%d+')

return compat
