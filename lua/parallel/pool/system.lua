--- What pools touch of the world: time, children, what is said to them and heard from them. A loop is made with this table;
-- a simulation makes one with a table of its own.
local core = require 'parallel.core'

local handle, tasks, signals = core.child, core.tasks, core.signals

return {
  clock = core.clock, -- () -> seconds
  sleep = core.sleep, -- (seconds)
  selector = core.child.selector, -- () -> selector with add(child), remove(child), wait([seconds]) -> id of a child with news, fd()

  -- A child begins, and ends.
  start = function(options) return require 'parallel.start'.child(options) end, -- options of parallel.run{...} -> child
  stop = function(child) return child:kill(signals.STOP) end,
  continue = function(child) return child:kill(signals.CONT) end,
  kill = function(child) return child:kill(signals.KILL) end,
  wait = handle.wait, -- (child [, seconds]): until it has ended
  failure = handle.failure, -- (child) -> error object of its end, or nil
  retired = handle.retired, -- (child) -> is its channel closed?
  forget = handle.forget, -- (child): ends it at once and gives back what it took

  -- Messages and chunks: src/lua/pool/tasks.c
  post = tasks.post,
  give = tasks.give,
  collect = tasks.collect,
  retract = tasks.retract,
  claimed = tasks.claimed,
}
