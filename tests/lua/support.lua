--- What several specs need: running scripts in processes of their own, counting what is left behind.
local support = {}

support.version = rawget(_G, 'jit') and 'jit' or _VERSION:match('%d+%.%d+')
support.root = debug.getinfo(1, 'S').source:match('^@(.*)/tests/lua/support%.lua$') or '.'
support.build = os.getenv('PARALLEL_BUILD') or support.root .. '/build/release'

--- Is this run under a sanitizer? It needs memory of its own, so tests of memory limits make no sense there.
support.sanitized = (os.getenv('PARALLEL_SANITIZE') or '') ~= ''

--- Is this processor an emulated one? That of qemu keeps no limit of memory, and does not say why a program could not be started.
support.emulated = (os.getenv('PARALLEL_EMULATOR') or '') ~= ''

--- A line of Lua that sets the collector's pause, or 'stepmul': 5.5 has a name of its own for that.
function support.set_collector(name, percent)
  local option = _VERSION >= 'Lua 5.5' and ("'param', '%s'"):format(name) or ("'set%s'"):format(name)
  return ('collectgarbage(%s, %d)\n'):format(option, percent)
end

--- The same, done here and now.
function support.collector(name, percent) return (loadstring or load)('return ' .. support.set_collector(name, percent))() end -- luacheck: ignore

--- The interpreter of a version in this build; nil where there is none.
function support.interpreter(version)
  local text = support.read_file(('%s/lib/%s/interpreter'):format(support.build, version))
  return text and text:match('[^\n]+')
end

--- Another Lua of this build than that of this spec, one of those named: its interpreter and its version; nil where there is none. One
-- that the distribution has is of no use where the build is for another system.
function support.other(...)
  for _, version in ipairs{...} do
    local program = version ~= support.version and support.read_file(('%s/lib/%s/parallel/core.so'):format(support.build, version))
      and support.interpreter(version)
    if program then return program, version end
  end
end

--- Does this Lua give each of its states other random numbers?
support.random_states = _VERSION >= 'Lua 5.4' and support.version ~= 'jit'

--- Seconds after which whatever a test waits for is taken to hang: far more than it takes on the slowest, busiest machine.
support.patience = 100

--- The list {1, 2, ..., n}.
function support.numbers(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

--- For tasks and children, where this module may not be: waits until another process has made the file. Returns whether it has.
function support.await_file(path)
  local core = require 'parallel.core'
  local deadline = core.clock() + 100
  repeat
    local file = io.open(path)
    if file then
      file:close()
      return true
    end
    core.sleep(0.005)
  until core.clock() > deadline
  return false
end

--- The error that f(...) raises; it has to raise one. message_of: as text.
function support.error_of(f, ...)
  local ok, err = pcall(f, ...)
  if ok then error('an error was expected, there was none', 2) end
  return err
end

function support.message_of(f, ...) return tostring(support.error_of(f, ...)) end

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end
support.quote = quote

--- The words of the shell that run luapar on the Lua of this spec.
function support.luapar()
  if _VERSION >= 'Lua 5.5' then -- for which argparse is not packaged
    require 'parallel.core'.set_variable('LUA_PATH', (os.getenv 'LUA_PATH' or ';;') .. ';/usr/share/lua/5.4/?.lua')
  end
  return ('%s/tools/lua %s %s/bin/luapar'):format(quote(support.root), support.version, quote(support.root))
end

local counter = 0

--- A file name in the build tree that no other test uses.
function support.scratch(suffix)
  counter = counter + 1
  os.execute('mkdir -p ' .. quote(support.build .. '/scratch'))
  local pid = require 'parallel.core'.pid()
  return ('%s/scratch/%s-%d-%d%s'):format(support.build, support.version, pid, counter, suffix or '')
end

function support.write_file(path, text)
  local file = assert(io.open(path, 'wb'))
  file:write(text)
  file:close()
end

--- A file that await_file waits for: not there yet; open() makes it, remove() ends it.
function support.gate()
  local path = support.scratch('.gate')
  return {path = path, open = function() support.write_file(path, '') end, remove = function() os.remove(path) end}
end

function support.read_file(path)
  local file = io.open(path, 'rb')
  if not file then return nil end
  local text = file:read('*a')
  file:close()
  return text
end

--- Runs a shell command with a time limit. Returns its output (both streams) and its exit status.
function support.shell(command, seconds)
  local out = support.scratch('.out')
  local line = ('timeout -k 1 %g bash -c %s >%s 2>&1; echo $? >%s.status')
    :format(seconds or support.patience, quote(command), quote(out), quote(out))
  os.execute(line)
  local text, status = support.read_file(out) or '', tonumber(support.read_file(out .. '.status'))
  os.remove(out)
  os.remove(out .. '.status')
  return text, status
end

--- Runs Lua code as a script of its own on the Lua of this spec (or options.version). Returns output and status.
-- options: seconds (time limit), args (text appended to the command line), env (text in front of it), before (shell code)
function support.script(code, options)
  options = options or {}
  local path = support.scratch('.lua')
  support.write_file(path, code)
  local command = ('%s %s %s/tools/lua %s %s %s'):format(options.before or '', options.env or '', quote(support.root),
    options.version or support.version, quote(path), options.args or '')
  local text, status = support.shell(command, options.seconds)
  os.remove(path)
  return text, status
end

--- Processes that are alive (zombies not counted) and have `text` in their command line or are children of `pid`.
function support.processes(pid)
  local text = support.shell(('LD_PRELOAD= ps -o pid=,stat= --ppid %d | grep -v Z'):format(pid))
  local n = 0
  for _ in text:gmatch('[^\n]+') do n = n + 1 end
  return n
end

function support.exists(pid)
  local text = support.read_file(('/proc/%d/stat'):format(pid))
  return text ~= nil and not text:match('%) Z')
end

--- Waits until condition() is true, at most `seconds` (only to be given when it may stay false). Returns whether it became true.
function support.eventually(condition, seconds)
  local core = require 'parallel.core'
  local deadline = core.clock() + (seconds or support.patience)
  while core.clock() < deadline do
    if condition() then return true end
    core.sleep(0.01)
  end
  return condition() and true or false
end

--- Has a child that was closed ended? One on another host (tests/cluster) may do so a little later: a host that does not answer holds
--- up nobody for long.
function support.is_gone(pid)
  if not os.getenv 'PARALLEL_TEST_HOST' then return not support.exists(pid) end
  return support.eventually(function() return not support.exists(pid) end)
end

--- Open descriptors of this process.
function support.descriptors()
  local text = support.shell(('ls /proc/%d/fd | wc -l'):format(require 'parallel.core'.pid()))
  return tonumber(text)
end

return support
