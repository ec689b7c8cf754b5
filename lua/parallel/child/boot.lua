-- What a child does with its settings: makes itself what the parent asked for, then takes code and arguments, runs the code and
-- reports how it ended. `file` loads one of our files; it is false in a child of the fork server, which has them all.
local core, file, parent, settings, why = ...
local handle = core.child

local function cannot_start(message)
  handle.send_failure(parent, message, '')
  os.exit(1)
end

local function set(option, f, ...)
  local ok, message = pcall(f, ...)
  if not ok then cannot_start(("parallel.run: option '%s': %s"):format(option, tostring(message):gsub('^parallel: ', ''))) end
end

if settings == nil then cannot_start('the settings cannot be received here: ' .. tostring(why)) end
if settings.release ~= core._VERSION then
  cannot_start(('the library here is of release %s, that of the parent of release %s: install the same one'):format(
    tostring(core._VERSION), tostring(settings.release)))
end

if settings.apart then handle.set_far(parent) end
-- On another machine our own files, and others, are where its own path says.
if settings.package_path then package.path = settings.package_path .. (settings.apart and ';' .. package.path or '') end
if settings.package_cpath then package.cpath = settings.package_cpath end
if file then file('child/find')(file) end
if settings.send_modules then require 'parallel.child.modules'.install(parent) end
local state = require 'parallel.state'
state.in_child, state.compiled, state.takes_modules = true, settings.compiled, settings.send_modules

core.line_buffer_output()
for name, value in pairs(settings.env or {}) do set('env', core.set_variable, name, value) end
if settings.cwd then set('cwd', core.set_directory, settings.cwd) end
if settings.nice then set('nice', core.set_nice, settings.nice) end
if settings.affinity then set('affinity', core.set_affinity, settings.affinity) end
rawset(_G, 'arg', nil)
local parallel = require 'parallel'
parallel._become_child(parent, settings)

local function run(good, code, ...)
  if not good then cannot_start('the code or its arguments cannot be received here: ' .. tostring(code)) end
  local worker = require 'parallel.child.worker'
  if settings.memory_limit then -- last, so that all that tells of a limit that is too low has its memory
    parallel.block_cache = math.min(parallel.block_cache, math.floor(settings.memory_limit / 16))
    set('memory_limit', core.limit_memory, settings.memory_limit)
  end
  if file then collectgarbage('restart') end -- child.lua stopped it
  return worker.main(parallel, parent, settings, code, ...)
end
return run(handle.await_start(parent))
