--- What differs between the Luas, once.
local compat = {}

compat.unpack = table.unpack or rawget(_G, 'unpack')
compat.pack = table.pack or function(...) return {n = select('#', ...), ...} end

--- load a string: loadstring on 5.1, load elsewhere
compat.loadstring = rawget(_G, 'loadstring') or load

--- "5.1", "5.2", ... or "jit"
compat.version = rawget(_G, 'jit') and 'jit' or _VERSION:match('%d+%.%d+')

return compat
