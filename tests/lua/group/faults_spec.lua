-- Members that die, leave, come late or are interrupted: the others are told who, soon, and go on without them.
-- PARALLEL_KILLS=1000 kills so many instead of a few, and prints the longest time until all knew; PARALLEL_SEED=N: at other moments.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local core = require 'parallel.core'

local KILLS = tonumber(os.getenv('PARALLEL_KILLS')) or 15

local function start(n, f, ...)
  local list, ids = {}, {}
  for i = 1, n do
    list[i] = parallel.run(function(code, ...) return code(parallel.group(), ...) end, f, ...)
    ids[i] = list[i].id
  end
  parallel.group(list)
  return list, ids
end

-- A member's code: collectives of all kinds until one fails; tells how, and goes on with those who live.
local function collect_until_told(g)
  local torch = require 'parallel.tensor'
  local shared = torch.Tensor(50000):share()
  local calls = {
    function() g:barrier() end,
    function() g:allreduce(1) end,
    function() g:allreduce(torch.Tensor(10):fill(1)) end,
    function() g:allreduce(torch.Tensor(200000):fill(1)) end,
    function() g:allreduce(shared) end, -- in place: all see all of them
    function() g:allreduce(torch.Tensor(50000):fill(1):share()) end,
    function() g:reduce(torch.FloatTensor(100000):fill(1), 'max', 1) end,
    function() g:reduce_scatter(torch.Tensor(12 * 10000):fill(1)) end,
    function() g:broadcast({1, ('x'):rep(300000)}, g.size) end,
    function() g:gather(('y'):rep(100000), 1) end,
    function() g:allgather({g.rank}) end,
    function()
      local list = {}
      for i = 1, g.size do list[i] = i end
      g:scatter(list, 1)
    end,
    function() g:allreduce({1}, function(a) return a end) end,
  }
  parallel.parent:send('ready')
  local at = 1
  while true do
    local ok, failure = pcall(calls[at])
    if not ok then
      local now = parallel.clock()
      local rest = g:regroup()
      return {failure, tostring(failure), now, rest.size, rest:allreduce(shared:fill(1)):max()}
    end
    at = at % #calls + 1
  end
end

