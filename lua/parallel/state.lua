--- What modules of this process share. Every field is here, with who sets it and who reads it.
return {
  -- What require 'parallel' returns. Set by init, which reads it where somebody has taken that out of package.loaded.
  module = nil,

  -- Is this process a child of the library? Set by parallel.child.boot (in the fork server by forkserver_main), read by init.
  in_child = false,

  -- May this process ask whoever started it for modules that are not on its machine? Set by parallel.child.boot, read by start: children of
  -- its own may then as well.
  takes_modules = nil,

  -- Is it a worker of a pool? Set when a worker begins, read by siblings.member.
  in_pool = false,

  -- Ids: the last one given to a child of this process, and the ids from the top process down to this one. Counted by start, put back
  -- by forked.reset; the path is set when a child begins.
  last_id = 0,
  path = {},

  -- What parallel.block_cache was set to, for children started afterwards; nil: the default. Set by init, read by start.
  block_cache = nil,

  -- The number of the last group of children that was made: the name of one that has no other. Counted by siblings.make.
  last_group = 0,

  -- Our files that every child runs, as bytecode by name, nil until the first child is started or where the parent sent none. Made by
  -- start, or set by parallel.child.boot.
  compiled = nil,

  -- id -> child: those who run, or ended and were not joined, or have messages left. Users see it as parallel.children. Filled and
  -- emptied by children.lua.
  children = {},

  -- child -> 'same kind' or 'foreign': children of fork that wait for code. Put in by start, taken out by forked when exec gives the
  -- code; asked by children.lua, since nobody can wait for their end.
  idle = setmetatable({}, {__mode = 'k'}),

  -- The selector of all children, for select() and fd(): made by select.lua when it is first asked for, kept up to date by children.lua.
  selector = nil,

  -- id -> child: those who left by the last join of the whole group, who can still be asked by their id. Set by group.lua, dropped by
  -- children.lua when the next one starts and by select.close.
  joined_last = {},

  -- Called with a child that leaves `children`, in this order. Added by who keeps something for each child (forked.lua).
  on_leave = {},

  -- Pools with workers that are open, as keys. A pool puts itself in and takes itself out; parallel.close() ends them all.
  pools = setmetatable({}, {__mode = 'k'}),

  -- The loop that serves all pools of this process (parallel.pool.loop). Set when the first pool with workers opens.
  pool_loop = nil,

  -- Functions, as keys, whose upvalues change no more: put in by parallel.constant, asked by pools.
  constants = setmetatable({}, {__mode = 'k'}),

  -- How many workers a pool gets by default, in a worker of a pool: its share of the cores. Set when a worker begins; nil
  -- elsewhere, where it is the number of cores.
  pool_share = nil,
}
