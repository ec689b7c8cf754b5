--- A process has the tensors of a real Torch7 or our own, never both kinds from one `require 'torch'`: which one it is is settled
-- when the first tensor is made or arrives. This finds the real one, and keeps it from being loaded into a process that uses ours.
local core = require 'parallel.core'

local real = {}

local searchers = package.searchers or package.loaders -- luacheck: ignore

local failure -- why the real one, which was found, could not be loaded when a tensor arrived

-- Where a loader comes from; nil for one written in C.
local function source_of(loader) return debug.getinfo(loader, 'S').source:match('^@(.*)$') end

local function guard(name)
  if name ~= 'torch' then return nil end
  local place = real.find()
  if not place then return nil end
  error(("cannot load Torch7 (%s): this process already uses the library's own tensors, and their classes have the same names. " ..
    "Require 'torch' before the first tensor is made or received, and do not use parallel.tensor%s"):format(place,
    failure and '. When a tensor arrived it could not be loaded: ' .. failure or ''), 0)
end

local looking = false -- for Torch, through the searchers, of which one is ours

local function first_loader()
  for _, search in ipairs(searchers) do
    local loader, place = nil, nil
    if search ~= guard then loader, place = search('torch') end
    if type(loader) == 'function' then return loader, place end
  end
end

-- What `require 'torch'` would call, with what else the searcher gave; nil: nothing was found.
local function find_loader()
  looking = true
  local good, loader, place = pcall(first_loader)
  looking = false
  if not good then error(loader, 0) end
  return loader, place
end

--- For require 'torch', before all other searchers: a real Torch7 gets what is ours for it as soon as it is there.
function real.search()
  if looking then return nil end
  local loader, place = find_loader()
  if not loader then return nil end
  return function(...)
    local torch = loader(...)
    if core.torch_is_loaded() then require 'parallel.torch.meet' end
    return torch
  end, place
end

--- Where `require 'torch'` would load a real Torch7 from, or nil: there is none but our stand-in for it.
function real.find()
  local loader, place = find_loader()
  if not loader then return nil end
  local source = source_of(loader)
  if source and source:find('parallel/stand_in/torch%.lua$') then return nil end
  return source or (type(place) == 'string' and place) or 'package.preload'
end

--- Loads the real Torch7 if there is one. One that cannot be loaded counts as none: the program may have come here from another
-- kind of Lua, with its package.path.
function real.load()
  if package.loaded.torch or not real.find() then return end
  local good, why = pcall(require, 'torch')
  if good then return end
  failure = tostring(why)
  package.loaded.torch = nil -- 5.1 leaves a mark there
end

--- From now on require 'torch' gives our own or an error, unless the real one is there already: ours may be used beside it.
function real.refuse()
  local registry = debug.getregistry()
  local metatable = registry['torch.DoubleTensor']
  local loaded = type(metatable) == 'table' and type(registry[metatable]) == 'string'
  if not loaded and searchers[1] ~= guard then table.insert(searchers, 1, guard) end
end

return real
