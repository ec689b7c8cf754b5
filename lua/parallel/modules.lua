--- Libraries that a function refers to: can a child load them? One that the program made itself (in package.preload or
-- package.loaded) exists in this process alone, and that is told before anything is sent.
local errors = require 'parallel.errors'
local searcher = require 'parallel.searcher'

local modules = {}

local DEEP = 8 -- functions in upvalues of functions
local OWN_SEARCHERS = 4 + searcher.COUNT -- those of Lua and ours; with more nobody can say what require finds

local standard = {}
for name in ('_G string table math io os coroutine debug utf8 bit32 bit package jit ffi'):gmatch('%S+') do standard[name] = true end

-- --- what require finds ---

local function on_path(name, path)
  local file = name:gsub('%.', '/')
  for template in path:gmatch('[^;]+') do
    local found = io.open((template:gsub('%?', (file:gsub('%%', '%%%%')))), 'rb')
    if found then
      found:close()
      return true
    end
  end
  return false
end

-- Functions in C that stand in package.preload come from the program around Lua, which children run as well.
local function is_made_here(name)
  if standard[name] or name:find('^parallel') or name:find('^jit%.') then return false end
  local preload = package.preload[name]
  if preload ~= nil then return type(preload) ~= 'function' or debug.getinfo(preload, 'S').what ~= 'C' end
  if #(package.searchers or package.loaders) > OWN_SEARCHERS then return false end -- luacheck: ignore
  if on_path(name, package.path) or on_path(name, package.cpath) or on_path(name:match('^[^.]*'), package.cpath) then return false end
  return type(searcher.search(name)) ~= 'function'
end

-- --- what a function refers to ---

local function names_of_loaded()
  local names = {}
  for name, value in pairs(package.loaded) do
    if type(name) == 'string' and type(value) == 'table' and (names[value] == nil or not is_made_here(name)) then names[value] = name end
  end
  return names
end

-- A table that holds functions or has a metatable travels by its name, another one as data.
local function is_library(t)
  if getmetatable(t) ~= nil then return true end
  for _, value in pairs(t) do
    if type(value) == 'function' then return true end
  end
  return false
end

-- The first library made here that f refers to: the name of the upvalue and of the library.
local function find(f, search, depth)
  search.seen[f] = true
  local i = 1
  while true do
    local name, value = debug.getupvalue(f, i)
    if not name then return nil end
    local kind = type(value)
    if kind == 'table' and value ~= _G then
      search.names = search.names or names_of_loaded()
      local library = search.names[value]
      if library and is_made_here(library) and is_library(value) then return name, library end
    elseif kind == 'function' and depth < DEEP and not search.seen[value] then
      local inner, library = find(value, search, depth + 1)
      if inner then return inner, library end
    end
    i = i + 1
  end
end

local remedies = 'put it into a file that package.path finds, make it in the function itself or in the option init of a pool, ' ..
  'or take it out of package.loaded and package.preload: then it travels like any other table'

--- Raises an error when a function cannot work in a blank Lua state, for want of a library.
function modules.check(f, what)
  if type(f) ~= 'function' then return end
  local upvalue, library = find(f, {seen = {}}, 1)
  if not upvalue then return end
  errors.raise{code = 'unsupported', message = ("%s<upvalue %s>: the module '%s' was made by this program and not loaded from a file, so no " ..
    'other process can load it: %s'):format(what, upvalue, library, remedies)}
end

--- What a child says that did not find a module: with the reason, if it is one that only this process has.
function modules.explain(message)
  local name = message:match("module '([^']+)' not found")
  if not name or package.loaded[name] == nil and package.preload[name] == nil or not is_made_here(name) then return message end
  return ("%s\n('%s' was made by the program that sent this and not loaded from a file: %s)"):format(message, name, remedies)
end

return modules
