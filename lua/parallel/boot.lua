-- What a child does with the first message: makes itself what the parent asked for, runs the code and reports how it ended.
-- `file` loads one of our files; it is false in a child of the fork server, which has them all.
local core, file, parent, settings, code = ...
local links = core.links

local function cannot_start(message)
  links.send_failure(parent, message, '')
  os.exit(1)
end

if settings == nil then cannot_start('the code or its arguments cannot be received here: ' .. tostring(code)) end

if settings.package_path then package.path = settings.package_path end
if settings.package_cpath then package.cpath = settings.package_cpath end
if file then file('find')(file) end
core.compiled = settings.compiled

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
return require 'parallel.worker'.main(parallel, parent, settings, code, select(6, ...))
