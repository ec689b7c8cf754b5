--- parallel.trace(file): one timeline of this process and of all children that it starts from now on, in the format of Chrome's
-- tracing and of Perfetto. The same as starting the program with PARALLEL_TRACE=file. parallel.trace(nil) ends it.
local core = require 'parallel.core'

local trace = {}

function trace.start(file)
  if file ~= nil and type(file) ~= 'string' then
    error('parallel.trace: the name of a file, or nil, expected, got ' .. type(file), 2)
  end
  local ok, problem = pcall(core.trace, file)
  if not ok then require 'parallel.options'.misuse(problem) end
end

--- Runs one task of a pool as a span of its own.
function trace.task(number, call, item)
  core.trace_task(number)
  local function finish(...)
    core.trace_task_end(false)
    return ...
  end
  return finish(call(item))
end

return trace
