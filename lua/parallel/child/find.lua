-- In a child our own files are found wherever the program runs and whatever it does to package.path; those that every child needs
-- without a search.
local file = ...

for name, short in pairs{parallel = 'init', ['parallel.state'] = 'state', ['parallel.errors'] = 'errors',
  ['parallel.compat'] = 'compat', ['parallel.child.worker'] = 'child/worker'} do
  package.preload[name] = function(...) return file(short)(...) end
end

local function ours()
  if not package.loaded['parallel.searcher'] then package.loaded['parallel.searcher'] = file('searcher')() end
  return package.loaded['parallel.searcher']
end

local searchers = package.searchers or package.loaders -- luacheck: ignore
searchers[#searchers + 1] = function(name) return ours().search(name) end
table.insert(searchers, 1, function(name) return name == 'torch' and ours().meet(name) or nil end)
