-- Found as `sys` where Torch's package of that name is not installed: the functions that programs of its time call.
-- Like the real one, it also sets the global.
local core = require 'parallel.core'
local paths = require 'paths'

local sys = {}

-- --- time ---

--- Seconds since 1970, with microseconds.
sys.clock = core.wall_clock
sys.sleep = core.sleep
function sys.usleep(microseconds) core.sleep(microseconds * 1e-6) end

local started

function sys.tic() started = core.clock() end

--- Seconds since the last sys.tic().
function sys.toc(verbose)
  if not started then error('sys.toc: call sys.tic() first', 2) end
  local passed = core.clock() - started
  if verbose then print(passed) end
  return passed
end

-- --- commands ---

--- Runs a shell command; returns what it printed on both streams, without white space at the ends.
function sys.execute(command)
  local pipe = assert(io.popen('{ ' .. command .. '\n} 2>&1'))
  local text = pipe:read('*a')
  pipe:close()
  return (text:gsub('^%s+', ''):gsub('%s+$', ''))
end
sys.fexecute = sys.execute

local function lister(options)
  return function(folder) return sys.execute('ls ' .. options .. ' ' .. (folder or '')) end
end
sys.ls, sys.ll, sys.la, sys.lla = lister '', lister '-l', lister '-a', lister '-la'

sys.pwd = paths.cwd

--- 'linux', 'macos' or '?'
function sys.uname()
  local name = sys.execute('uname')
  return name == 'Linux' and 'linux' or name == 'Darwin' and 'macos' or '?'
end

-- --- paths ---

sys.dirp, sys.filep = paths.dirp, paths.filep
sys.basename, sys.dirname, sys.concat = paths.basename, paths.dirname, paths.concat

--- Folder and name of the file that calls it.
function sys.fpath()
  local source = debug.getinfo(2, 'S').source:gsub('^@', '')
  local path = core.real_path(source) or source
  return sys.dirname(path), sys.basename(path)
end

-- --- text and numbers ---

--- The parts of text between matches of pattern, without empty ones at the start.
function sys.split(text, pattern)
  local parts, from = {}, 1
  local first, last = text:find(pattern)
  while first do
    if first > 1 and last >= first then parts[#parts + 1] = text:sub(from, first - 1) end
    from = math.max(last, first) + 1
    first, last = text:find(pattern, from)
  end
  if from <= #text then parts[#parts + 1] = text:sub(from) end
  return parts
end

function sys.isNaN(number) return number ~= number end

local names = {'black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'}

--- Escape sequences: red, Red (bold), _red (background), none.
sys.COLORS = {none = '\27[0m'}
for i, name in ipairs(names) do
  sys.COLORS[name] = ('\27[0;%dm'):format(29 + i)
  sys.COLORS[name:gsub('^%l', string.upper)] = ('\27[1;%dm'):format(29 + i)
  sys.COLORS['_' .. name] = ('\27[%dm'):format(39 + i)
end

-- The name of the system costs a process, so it is found when it is first asked for.
setmetatable(sys, {
  __index = function(t, key)
    if key ~= 'OS' then return nil end
    local name = sys.uname()
    rawset(t, 'OS', name)
    return name
  end,
})

_G.sys = sys
return sys
