--- In a child on another machine, and in its own children there: the last searcher of require. Modules of the program that this host
-- lacks are sent on request.
local core = require 'parallel.core'
local compat = require 'parallel.compat'

local modules = {}

-- The answer of the bridge: the name, a letter and the path of the file, both terminated, and its text.
local function parse(answer, name)
  return answer:match('^(.)([^%z]*)%z(.*)$', #name + 2)
end

-- A script may begin with a line for the shell.
local function without_first_line(text) return text:sub(1, 1) == '#' and '--' .. text or text end

local function search(parent, name)
  if #name == 0 or #name > 200 or name:find('%z') then return nil end
  local good, answer = pcall(core.child.need_module, parent, name)
  if not good then return "\n\tthe parent's program cannot be asked: " .. tostring(answer) end
  local kind, path, text = parse(answer, name)
  if kind == 'c' then
    return ("\n\tthe parent's program has it as a C module (%s): that has to be installed on this host"):format(path)
  elseif kind ~= 's' then
    return "\n\tnor is it where the parent's program finds its modules"
  end
  local chunk, message = compat.loadstring(without_first_line(text), '@' .. path)
  if not chunk then error(("error loading module '%s', sent from '%s':\n\t%s"):format(name, path, message), 0) end
  return chunk, path
end

--- parent: who is asked.
function modules.install(parent)
  local searchers = package.searchers or package.loaders -- luacheck: ignore
  searchers[#searchers + 1] = function(name) return search(parent, name) end
  core.child.takes_modules(parent)
end

return modules
