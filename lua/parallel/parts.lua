--- The parts of the module that are loaded when they are first used: a child that only sends and receives does not even load their names.
local core = require 'parallel.core'
local state = require 'parallel.state'

local parts = {}

-- name -> module that it is, or module and field
local lazy = {
  tensor = {'parallel.tensor'},
  parent = {'parallel.children', 'no_parent'},
  children = {'parallel.group', 'children'},
  send = {'parallel.group', 'send'},
  receive = {'parallel.group', 'receive'},
  _fill = {'parallel.group', 'fill'},
  join = {'parallel.group', 'join'},
  sync = {'parallel.group', 'sync'},
  select = {'parallel.select', 'select'},
  fd = {'parallel.select', 'fd'},
  close = {'parallel.select', 'close'},
  run = {'parallel.start', 'run'},
  preload = {'parallel.forkserver', 'preload'},
  fork = {'parallel.forked', 'fork'},
  nfork = {'parallel.forked', 'nfork'},
  sfork = {'parallel.forked', 'sfork'},
  exec = {'parallel.forked', 'exec'},
  addremote = {'parallel.forked', 'addremote'},
  calibrate = {'parallel.forked', 'calibrate'},
  autoip = {'parallel.forked', 'autoip'},
  reset = {'parallel.forked', 'reset'},
  pool = {'parallel.pool', 'open'},
  map = {'parallel.map', 'map'},
  pairs_map = {'parallel.map', 'pairs_map'},
  trace = {'parallel.trace', 'start'},
  save = {'parallel.file', 'save'},
  load = {'parallel.file', 'load'},
  hosts = {'parallel.hosts', 'hosts'},
  counter = {'parallel.siblings.shared', 'counter'},
  lock = {'parallel.siblings.shared', 'lock'},
  table = {'parallel.siblings.shared', 'table'},
  group = {'parallel.siblings', 'group'},
  barrier = {'parallel.siblings', 'barrier'},
  broadcast = {'parallel.siblings', 'broadcast'},
  scatter = {'parallel.siblings', 'scatter'},
  gather = {'parallel.siblings', 'gather'},
  allgather = {'parallel.siblings', 'allgather'},
  reduce = {'parallel.siblings', 'reduce'},
  allreduce = {'parallel.siblings', 'allreduce'},
  reduce_scatter = {'parallel.siblings', 'reduce_scatter'},
  regroup = {'parallel.siblings', 'regroup'},
  as_completed = {'parallel.pool.future', 'as_completed'},
  top = {'parallel.view', 'top'},
  stacks = {'parallel.view', 'stacks'},
}
-- name -> function that finds the value anew each time
local computed = {
  block_cache = function() return (core.block_cache()) end,
  nchildren = function() return require 'parallel.children'.count() end,
  processid = function() return state.last_id + 1 end, -- of the child to be started next, as the original counted
  ip = function() return require 'parallel.forked'.ip() end,
}

--- parallel[key] of what is not there (yet).
function parts.find(parallel, key)
  if computed[key] then return computed[key]() end
  local place = lazy[key]
  if not place then return nil end
  local value = require(place[1])
  if place[2] then value = value[place[2]] end
  rawset(parallel, key, value)
  return value
end

return parts
