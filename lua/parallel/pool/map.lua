--- pool:map and pool:pairs_map: a job that is a list.
local core = require 'parallel.core'
local call = require 'parallel.pool.call'
local new_job = require 'parallel.pool.job'.new
local options_of = require 'parallel.pool.options'
local protocol = require 'parallel.pool.protocol'

local map = {}

local function on_value(job, number, value) job.values[number] = value end

local function on_error(job, _, err)
  local ok, value = call.handle_error(job, err)
  if ok then job.values[err.task] = value end
end

-- Values are put directly where they belong (results), unless each has to be kept in a journal first.
local function list_job(list, last, mode, options)
  local values = core.tasks.list(last)
  return new_job{
    mode = mode, items = list, last = last, values = values, results = not options.journal and values or nil, chunk = options.chunk,
    timeout = options.timeout, retries = options.retries, seed = options.seed, handler = options.on_error, on_value = on_value, on_error = on_error,
  }
end

-- Runs the job to its end.
local function run(pool, job, f, options, what)
  local total = job.last
  call.journal(pool, job, f, options, what)
  if job.journal then job.journal:begin() end
  call.begin(pool, job, f)
  local progress, tick = call.progress(options, job, total)
  local function finished() return job.ended >= total or job.failure ~= nil or job.aborted end
  local ok, problem = pcall(call.drive, pool, job, finished, tick)
  local err = not ok and problem or job.failure or job.aborted or nil
  err = call.finish(pool, job, err) or err
  if progress then progress:finish(job.ended, err) end
  if err then core.raise(err) end
  return job.values, job.errors
end

local function check_table(list, what)
  if type(list) ~= 'table' then options_of.misuse(('%s: a list expected, got %s'):format(what, type(list))) end
end

function map.map(pool, f, list, options)
  check_table(list, 'map')
  options = options_of.of_call(options, pool.defaults, options_of.map, 'map')
  return run(pool, list_job(list, options_of.length_of(list, 'map'), protocol.ONE, options), f, options, 'map')
end

-- --- maps that keep their keys ---

local rank_of = {number = 1, string = 2}

-- Numbers, then texts, each in their order, so that the same table has the same tasks in each run; then the rest.
local function before(a, b)
  local first, second = rank_of[type(a)] or 3, rank_of[type(b)] or 3
  if first ~= second then return first < second end
  return first < 3 and a < b
end

local function keys_of(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, before)
  return keys
end

local function by_key(values, keys)
  local result = {}
  for number, value in pairs(values) do result[keys[number]] = value end
  return result
end

--- f(value, key) for each pair; results and errors have the keys of the table.
function map.pairs_map(pool, f, t, options)
  check_table(t, 'pairs_map')
  options = options_of.of_call(options, pool.defaults, options_of.map, 'pairs_map')
  local keys, items = keys_of(t), {}
  for number, key in ipairs(keys) do items[number] = {n = 2, t[key], key} end
  local results, errors = run(pool, list_job(items, #keys, protocol.SPREAD, options), f, options, 'pairs_map')
  return by_key(results, keys), errors and by_key(errors, keys)
end

return map
