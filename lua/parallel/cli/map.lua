--- luapar map: Lua code for each line of files, on all cores.
local common = require 'parallel.cli.common'
local core = require 'parallel.core'
local terminal = require 'parallel.terminal'

-- The lines of all files, one after the other, each with its number.
local function lines_of(files)
  if not files[1] then files = {'-'} end
  local number, at, file = 0, 0, nil
  local function next_line()
    while true do
      local line, problem
      if file then line, problem = file:read('*l') end
      if line then
        number = number + 1
        return line, number
      end
      if problem then error(('%s: %s'):format(file == io.stdin and 'standard input' or files[at], problem), 0) end
      if file and file ~= io.stdin then file:close() end
      at = at + 1
      if not files[at] then return nil end
      file = io.stdin
      if files[at] ~= '-' then file, problem = io.open(files[at], 'rb') end
      if not file then error(problem, 0) end
    end
  end
  return next_line
end

local function text_of(value)
  if type(value) ~= 'table' or (getmetatable(value) or {}).__tostring then return tostring(value) end
  local cells = {}
  for i = 1, #value do cells[i] = tostring(value[i]) end
  return table.concat(cells, '\t')
end

-- The code as a function of line and number. On other machines and in workers it is its text, so it refers to nothing here.
local function function_of(code)
  local body = ('return function(x, i) %s\nend'):format(code)
  local f = pcall(common.compile, 'return ' .. code, '=code') and common.compile(('function(x, i) return %s\nend'):format(code), '=code')
  if f then return f() end
  common.compile(code, '=code') -- for its errors, in the words of the code alone
  return common.compile(body, '=code')()
end

local function options_of(args, fail)
  return {
    ordered = not args.unordered, timeout = args.timeout, retries = args.retries, progress = args.progress or nil,
    on_error = args.keep_going and fail or nil, journal = args.journal, journal_mode = args.journal_mode,
    retry = args.retry_failed and 'failed' or nil,
  }
end

-- Writes to standard output: lines of a terminal that shows progress as well go where the bar is, which is drawn again below them.
local function writer(progress)
  if not progress or not core.is_terminal(terminal.STDOUT) or not core.is_terminal(terminal.STDERR) then return common.write end
  local hide = require 'parallel.progress'.hide
  return function(...)
    hide()
    return common.write(...) and io.stdout:flush()
  end
end

return function(args, parallel)
  common.set_up(args, parallel)
  local f = function_of(args.code)
  local init = args.init and common.compile(args.init, '=init')
  local pool = parallel.pool{workers = args.workers, hosts = args.hosts and true or nil, init = init, name = 'luapar map'}
  local failures = 0
  local function fail(err)
    failures = failures + 1
    io.stderr:write('luapar: ', tostring(err.summary or err.message or err), '\n')
    return nil
  end
  local write = writer(args.progress)
  for _, value in pool:imap(f, lines_of(args.files), options_of(args, fail)) do
    if value ~= nil and not write(text_of(value), '\n') then break end
  end
  pool:close{now = true}
  if failures > 0 then io.stderr:write(('luapar: %d line%s failed\n'):format(failures, failures == 1 and '' or 's')) end
  return failures > 0 and 1 or 0
end
