-- What a child's interpreter is started with: `lua child.lua CORE FINGERPRINT`. Loads the library, takes the first message
-- from the parent, runs the code and reports how it ended. With `forkserver ROOT PATH CPATH MODULE...` behind it the interpreter
-- loads these modules and then makes children by fork, each of which goes on as above.
local core_path, fingerprint, mode = ...
local SOCKET = 3

-- The parent's core.so serves when this is the parent's kind of Lua. Otherwise the one beside it is taken:
-- .../5.4/parallel/core.so -> .../jit/parallel/core.so, .../5.1/parallel/core.so
local function open_core()
  local version = _VERSION:match('%d+%.%d+')
  local folders = rawget(_G, 'jit') and {'jit', version} or {version}
  local paths = {}
  for _, folder in ipairs(folders) do
    paths[#paths + 1] = (core_path:gsub('/[^/]+(/parallel/core%.so)$', '/' .. folder .. '%1'))
  end
  paths[#paths + 1] = core_path
  for _, path in ipairs(paths) do
    local open = package.loadlib(path, 'luaopen_parallel_core')
    -- A library for another Lua may load and then crash: only a folder of our own version is trusted blindly.
    if open and (path ~= core_path or path:find('/' .. folders[1] .. '/', 1, true) or #folders == 1) then return open() end
  end
  return require 'parallel.core'
end

local core = open_core()
package.loaded['parallel.core'] = core

core.in_child = true
-- Our own files are found wherever the program runs and whatever it does to package.path; these without a search.
local function find_files(root)
  for name, file in pairs{parallel = 'init', ['parallel.errors'] = 'errors', ['parallel.compat'] = 'compat',
    ['parallel.worker'] = 'worker'} do
    package.preload[name] = function(...) return assert(loadfile(root .. '/' .. file .. '.lua'))(...) end
  end
  local searchers = package.searchers or package.loaders -- luacheck: ignore
  searchers[#searchers + 1] = function(name)
    if not package.loaded['parallel.searcher'] then
      package.loaded['parallel.searcher'] = assert(loadfile(root .. '/searcher.lua'))()
    end
    return package.loaded['parallel.searcher'].search(name)
  end
end

local forked = mode == 'forkserver'
if forked then
  local root, path, cpath = select(4, ...)
  package.path, package.cpath = path, cpath
  find_files(root)
  require 'parallel'
  require 'parallel.worker'
  for i = 7, select('#', ...) do require((select(i, ...))) end
  collectgarbage()
  core.forkserver_serve()
  -- A blank state has a random seed of its own where the Lua does that.
  if _VERSION >= 'Lua 5.4' then math.randomseed(core.pid(), math.floor(core.clock() * 1e9)) end
  if package.loaded['parallel.tensor'] then package.loaded['parallel.tensor'].seed() end
end

local function pack(...) return {n = select('#', ...), ...} end
local received = pack(core.attach(SOCKET, fingerprint))
local parent, settings, code = received[1], received[3], received[4]
local links = core.links

local function cannot_start(message)
  links.send_failure(parent, message, '')
  os.exit(1)
end

if settings == nil then cannot_start('the code or its arguments cannot be received here: ' .. tostring(code)) end

if settings.package_path then package.path = settings.package_path end
if settings.package_cpath then package.cpath = settings.package_cpath end
if not forked then find_files(settings.root) end

core.line_buffer_output()
local ok, message = pcall(function()
  for name, value in pairs(settings.env or {}) do core.set_variable(name, value) end
  if settings.cwd then core.set_directory(settings.cwd) end
  if settings.nice then core.set_nice(settings.nice) end
  if settings.affinity then core.set_affinity(settings.affinity) end
  if settings.memory_limit then core.limit_memory(settings.memory_limit) end
end)
if not ok then cannot_start(message) end
arg = nil -- luacheck: ignore
local parallel = require 'parallel'
parallel._become_child(parent, settings)
require 'parallel.worker'.main(parallel, parent, settings, code, received)
