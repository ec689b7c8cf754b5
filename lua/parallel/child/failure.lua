--- What is said of an error in a child: its text, with what to do where we know it, and a traceback of the user's own lines. A child that
-- does not fail never loads this.
local compat = require 'parallel.compat'
local state = require 'parallel.state'

-- The child's code may take these away, so as to be confined, and then fail.
local debug, io = {getinfo = debug.getinfo, traceback = debug.traceback}, {open = io.open}
local error, getmetatable, pcall, require, tostring, type, xpcall = error, getmetatable, pcall, require, tostring, type, xpcall

local failure = {}

local root = debug.getinfo(1, 'S').source:match('^@(.*/)child/[^/]*$')

--- The file of ours that a line of a traceback is about, as 'pool/map'; nil: it is about something else. (The user's own files may lie in
-- a folder parallel, and ours in a clone that is called so; Lua cuts the beginning of a long path.)
function failure.own_file(line)
  local name = line:match('^.*parallel/([%w_/]+)%.lua:%d+:')
  local file = name and root and io.open(root .. name .. '.lua')
  if not file then return nil end
  file:close()
  return name
end

-- Is a line about what a worker of a pool calls in C, and not about a C function of the user?
local function is_task_call(line) return line:find "'run'$" or line:find "'done'$" end

-- A traceback without the lines that are ours, and what they called in C: what happened around the user's code says nothing to him. It
-- ends where we have called it.
local function own_part(traceback)
  local lines, in_c, after_ours = {}, 0, false -- in_c: so many lines at the end are about C
  for line in traceback:gmatch('[^\n]+') do
    if line:find('xpcall', 1, true) or line:find('[builtin#', 1, true) then break end -- the second is LuaJIT's name for it
    if line:find("'interruptible'", 1, true) then -- of 5.1, where the xpcall that it has called has no name
      lines[#lines] = nil
      break
    end
    local own = failure.own_file(line)
    if own then
      local calls_user = own == 'child/worker' or own == 'pool/worker' or own == 'child/failure'
      local loop = own == 'pool/worker' and is_task_call(lines[#lines] or '')
      for _ = 1, calls_user and (loop and 1 or 0) or in_c do lines[#lines] = nil end
      in_c, after_ours = 0, true
    elseif not (after_ours and line:find '%(%.*tail call') then -- as 5.1 says it, and as others do
      lines[#lines + 1] = line
      in_c, after_ours = line:find('^%s*%[C%]') and in_c + 1 or 0, false
    end
  end
  return lines[2] and table.concat(lines, '\n') or '' -- the first is its heading
end

-- Where a variable was nil: its kind (global or upvalue) and name, as each Lua says it.
local function nil_variable(text)
  local kind, name = text:match("a nil value %((%a+) '([^']+)'%)")
  if kind then return kind, name end
  return text:match("attempt to %a+ (%a+) '([^']+)' %(a nil value%)")
end

-- What to do about a variable that had a value where the function was written.
local function hint(text)
  local kind, name = nil_variable(text)
  if not state.in_child or kind ~= 'global' and kind ~= 'upvalue' then return '' end
  if kind == 'upvalue' then return (" (the local '%s' had no value yet when the function was sent)"):format(name) end
  return (" (globals of the program do not travel to its children: make '%s' a local, require it in the function, or set it in init)"):format(name)
end

local told = setmetatable({}, {__mode = 'k'}) -- what was explained and is raised again

--- An error value and its traceback -> {value=, text=, traceback=}
function failure.explain(value, traceback)
  if value ~= nil and told[value] then return value end
  local text = value
  if type(value) ~= 'string' then
    local ok, converted = pcall(tostring, value)
    text = ok and converted or '(an error value that cannot be shown: a ' .. type(value) .. ')'
    if type(value) == 'table' and not getmetatable(value) then
      text = value.message ~= nil and tostring(value.message) or require 'parallel.summary'(1, value)
    end
  end
  text = tostring(text):gsub('^.*parallel/[%w_/]+%.lua:%d+: (interrupted!)$', '%1') -- Ctrl-C, in a line of ours
  if type(value) == 'string' then text = text .. hint(text) end
  return {value = value, text = text, traceback = own_part(traceback)}
end

--- The same as a message handler.
function failure.on_error(value)
  local ok, traceback = pcall(debug.traceback, '', 2)
  return failure.explain(value, ok and traceback or '')
end

--- true, the first value of f(...) | false, what on_error made of its error
function failure.call(f, ...)
  local args, value = compat.pack(...), nil
  local ok, explained = xpcall(function() value = f(compat.unpack(args, 1, args.n)) end, failure.on_error) -- no tail call: own_part sees it
  if not ok then return false, explained end
  return true, value
end

--- Raises what was explained, as it is.
function failure.raise_again(explained)
  if type(explained) == 'table' then told[explained] = true end
  error(explained, 0)
end

return failure
