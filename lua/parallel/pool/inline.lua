--- Tasks in this process, for a pool without workers (workers = 0).
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local pool_errors = require 'parallel.pool.errors'
local protocol = require 'parallel.pool.protocol'

local inline = {}

local jit = rawget(_G, 'jit')

-- Compiled code asks no hook whether its time is up: LuaJIT has to interpret meanwhile, and to forget what it compiled.
local function limited(seconds, f, on_error)
  if not jit or not jit.status() then return core.limited(seconds, f, on_error) end
  local function finish(...)
    jit.on()
    return ...
  end
  jit.off()
  jit.flush()
  return finish(core.limited(seconds, f, on_error))
end

--- Calls f() -> true, or false and {text=, traceback=, value=}; third result: the limit in seconds, if that was passed.
function inline.call(f, seconds)
  local on_error = require 'parallel.child.failure'.on_error
  local began = core.clock()
  local ok, failure
  if seconds then ok, failure = limited(seconds, f, on_error) else ok, failure = xpcall(f, on_error) end
  if not ok and type(failure) ~= 'table' then failure = {text = tostring(failure), traceback = ''} end
  if seconds and core.clock() - began >= seconds then return false, failure, seconds end
  return ok, failure
end

--- Runs the first task of a chunk.
function inline.run(job, chunk)
  local number = chunk.first
  local mode = chunk.mode
  local f = mode == protocol.CALLS and job:function_of(number) or job.f
  local item = chunk.args[1]
  local results
  if job.seed then require 'parallel.seed'.set(job.seed, number) end
  local ok, failure, late = inline.call(function()
    if mode == protocol.ONE then
      results = compat.pack(f(item))
    else
      results = compat.pack(f(compat.unpack(item, mode == protocol.CALLS and 2 or 1, item.n)))
    end
  end, job.timeout)
  if ok then return job:complete(number, compat.unpack(results, 1, results.n)) end
  local fields = job:describe(number, 0)
  if late then return job:fail(number, pool_errors.late(fields, late)) end
  fields.message, fields.traceback = failure.text, failure.traceback
  if type(failure.value) ~= 'string' then fields.value = failure.value end
  job:fail(number, pool_errors.failed(fields))
end

--- Runs tasks of a job until finished(), or until there are none. Returns finished().
function inline.drive(job, finished, tick)
  while not finished() do
    local chunk = job:take(1)
    if not chunk then return finished() end
    inline.run(job, chunk)
    if tick then tick() end
  end
  return true
end

return inline
