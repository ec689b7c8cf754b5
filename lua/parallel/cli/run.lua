--- luapar run: a script with the library loaded, and its options set from outside.
local common = require 'parallel.cli.common'
local compat = require 'parallel.compat'

local function show(err)
  if type(err) ~= 'string' then return err end
  return debug.traceback(err, 2)
end

return function(args, parallel)
  common.set_up(args, parallel)
  local chunk, problem = loadfile(args.script)
  if not chunk then error(problem, 0) end
  args.arguments[0] = args.script
  arg = args.arguments -- luacheck: ignore
  local ok, err = xpcall(function() chunk(compat.unpack(args.arguments)) end, show)
  if ok then return 0 end
  error(err, 0)
end