local function check_told(list, ids, victim, killed)
  local longest = 0
  for i, child in ipairs(list) do
    if i ~= victim then
      local told = child:join{timeout = support.patience}
      local failure, text, at = told[1], told[2], told[3]
      assert.equal('died', failure.code)
      assert.equal(victim, failure.rank)
      assert.equal(ids[victim], failure.id)
      assert.matches(('^[%%a_]+: member %d %%(child %d%%) has died'):format(victim, ids[victim]), text)
      assert.same({#list - 1, #list - 1}, {told[4], told[5]})
      longest = math.max(longest, at - killed)
    end
  end
  return longest
end

describe('a member that is killed', function()
  after_each(function() parallel.close() end)

  it('in any collective is named to all others', function()
    math.randomseed(tonumber(os.getenv('PARALLEL_SEED')) or 7)
    local longest, descriptors = 0, nil
    for round = 1, KILLS do
      local n = math.random(2, 4)
      local list, ids = start(n, function(g) return collect_until_told(g) end)
      for _, child in ipairs(list) do assert.equal('ready', child:receive()) end
      core.sleep(math.random() * 0.02)
      local victim = math.random(n)
      local killed = core.clock()
      list[victim]:kill('KILL')
      longest = math.max(longest, check_told(list, ids, victim, killed))
      assert.equal('died', support.error_of(list[victim].join, list[victim]).code)
      list = nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      if round == 3 then descriptors = support.descriptors() end
    end
    assert.is_true(support.descriptors() <= descriptors + 4) -- nothing is left of the others
    if os.getenv('PARALLEL_KILLS') then io.stderr:write(('all knew after at most %.3f s\n'):format(longest)) end
  end)

  it('before it has taken the group is named as well, while the parent is busy', function()
    local list, files = {}, {}
    for i = 1, 3 do
      files[i] = support.scratch('.told')
      list[i] = parallel.run(i == 2 and 'parallel.parent:send("here") while true do end' or function()
        local failure = select(2, pcall(parallel.group().barrier, parallel.group()))
        local file = assert(io.open(parallel.args[1], 'w'))
        file:write(failure.code, failure.rank)
        file:close()
        return failure.code
      end, files[i])
    end
    assert.equal('here', list[2]:receive())
    parallel.group(list)
    os.execute('kill -9 ' .. list[2].unixid) -- the parent does not look: nobody reaps it
    core.sleep(0.3)
    assert.equal('died', list[1]:join())
    assert.equal('died', list[3]:join())
    for _, name in ipairs(files) do os.remove(name) end
  end)

  it('leaves a group that its own error explains to the parent', function()
    local list, ids = start(2, function(g)
      if g.rank == 1 then error('my own fault') end
      return select(2, pcall(g.barrier, g)).code
    end)
    assert.matches('my own fault', tostring(support.error_of(list[1].join, list[1])))
    assert.equal('died', list[2]:join())
    assert.equal(2, #ids)
  end)
end)

describe('a group without one of its members', function()
  after_each(function() parallel.close() end)

  it('that has left or returned says so', function()
    for _, way in ipairs{'leave', 'return'} do
      local list, ids = start(3, function(g, how)
        g:barrier()
        if g.rank == 2 then
          if how == 'leave' then g:leave() end
          return 'gone'
        end
        local failure = select(2, pcall(g.allreduce, g, 1))
        local again = select(2, pcall(g.barrier, g))
        local alive = ' ' .. table.concat(g:alive(), ' ') .. ' ' -- the other one may be gone already
        return {failure.code, failure.rank, failure.id, tostring(failure), again.code, alive:find(' ' .. g.rank .. ' ') ~= nil, alive:find(' 2 ')}
      end, way)
      local want = ('allreduce: member 2 (child %d) has left the group'):format(ids[2])
      for _, i in ipairs{1, 3} do assert.same({'closed', 2, ids[2], want, 'closed', true}, list[i]:join()) end
      assert.equal('gone', list[2]:join())
    end
  end)

  it('does not wait longer than asked', function()
    local list, ids = start(4, function(g)
      g:barrier()
      if g.rank % 2 == 0 then parallel.parent:receive() end
      local failure = select(2, pcall(g.barrier, g, g.rank == 1 and {timeout = 0.3} or nil))
      if g.rank == 1 then parallel.parent:send('given up') end
      return {failure.code, tostring(failure)}
    end)
    assert.equal('given up', list[1]:receive())
    list[2]:send('now')
    list[4]:send('now')
    local results = parallel.join(list)
    for i = 1, 4 do assert.equal('timeout', results[i][1]) end
    local text = results[1][2]:gsub('members 2, 3 and 4', 'members 2 and 4'):gsub((', child %d'):format(ids[3]), '') -- it may have been late
    assert.matches(('^barrier: waited [%%d.]+ s for members 2 and 4 %%(child %d, child %d%%)$'):format(ids[2], ids[4]), text)
    assert.equal(('barrier: member 1 (child %d) waited too long for the others and has given the group up'):format(ids[1]), results[4][2])
  end)

  it('goes on after regroup, again and again', function()
    local list, ids = start(5, function(g)
      local torch = require 'parallel.tensor'
      local sums = {}
      for round = 1, 3 do
        if g.rank == g.size then
          if round == 2 then os.exit(7) end
          return 'gone'
        end
        local ok, failure = pcall(function()
          while true do g:allreduce(torch.Tensor(50000):fill(1)) end
        end)
        assert(not ok and failure.rank == g.size, tostring(failure))
        local old = g
        g = g:regroup()
        assert(g ~= old and g.name == old.name and not pcall(old.barrier, old))
        assert(parallel.group() == g)
        local t = g:allreduce(torch.Tensor(50000):fill(g.rank))
        sums[round] = {g.size, g.rank, t[1], table.concat(g.members, ','), g:allreduce(1)}
        g:send(g.rank % g.size + 1, g.rank)
        sums[round][6] = g:receive((g.rank - 2) % g.size + 1)
      end
      return sums
    end)
    local want = {}
    for i = 1, 2 do
      want[i] = {}
      for round, size in ipairs{4, 3, 2} do
        want[i][round] = {size, i, size * (size + 1) / 2, table.concat(ids, ',', 1, size), size, (i - 2) % size + 1}
      end
    end
    for i = 1, 2 do assert.same(want[i], list[i]:join()) end
    for _, i in ipairs{3, 5} do assert.equal('gone', list[i]:join()) end
    assert.equal('died', support.error_of(list[4].join, list[4]).code)
  end)

  it('can be made anew by its parent', function()
    local list = start(3, function(g)
      if g.rank == 2 then os.exit(0) end
      pcall(g.barrier, g)
      parallel.parent:send('broken')
      local h = parallel.group('rest')
      return {h.size, h:allreduce(h.rank)}
    end)
    for _, i in ipairs{1, 3} do assert.equal('broken', list[i]:receive()) end
    parallel.group({list[1], list[3]}, {name = 'rest'})
    for _, i in ipairs{1, 3} do assert.same({2, 3}, list[i]:join()) end
  end)

  it('regroups only when all who live do', function()
    local list, ids = start(3, function(g)
      if g.rank == 3 then parallel.parent:receive() end
      local ok, failure = pcall(g.regroup, g, {timeout = g.rank == 3 and 60 or 0.05})
      if not ok then parallel.parent:send('not yet') end
      if not ok then g = g:regroup() else g = failure end
      return {g.size, g:allreduce(1), ok or tostring(failure), ok or failure.code}
    end)
    for i = 1, 2 do assert.equal('not yet', list[i]:receive()) end
    list[3]:send('now')
    for i = 1, 2 do
      local result = list[i]:join()
      assert.same({3, 3, 'timeout'}, {result[1], result[2], result[4]})
      assert.matches('^regroup: waited [%d.]+ s for member', result[3])
    end
    assert.same({3, 3, true, true}, list[3]:join())
    assert.equal(3, #ids)
  end)
end)

describe('the end of the parent', function()
  it('ends members that wait for each other', function()
    local text = support.script([[
      local parallel = require 'parallel'
      local list = {}
      for i = 1, 2 do
        list[i] = parallel.run(function()
          local g = parallel.group()
          parallel.parent:send('in')
          if g.rank == 1 then g:barrier() end
          require 'parallel.core'.sleep(100)
        end)
      end
      parallel.group(list)
      for i = 1, 2 do list[i]:receive() end
      io.stdout:write(list[1].unixid, ' ', list[2].unixid, '\n')
      io.stdout:flush()
      os.execute('kill -9 ' .. parallel.pid)
    ]])
    for pid in text:gmatch('%d+') do
      assert.is_true(support.eventually(function() return not support.exists(tonumber(pid)) end))
    end
  end)
end)

describe('Ctrl-C', function()
  it('leaves a wait of a member, and the others are told', function()
    local text = support.script([[
      local parallel = require 'parallel'
      local list = {}
      for i = 1, 2 do
        list[i] = parallel.run(function()
          local g = parallel.group()
          if g.rank == 2 then
            parallel.parent:receive()
            return select(2, pcall(g.barrier, g)).code
          end
          local _, failure = pcall(function()
            parallel.parent:send('waits')
            g:barrier()
          end)
          return tostring(failure)
        end)
      end
      parallel.group(list)
      list[1]:receive()
      require 'parallel.core'.sleep(0.2)
      list[1]:kill('INT')
      print(list[1]:join())
      list[2]:send('go')
      print(list[2]:join())
    ]])
    assert.matches('interrupted!\nclosed\n', text)
  end)
end)
