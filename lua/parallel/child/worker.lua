--- A child's main: runs the code that the parent sent and reports how it ended.
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local errors = require 'parallel.errors'
local state = require 'parallel.state'

local worker = {}
local handle = core.child

local root = debug.getinfo(1, 'S').source:match('^@(.*/)child/[^/]*$')

-- The file of ours that a line of a traceback is about, as 'pool/map'; nil: it is about something else.
local function own_file(line)
  local name = line:match('parallel/([%w_/]+)%.lua:%d+:')
  local file = name and root and io.open(root .. name .. '.lua')
  if not file then return nil end
  file:close()
  return name
end

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
    local own = own_file(line)
    if own then
      local calls_user = own == 'child/worker' or own == 'pool/worker'
      for _ = 1, calls_user and 0 or in_c do lines[#lines] = nil end
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

local told = setmetatable({}, {__mode = 'k'}) -- what on_error has made of errors that are raised again

-- Message handler: the error value, its text and where it happened.
local function on_error(value)
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
  local ok, traceback = pcall(debug.traceback, '', 2)
  return {value = value, text = text, traceback = ok and own_part(traceback) or ''}
end

worker.on_error = on_error

--- true, the first value of f(...) | false, what on_error made of its error
function worker.call(f, ...)
  local args, value = compat.pack(...), nil
  local ok, failure = xpcall(function() value = f(compat.unpack(args, 1, args.n)) end, on_error) -- no tail call: own_part sees it
  if not ok then return false, failure end
  return true, value
end

--- Raises what on_error has made of an error, as it is.
function worker.raise_again(failure)
  if type(failure) == 'table' then told[failure] = true end
  error(failure, 0)
end

-- Tells the parent. When even that fails (the parent is gone), there is nobody to tell.
local function report_failure(parent, failure)
  if type(failure) ~= 'table' then -- out of memory: Lua calls no message handler then
    collectgarbage()
    failure = {text = tostring(failure), traceback = ''}
  end
  local value = failure.value
  if type(value) == 'string' then value = nil end
  if errors.is(value) and value.code == 'closed' and value.id == 0 then os.exit(1) end -- orphaned in mid-wait
  local ok = pcall(handle.send_failure, parent, failure.text, failure.traceback, value)
  if not ok then ok = pcall(handle.send_failure, parent, failure.text, failure.traceback) end
  os.exit(ok and 1 or 2)
end

local function compile(code)
  if type(code) == 'function' then return code end
  local chunk, message = compat.loadstring(code)
  if not chunk then error(message, 0) end
  return chunk
end

-- xpcall of what Ctrl-C may break into: all that is not ours, or waits.
local function protected(f) return core.child.interruptible(xpcall, f, on_error) end

-- Runs code with arguments and sends what it returned.
local function run(parent, code, args, first)
  local results
  local ok, failure = protected(function()
    results = compat.pack(compile(code)(compat.unpack(args, first, args.n)))
  end)
  if ok then
    ok, failure = protected(function()
      handle.send_result(parent, compat.unpack(results, 1, results.n))
    end)
  end
  if not ok then report_failure(parent, failure) end
end

-- Waits for the parent's exec. Returns the code and arguments, which are those of fork when exec gave none.
local function await_exec(parent, args)
  local given
  local ok, failure = protected(function() given = compat.pack(handle.await_exec(parent)) end)
  if not ok then report_failure(parent, failure) end
  if given.n > 1 then return given[1], given, 2 end
  return given[1], args, 1
end

--- Runs the code that the parent sent first, with its arguments. A child of fork has no code yet.
function worker.main(parallel, parent, settings, code, ...)
  local args, first = compat.pack(...), 1
  if settings.waits then code, args, first = await_exec(parent, args) end
  parallel.args = {compat.unpack(args, first, args.n)}
  run(parent, code, args, first)
end

return worker
