--- parallel.map(f, list [, options]): a map without a pool of one's own.
--
-- Workers are kept for the next map with the same number of workers: starting them takes longer than many a map. Options that
-- make workers different (init, lua, env, ...) get workers of their own, which end with the map.
local core = require 'parallel.core'
local options_of = require 'parallel.pool.options'
local pool = require 'parallel.pool'

local module = {}
local kept = {} -- number of workers -> pool

local own_workers = {'init', 'init_timeout', 'lua', 'env', 'cwd', 'memory_limit', 'nice', 'max_tasks', 'max_memory', 'name',
  'functions', 'hosts', 'reconnect'}

local function kept_pool(size)
  local found = kept[size]
  if found and not found.closed and found.owner == core.pid() and not found.scheduler.queue.broken then return found end
  kept[size] = pool.open{workers = size, name = 'parallel.map'}
  return kept[size]
end

local function split(options)
  local for_pool, for_map = {}, {}
  for name, value in pairs(options) do for_map[name] = value end
  for _, name in ipairs(own_workers) do
    for_pool[name], for_map[name] = options[name], nil
  end
  for_pool.workers, for_map.workers = options.workers, nil
  return for_pool, for_map
end

-- Calls a method of a pool for a map: the kept one, or one of its own.
local function on_pool(method, f, list, options)
  options_of.check(options, options_of.map_and_pool, 'parallel.' .. method)
  local for_pool, for_map = split(options or {})
  local size = for_pool.workers or not for_pool.hosts and options_of.default_workers() or nil
  local special = size == 0
  for _, name in ipairs(own_workers) do special = special or for_pool[name] ~= nil end
  for_pool.workers, for_pool.name = size, for_pool.name or 'parallel.map'
  local workers = special and pool.open(for_pool) or kept_pool(size)
  local function pass(good, ...)
    if special then workers:close{now = not good} end
    if good then return ... end
    return core.raise((...))
  end
  return pass(pcall(workers[method], workers, f, list, for_map))
end

--- parallel.map(f, list [, {workers=, chunk=, progress=, timeout=, retries=, on_error=, seed=, init=, ...}])
-- -> results in order [, errors by task number, when on_error let the map go on]
function module.map(f, list, options) return on_pool('map', f, list, options) end

--- parallel.pairs_map(f, table [, options of map]) -> f(value, key) by key [, errors by key]
function module.pairs_map(f, t, options) return on_pool('pairs_map', f, t, options) end

return module
