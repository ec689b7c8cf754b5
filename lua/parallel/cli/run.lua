--- luapar run: a script with the library loaded, and its options set from outside.
local common = require 'parallel.cli.common'
local compat = require 'parallel.compat'
local errors = require 'parallel.errors'
local on_error = require 'parallel.child.failure'.on_error

-- As the interpreter says it: the error, and where in the script it was.
local function told(failure)
  if type(failure) ~= 'table' or failure.text == nil then return tostring(failure) end -- out of memory
  local metatable = type(failure.value) == 'table' and getmetatable(failure.value)
  local says_itself = errors.is(failure.value) or type(metatable) == 'table' and metatable.__tostring
  if says_itself or failure.traceback == '' then return failure.text end
  return failure.text .. '\n' .. failure.traceback:gsub("in function 'chunk'$", 'in main chunk') -- 5.1 names it so, with arguments
end

-- The script without a function of ours around it, which its traceback would show; Lua 5.1 hands no arguments on.
local function call(chunk, arguments)
  local f = chunk
  if compat.version == '5.1' and arguments[1] then f = function() chunk(compat.unpack(arguments)) end end
  local ok, failure = xpcall(f, on_error, compat.unpack(arguments)) -- no tail call: on_error looks for xpcall by its name
  return ok, failure
end

return function(args, parallel)
  common.set_up(args, parallel)
  local chunk, problem = loadfile(args.script ~= '-' and args.script or nil)
  if not chunk then error(problem, 0) end
  args.arguments[0] = args.script
  arg = args.arguments -- luacheck: ignore
  local ok, failure = call(chunk, args.arguments)
  if ok then return 0 end
  error(told(failure), 0)
end
