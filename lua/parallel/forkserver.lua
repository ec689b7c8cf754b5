--- Starting children by fork from a clean interpreter that was started once: parallel.start_method = 'forkserver'.
local core = require 'parallel.core'
local interpreter = require 'parallel.interpreter'
local searcher = require 'parallel.searcher'

local forkserver = {
  answer_seconds = 30, -- a server that makes no child for so long is ended; preloading modules may take a while
}

local server, server_program, server_modules -- the running one and what it was started with
local owner -- the process that started it, whose children it makes
local modules = {}

--- parallel.preload{'name', ...}: modules that the fork server loads once, so that its children have them at hand.
function forkserver.preload(list)
  if type(list) ~= 'table' then error('parallel.preload: a list of module names expected, got ' .. type(list), 2) end
  for i, name in ipairs(list) do
    if type(name) ~= 'string' then
      error(('parallel.preload: element %d is no module name but a %s'):format(i, type(name)), 2)
    end
  end
  modules = list
end

local function open(command)
  local args = {}
  for i = 2, #command do args[i - 1] = command[i] end
  for _, word in ipairs{searcher.root .. '/child/child.lua', core.module_path(), core.fingerprint(), 'forkserver', package.path,
    package.cpath} do args[#args + 1] = word end
  for _, name in ipairs(modules) do args[#args + 1] = name end
  server, server_program, server_modules = core.child.forkserver(command[1], args), interpreter.text(command), modules
  owner = core.pid()
end

function forkserver.close()
  if server and owner == core.pid() then core.child.forkserver_close(server) end
  server = nil
end

--- Runs start(server, answer_seconds); once more with a new server when the old one was gone.
function forkserver.use(command, start)
  if not server or owner ~= core.pid() or server_program ~= interpreter.text(command) or server_modules ~= modules then
    forkserver.close()
    open(command)
  end
  local ok, child, fields = pcall(start, server, forkserver.answer_seconds)
  if not ok and type(child) == 'table' and child.code == 'closed' then
    forkserver.close()
    open(command)
    ok, child, fields = pcall(start, server, forkserver.answer_seconds)
    if not ok and type(child) == 'table' and child.code == 'closed' then
      forkserver.close()
      error("the fork server ended before it was ready: do all modules of parallel.preload load in a blank state? (" ..
        table.concat(modules, ', ') .. ')', 0)
    end
  end
  if not ok then
    forkserver.close() -- what it says from now on would be the answer to another question
    core.raise(child)
  end
  return child, fields
end

return forkserver
