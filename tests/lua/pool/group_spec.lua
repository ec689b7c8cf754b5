-- The workers of a pool as a group for one call.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local error_of = support.error_of

-- Has the process ended, though nobody may have waited for it?
local function is_dead(pid)
  local file = io.open(('/proc/%d/stat'):format(pid))
  if not file then return true end
  local state, threads = file:read('*a'):match('%) (%a) ' .. ('%-?%d+ '):rep(16) .. '(%d+)')
  file:close()
  return state == 'X' or state == 'Z' and threads == '1' -- a process with two is not to be reaped yet
end

describe('a pool whose workers are a group', function()
  local pool
  local function open(options)
    pool = parallel.pool(options)
    return pool
  end
  after_each(function()
    if pool then pool:close{now = true} end
    pool = nil
  end)

  it('reduces what they have', function()
    open{workers = 3}
    local squares = pool:map(function(x) return x * x end, {1, 2, 3})
    local sums = pool:everywhere(function(g, n, list)
      local torch = require 'parallel.tensor'
      local t = torch.Tensor(n):fill(g.rank * list[1])
      return {g:allreduce(t)[n], g.size, parallel.allreduce(1), parallel.group() == g, g:allgather(g.rank)}
    end, 1000, squares, {group = true})
    for place = 1, 3 do assert.same({6, 3, 3, true, {1, 2, 3}}, sums[place]) end
    for round = 1, 20 do
      local ranks = pool:group(function(g, x) return g:allreduce(g.rank + x) end, round)
      assert.same({6 + 3 * round, 6 + 3 * round, 6 + 3 * round}, ranks)
    end
    assert.same({{group = true, n = 1}}, {pool:everywhere(function(options) return options end, {group = true, n = 1})[2]})
    assert.same({1, 4, 9}, pool:map(function(x) return x * x end, {1, 2, 3}))
    assert.equal(3, pool:stats().workers)
  end)

  it('waits for those that are busy, and gives up no worker that has done enough', function()
    open{workers = 2, max_tasks = 2}
    local slow = pool:submit(function() require 'parallel.core'.sleep(0.1) return 'slow' end)
    for _ = 1, 5 do
      assert.same({2, 2}, pool:group(function(g) return g:allreduce(1) end))
      pool:map(function(x) return x end, {1, 2, 3})
    end
    assert.equal('slow', slow:result())
  end)

  it('raises the error of the one that failed, and the workers are as before', function()
    open{workers = 3}
    local function fail(g, how)
      if g.rank == 2 then
        if how == 'exit' then os.exit(3) end
        local function inner() error(how) end
        inner()
      end
      g:barrier()
    end
    local err = error_of(pool.group, pool, fail, 'my own fault')
    assert.equal('failed', err.code)
    assert.equal(2, err.worker)
    assert.matches('my own fault$', err.message)
    assert.matches('inner', err.traceback)
    assert.is_nil(err.traceback:find('member.lua', 1, true))
    assert.matches('^task 1 %("my own fault"%) failed in worker 2: ', tostring(err))
    assert.same({3, 3, 3}, pool:group(function(g) return g:allreduce(1) end))
    err = error_of(pool.group, pool, fail, 'exit')
    assert.equal('died', err.code)
    assert.equal(3, err.status)
    assert.same({3, 3, 3}, pool:group(function(g) return g:allreduce(1) end))
    assert.same({4, 4, 4}, pool:everywhere(function(g) return g:allreduce(g.rank - 1) + 1 end, {group = true}))
  end)

  it('goes on after regroup, and after workers that were killed before', function()
    open{workers = 3}
    local sizes = pool:everywhere(function(g)
      if g.rank == 3 then g:leave() return 0 end
      local ok = pcall(g.barrier, g)
      local h = g:regroup()
      return (ok and 100 or 0) + h:allreduce(1)
    end, {group = true})
    assert.same({2, 2, 0}, sizes)
    for _ = 1, 5 do
      local pid = pool:stats().pids[2]
      os.execute('kill -9 ' .. pid)
      assert.is_true(support.eventually(function() return is_dead(pid) end)) -- the pool has not looked
      assert.same({3, 3, 3}, pool:group(function(g) return g:allreduce(1) end))
    end
  end)

  it('keeps to the time limit of the pool', function()
    open{workers = 2, timeout = 0.2}
    local err = error_of(pool.group, pool, function(g)
      while g.rank == 2 do end
      g:barrier()
    end)
    assert.equal('timeout', err.code) -- no death of which the other one was told
    assert.is_true(support.eventually(function() -- what is short may be late, too, where a machine is busy with others
      local ok, sums = pcall(pool.group, pool, function(g) return g:allreduce(1) end)
      return ok and sums[1] == 2 and sums[2] == 2
    end))
  end)

  it('works without workers, as a group of one', function()
    open{workers = 0}
    assert.same({{1, 1, 5, 'x', {7}}}, pool:everywhere(function(g, x)
      return {g.rank, g.size, g:allreduce(x), g:broadcast('x', 1), g:allgather(7)}
    end, 5, {group = true}))
    assert.matches('in there', support.message_of(pool.group, pool, function() error('in there') end))
    assert.matches('is in no group', support.message_of(parallel.group), 1, true)
  end)

  it('is no group for other tasks, which are told so instead of waiting for one', function()
    open{workers = 2}
    assert.same({2, 2}, pool:group(function(g) return g:allreduce(1) end))
    local said = pool:map(function(name)
      return {tostring(select(2, pcall(parallel.group, name))), tostring(select(2, pcall(parallel.allreduce, 1)))}
    end, {'of another name'})[1]
    assert.matches('parallel.group: this task of a pool is in no group: pool:group(f, ...) calls f with one of all workers', said[1], 1, true)
    assert.matches('parallel.allreduce: this task of a pool is in no group', said[2], 1, true)
    assert.same({2, 2}, pool:group(function() return parallel.allreduce(1) end))
  end)

  it('refuses what is no function', function()
    open{workers = 0}
    assert.matches('group: a function expected, got nil', support.message_of(pool.group, pool), 1, true)
  end)
end)
