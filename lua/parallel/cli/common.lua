--- What several commands of luapar need.
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local state = require 'parallel.state'

local common = {}

--- Options of all commands that start processes.
function common.set_up(args, parallel)
  if args.workers then state.pool_share = math.max(1, args.workers) end
  if args.hosts then core.set_variable('PARALLEL_HOSTS', args.hosts) end
  if args.trace then parallel.trace(args.trace) end
end

--- Lua code as a chunk; an expression alone is one that returns it. Raises what is wrong with it.
function common.compile(code, name, head)
  head = head or ''
  local chunk = compat.loadstring(head .. 'return ' .. code, name)
  if chunk then return chunk end
  local problem
  chunk, problem = compat.loadstring(head .. code, name)
  if not chunk then error(problem, 0) end
  return chunk
end

local lost -- why something could not be written

--- Writes to standard output. Returns false when that failed: see common.flush.
function common.write(...)
  local ok, problem = io.stdout:write(...)
  if not ok then lost = lost or problem end
  return ok and true or false
end

--- Writes out what standard output still holds. Returns nil, or why not all of the output has come out.
function common.flush()
  local ok, problem = io.stdout:flush()
  return lost or not ok and problem or nil
end

--- A duration for people.
function common.duration(seconds)
  if seconds < 60 then return ('%.1f s'):format(seconds) end
  if seconds < 3600 then return ('%d min %d s'):format(math.floor(seconds / 60), math.floor(seconds % 60)) end
  return ('%d h %d min'):format(math.floor(seconds / 3600), math.floor(seconds % 3600 / 60))
end

--- A moment for people.
function common.moment(seconds) return os.date('%Y-%m-%d %H:%M:%S', math.floor(seconds)) end

return common
