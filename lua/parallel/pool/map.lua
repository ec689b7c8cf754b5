--- pool:map: a job that is a list.
local core = require 'parallel.core'
local call = require 'parallel.pool.call'
local new_job = require 'parallel.pool.job'.new
local options_of = require 'parallel.pool.options'
local protocol = require 'parallel.pool.protocol'

local function on_value(job, number, value) job.results[number] = value end

local function on_error(job, _, err)
  local ok, value = call.handle_error(job, err)
  if ok then job.results[err.task] = value end
end

local function list_job(list, options)
  return new_job{
    mode = protocol.ONE, items = list, last = options_of.length_of(list), results = {}, chunk = options.chunk,
    timeout = options.timeout, retries = options.retries, seed = options.seed, handler = options.on_error,
    on_value = on_value, on_error = on_error,
  }
end

return function(pool, f, list, options)
  if type(list) ~= 'table' then options_of.misuse('map: a list expected, got ' .. type(list)) end
  options = options_of.of_call(options, pool.defaults, options_of.map, 'map')
  local job = list_job(list, options)
  local total = job.last
  call.begin(pool, job, f)
  local progress, tick = call.progress(options, job, total)
  local function finished() return job.ended >= total or job.failure ~= nil or job.aborted end
  local ok, problem = pcall(call.drive, pool, job, finished, tick)
  local err = not ok and problem or job.failure or job.aborted or nil
  call.finish(pool, job, err)
  if progress then progress:finish(job.ended, err) end
  if err then core.raise(err) end
  return job.results, job.errors
end
