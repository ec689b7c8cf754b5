-- Runs busted inside the interpreter that is already running (tests/run-spec.sh chose it). For a Lua for which there are no packages
-- (a new one, or one for another processor) busted itself is taken from those for 5.4, and what it needs in C from here.
local function has(name) return pcall(require, name) end

if not has 'busted.compatibility' then
  package.path = package.path .. ';/usr/share/lua/5.4/?.lua;/usr/share/lua/5.4/?/init.lua'
end

if not has 'system' then
  local core = require 'parallel.core'
  package.loaded.system = {gettime = core.clock, monotime = core.clock, sleep = core.sleep}
end
if not has 'term' then package.loaded.term = {isatty = function() return false end} end
if not has 'lfs' then
  local function mode_of(path)
    local file = io.open(path, 'rb')
    if not file then return nil end
    local _, _, code = file:read(0)
    file:close()
    return code == 21 and 'directory' or 'file' -- EISDIR
  end
  local function attributes(path, name)
    local mode = mode_of(path)
    if name == 'mode' or not mode then return mode end
    return {mode = mode}
  end
  local function not_here() error('this stand-in for lfs has no such call') end
  package.loaded.lfs = {attributes = attributes, symlinkattributes = attributes, dir = not_here, mkdir = not_here, rmdir = not_here,
    chdir = function(path) return pcall(require 'parallel.core'.set_directory, path) end, currentdir = function() return os.getenv('PWD') end}
end

-- Lua 5.5 does not let a loop assign to its own variables, as some of those packages do: such a loop gets a variable of its own.
local function own_variable(text, line, name)
  local lines, at = {}, 0
  for one in (text .. '\n'):gmatch('(.-)\n') do lines[#lines + 1] = one end
  for i = line, 1, -1 do
    if lines[i]:find('%f[%w_]for%f[^%w_].-%f[%w_]' .. name .. '%f[^%w_].-%f[%w_]do%f[^%w_]') then
      at = i
      break
    end
  end
  if at == 0 then return nil end
  lines[at] = lines[at]:gsub('%f[%w_]do%f[^%w_]', ('do local %s = %s; '):format(name, name), 1)
  return table.concat(lines, '\n')
end

local function load_older(name)
  local path = package.searchpath(name, package.path)
  local file = path and io.open(path, 'rb')
  if not file then return nil end
  local text = file:read('*a')
  file:close()
  local chunk, message
  repeat
    chunk, message = load(text, '@' .. path)
    local line, variable = tostring(message):match(":(%d+): attempt to assign to const variable '([%w_]+)'")
    text = line and own_variable(text, tonumber(line), variable)
  until chunk or not text
  return chunk or error(message, 0), path
end
if package.searchpath and _VERSION >= 'Lua 5.5' then table.insert(package.searchers, 2, load_older) end

require 'busted.runner'({standalone = false})
