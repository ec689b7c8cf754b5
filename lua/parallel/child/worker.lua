--- A child's main: runs the code that the parent sent and reports how it ended.
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local errors = require 'parallel.errors'

local worker = {}
local handle = core.child

-- The child's code may take these away, so as to be confined, and then fail.
local pcall, xpcall, type, tostring, require, collectgarbage = pcall, xpcall, type, tostring, require, collectgarbage
local exit, where = os.exit, debug.traceback

-- Message handler: what cannot be had later. The rest is done when the stack is free again.
local function capture(value)
  local ok, traceback = pcall(where, '', 2)
  return {value = value, traceback = ok and traceback or ''}
end

-- What xpcall has of capture -> {value=, text=, traceback=}
local function explain(captured)
  if type(captured) ~= 'table' then -- out of memory: Lua calls no message handler then
    collectgarbage()
    return {text = tostring(captured), traceback = ''}
  end
  local ok, explained = pcall(function()
    return require 'parallel.child.failure'.explain(captured.value, captured.traceback)
  end)
  return ok and explained or {value = captured.value, text = tostring(captured.value), traceback = captured.traceback}
end

-- Tells the parent. When even that fails (the parent is gone), there is nobody to tell.
local function report_failure(parent, captured)
  local failure = explain(captured)
  local value = failure.value
  if type(value) == 'string' then value = nil end
  if errors.is(value) and value.code == 'closed' and value.id == 0 then exit(1) end -- orphaned in mid-wait
  local ok = pcall(handle.send_failure, parent, failure.text, failure.traceback, value)
  if not ok then ok = pcall(handle.send_failure, parent, failure.text, failure.traceback) end
  exit(ok and 1 or 2)
end

local function compile(parent, code)
  if type(code) == 'function' then return code end
  local chunk, message = compat.loadstring(code)
  if not chunk then report_failure(parent, {value = message, traceback = ''}) end -- one would have no line of the user's
  return chunk
end

-- xpcall of what Ctrl-C may break into: all that is not ours, or waits.
local function protected(f) return core.child.interruptible(xpcall, f, capture) end

-- Runs code with arguments and sends what it returned.
local function run(parent, code, args, first)
  local results
  local ok, captured = protected(function()
    results = compat.pack(compile(parent, code)(compat.unpack(args, first, args.n)))
  end)
  if ok then
    ok, captured = protected(function()
      handle.send_result(parent, compat.unpack(results, 1, results.n))
    end)
  end
  if not ok then report_failure(parent, captured) end
end

-- Waits for the parent's exec. Returns the code and arguments, which are those of fork when exec gave none.
local function await_exec(parent, args)
  local given
  local ok, captured = protected(function() given = compat.pack(handle.await_exec(parent)) end)
  if not ok then report_failure(parent, captured) end
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
