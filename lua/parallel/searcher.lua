--- A last searcher for require: our own files wherever the program runs and whatever it does to package.path, and stand-ins
-- for libraries that the original's programs load (torch, lab, sys, ...) where the real ones are not installed.
local core = require 'parallel.core'

local searcher = {}

-- The folder of these files, absolute: the program may change its directory.
local here = debug.getinfo(1, 'S').source:match('^@(.*)$')
searcher.root = here and (core.real_path(here) or here):match('^(.*)/[^/]*$')

local stand_ins = {torch = true, lab = true, sys = true, xlua = true, paths = true}

local function file_of(name)
  if name == 'parallel' then return 'init' end
  if stand_ins[name] then return 'stand_in/' .. name end
  return name:match('^parallel%.(.+)$') and name:sub(10):gsub('%.', '/')
end

--- What require calls: the loader of a module, or why there is none.
function searcher.search(name)
  local file = file_of(name)
  if not file then return nil end
  local path = searcher.root .. '/' .. file
  local chunk, message = loadfile(path .. '.lua')
  return chunk or loadfile(path .. '/init.lua') or '\n\t' .. message
end

--- A first one, for a real Torch7 alone.
function searcher.meet(name)
  if name ~= 'torch' then return nil end
  return require 'parallel.torch.real'.search()
end

searcher.COUNT = 2 -- of those that are installed

function searcher.install()
  local searchers = package.searchers or package.loaders -- luacheck: ignore
  searchers[#searchers + 1] = searcher.search
  table.insert(searchers, 1, searcher.meet)
end

return searcher
