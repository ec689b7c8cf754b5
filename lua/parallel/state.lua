--- What modules of this process share. Every field is here, with who sets it and who reads it.
return {
  -- Pools with workers that are open, as keys. A pool puts itself in and takes itself out; parallel.close() ends them all.
  pools = setmetatable({}, {__mode = 'k'}),

  -- The loop that serves all pools of this process (parallel.pool.loop). Set when the first pool with workers opens.
  pool_loop = nil,

  -- How many workers a pool gets by default, in a worker of a pool: its share of the cores. Set when a worker begins; nil
  -- elsewhere, where it is the number of cores.
  pool_share = nil,
}
