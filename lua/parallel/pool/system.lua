--- What pools touch of the world: time, children, what is said to them and heard from them. A loop is made with this table;
-- a simulation makes one with a table of its own.
local core = require 'parallel.core'

local links, signals = core.links, core.signals

return {
  clock = core.clock, -- () -> seconds
  sleep = core.sleep, -- (seconds)
  selector = core.selector, -- () -> selector with add(child), remove(child), wait([seconds]) -> id of a child with news, fd()

  -- A child begins, and ends.
  start = function(options) return require 'parallel.start'.child(options) end, -- options of parallel.run{...} -> child
  stop = function(child) return links.kill_now(child, signals.STOP) end,
  continue = function(child) return links.kill_now(child, signals.CONT) end,
  kill = function(child) return links.kill_now(child, signals.KILL) end,
  wait = links.wait, -- (child [, seconds]): until it has ended
  failure = links.failure, -- (child) -> error object of its end, or nil
  retired = links.retired, -- (child) -> is its channel closed?
  forget = links.forget, -- (child): ends it at once and gives back what it took

  -- Messages and chunks: src/lua/lua_pool.c
  post = links.post,
  give = links.give,
  collect = links.collect,
  retract = links.retract,
  claimed = links.claimed,
}
