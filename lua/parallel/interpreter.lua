--- The interpreter of children: a command, which is a list of the program and the words between it and our script.
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local searcher = require 'parallel.searcher'

local interpreter = {}

-- Asked once: a row of system calls.
local program_path = core.program_path()
local program_name = program_path and program_path:match('[^/]+$') or ''

local function is_file(path)
  local file = io.open(path, 'rb')
  if file then file:close() end
  return file ~= nil
end

-- The small interpreter that comes with the library: it may be installed where PATH does not lead.
local function launcher()
  local name = 'parallel-lua' .. compat.version
  local prefix = core.module_path():match('^(.*)/lib[^/]*/')
  local path = prefix and ('%s/bin/%s'):format(prefix, name)
  return path and is_file(path) and path or name
end

-- Commands that may run this version of Lua, in the order to be tried.
local function candidates()
  local v = compat.version
  if v == 'jit' then return {{'luajit'}, {'luajit-2.1'}, {'luajit-2.0'}, {launcher()}} end
  return {{'lua' .. v}, {'lua-' .. v}, {'lua' .. v:gsub('%.', '')}, {'lua'}, {launcher()}}
end

-- The running program, where it can be started again to run a script: a standalone interpreter, or Neovim. Neovim before 0.9 runs no
-- script with arguments, but its configuration may be one.
local function running()
  if program_name:find('^lua[jit]*[%d%.%-]*$') or program_name:find('^parallel%-lua') then return {program_path} end
  local vim = rawget(_G, 'vim')
  local nvim = type(vim) == 'table' and type(vim.v) == 'table' and vim.v.progpath
  if not nvim then return nil end
  if vim.fn.has('nvim-0.9') == 1 then return {nvim, '-l'} end
  return {nvim, '--headless', '-i', 'NONE', '-n', '-u', searcher.root .. '/child/neovim.lua', '--'}
end

-- A variable of the environment holds a path, or a command with arguments between spaces.
local function split(text)
  if not text:find('%s') or is_file(text) then return {text} end
  local words = {}
  for word in text:gmatch('%S+') do words[#words + 1] = word end
  return words
end

-- What a program named, as a command.
local function checked(wanted, what)
  if type(wanted) == 'string' and wanted ~= '' then return {wanted} end
  local words = {}
  for i, word in ipairs(type(wanted) == 'table' and wanted or {}) do
    if type(word) ~= 'string' then break end
    words[i] = word
  end
  if #words == 0 or #words ~= #wanted then
    require 'parallel.options'.misuse(("parallel.run: %s must be the name or path of an interpreter, or a list of it and its arguments, " ..
      "as {'nvim', '-l'}; got %s"):format(what, type(wanted)))
  end
  return words
end

local function named(option, module)
  if option ~= nil then return checked(option, "option 'lua'") end
  if module.interpreter ~= nil and module.interpreter ~= '' then return checked(module.interpreter, 'parallel.interpreter') end
  local variable = os.getenv('PARALLEL_LUA')
  return variable and variable:find('%S') and split(variable) or nil
end

local function same(a, b)
  return a ~= nil and b ~= nil and table.concat(a, '\0') == table.concat(b, '\0')
end

--- The commands to be tried, best first, and whether they surely run our kind of Lua. `option`: what lua= says.
function interpreter.commands(option)
  local wanted, own = named(option, package.loaded.parallel), running()
  if wanted then return {wanted}, same(wanted, own) end
  if own then return {own}, true end
  return candidates(), false
end

--- Did somebody say which interpreter it is to be? It may be another kind of Lua then.
function interpreter.is_named(option) return named(option, package.loaded.parallel) ~= nil end

-- With these statuses child.lua ends.
local reasons = {
  [121] = 'found no library of parallel for its own Lua, as it says above: install it for that Lua too',
  [122] = 'found a library of another release of parallel for its own Lua, as it says above: install the same one for both',
}

--- The error of a child that ended before it was ready, or never was, with the command and the reason in it.
function interpreter.not_ready(failure, command)
  if type(failure) ~= 'table' or not command then return failure end
  local name = "'" .. interpreter.text(command) .. "' "
  if failure.code == 'timeout' then
    failure.message = name .. 'was not ready after 30 s: is it a Lua interpreter?'
  elseif failure.code == 'died' and reasons[failure.status] then
    failure.message = name .. reasons[failure.status]
  elseif failure.code == 'died' then
    failure.message = name .. tostring(failure.message):gsub('^it ', '')
  end
  return failure
end

--- A command as people write it.
function interpreter.text(command) return table.concat(command, ' ') end

--- Why none of these commands could be started, and what to do. `failure`: what the last one said; `cwd`: in which folder, or nil.
function interpreter.explain(commands, failure, cwd)
  local folder, problem = io.open((cwd or '') .. '/.', 'rb')
  if not folder then return ("parallel.run: option 'cwd': %s"):format((problem:gsub('/%.: ', ': ', 1))) end
  folder:close()
  local tried = {}
  for i, command in ipairs(commands) do tried[i] = interpreter.text(command) end
  local own = ''
  if #commands > 1 then
    own = ('; %s is no interpreter that could run children itself'):format(program_path or 'this program')
  end
  return ('%s (tried: %s%s; set parallel.interpreter, the option lua= or PARALLEL_LUA to a Lua interpreter, or install one: ' ..
    "a command with arguments is a list, as {'nvim', '-l'})"):format(failure, table.concat(tried, ', '), own)
end

return interpreter
