--- A child's main: runs the code that the parent sent and reports how it ended.
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local errors = require 'parallel.errors'

local worker = {}
local handle = core.child

-- A traceback without the lines that are ours: what happened before and after the user's code says nothing to him.
local function own_part(traceback)
  local lines = {}
  for line in traceback:gmatch('[^\n]+') do
    if line:find('xpcall', 1, true) then break end
    if not line:find('parallel/[%a_/]*worker%.lua:') then lines[#lines + 1] = line end
  end
  return table.concat(lines, '\n')
end

-- Message handler: the error value, its text and where it happened.
local function on_error(value)
  local text = value
  if type(value) ~= 'string' then
    local ok, converted = pcall(tostring, value)
    text = ok and converted or '(an error value that cannot be shown: a ' .. type(value) .. ')'
    if type(value) == 'table' and not getmetatable(value) then
      text = value.message ~= nil and tostring(value.message) or require 'parallel.summary'(1, value)
    end
  end
  text = tostring(text):gsub('^.*parallel/[%w_/]+%.lua:%d+: (interrupted!)$', '%1') -- Ctrl-C, in a line of ours
  local ok, traceback = pcall(debug.traceback, '', 2)
  return {value = value, text = text, traceback = ok and own_part(traceback) or ''}
end

worker.on_error = on_error

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
