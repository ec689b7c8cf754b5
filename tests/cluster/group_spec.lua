-- Groups with members on several hosts. The specs of tests/lua/group run with such members as well (tests.cmake); here is what has to do
-- with hosts: where members are, and what happens when one is lost.
package.path = 'tests/cluster/?.lua;' .. package.path
local world = require 'world'
local support = require 'support'
local parallel = require 'parallel'

local h1, h2 = world.host('h1'), world.host('h2')

-- A member on each of these hosts; 'here' is none.
local function members(hosts, f, options)
  local list = {}
  for i, host in ipairs(hosts) do
    list[i] = parallel.run{host = host ~= 'here' and host or nil, code = function(code) return code(parallel.group()) end, args = {f}}
  end
  parallel.group(list, options)
  return list
end

-- Reduces until that fails; then goes on with those who live.
local function reduce_until_told(g)
  local torch = require 'parallel.tensor'
  g:barrier()
  parallel.parent:send('in')
  while true do
    local ok, failure = pcall(g.allreduce, g, torch.Tensor(50000):fill(1))
    if not ok then
      g = g:regroup()
      return {failure.code, failure.rank, tostring(failure), g.size, g:allreduce(torch.Tensor(50000):fill(g.rank))[1]}
    end
  end
end

describe('a group over hosts', function()
  after_each(world.expect_empty)

  it('has the same bits wherever its members are', function()
    local function sums(g)
      local torch = require 'parallel.tensor'
      local t = torch.range(1, 40000):mul(0.1 * g.rank):add(1e-3)
      local all = {}
      for _, op in ipairs{'sum', 'prod', 'max', 'mean'} do
        local r = g:allreduce(t, op, {inplace = false})
        all[#all + 1] = ('%.17g %.17g %.17g'):format(r[1], r[777], r[40000])
      end
      all[#all + 1] = ('%.17g'):format(g:allreduce(0.1 * g.rank))
      return table.concat(all, ' ')
    end
    local want
    for _, hosts in ipairs{{'here', 'here', 'here', 'here'}, {h1, h1, h1, h1}, {'here', h1, 'here', h2}, {h2, 'here', h1, h2}} do
      for _, got in ipairs(parallel.join(members(hosts, sums))) do
        want = want or got
        assert.equal(want, got)
      end
    end
  end)

  it('sends messages from each member to each other, in order and of any size', function()
    local function all_to_all(g)
      local bytes = ('x'):rep(300000)
      for to = 1, g.size do
        if to ~= g.rank then
          for i = 1, 20 do g:send(to, {from = g.rank, number = i, bytes = i % 7 == 0 and bytes or nil}) end
        end
      end
      local seen = 0
      for from = 1, g.size do
        for i = 1, from ~= g.rank and 20 or 0 do
          local m = g:receive(from)
          assert(m.from == from and m.number == i and (m.bytes == nil or m.bytes == bytes))
          seen = seen + 1
        end
      end
      g:barrier()
      local torch = require 'parallel.tensor'
      local other = g.rank % g.size + 1
      local ok, failure = pcall(g.send, g, other, torch.ones(10):share())
      g:barrier() -- all have tried
      return {seen, ok, tostring(failure)}
    end
    for rank, result in ipairs(parallel.join(members({'here', h1, h2, h1}, all_to_all))) do
      assert.same({60, false}, {result[1], result[2]}, rank)
      assert.matches('t:clone%(%)', result[3])
    end
  end)

  it('goes on without a member that is killed', function()
    local list = members({'here', h1, h2, h1}, reduce_until_told)
    for _, child in ipairs(list) do assert.equal('in', child:receive()) end
    world.kill(list[3].unixid)
    for i = 1, 4 do
      if i ~= 3 then
        local told = list[i]:join{timeout = support.patience}
        assert.same({'died', 3, ('allreduce: member 3 (child %d) has died'):format(list[3].id), 3, 6},
          {told[1], told[2], (told[3]:gsub(';.*', '')), told[4], told[5]})
      end
    end
  end)

  it('goes on without a host whose agent is killed, or that is cut off', function()
    for _, way in ipairs{'agent', 'cut'} do
      local list = members({'here', h2, h1, h2, 'here'}, reduce_until_told)
      for _, child in ipairs(list) do assert.equal('in', child:receive()) end
      if way == 'agent' then world.kill(world.agent_of(list[2])) else world.cut('h2') end
      for _, i in ipairs{1, 3, 5} do
        local told = list[i]:join{timeout = support.patience}
        assert.equal('died', told[1])
        assert.is_true(told[2] == 2 or told[2] == 4)
        assert.same({3, 6}, {told[4], told[5]})
      end
      if way == 'cut' then world.join('h2') end
      for _, i in ipairs{2, 4} do assert.equal('died', support.error_of(list[i].join, list[i]).code) end
    end
  end)

  it('ends with its bridge', function()
    local list = members({'here', h1}, reduce_until_told)
    for _, child in ipairs(list) do assert.equal('in', child:receive()) end
    for _, pid in ipairs(world.pids('bridge_main.lua')) do world.kill(pid) end
    local told = list[1]:join{timeout = support.patience}
    assert.same({'died', 2, 1, 1}, {told[1], told[2], told[4], told[5]})
  end)

  it('is refused for children that have ended', function()
    local list = {parallel.run{host = h1, code = 'os.exit(3)'}, parallel.run{host = h2, code = 'parallel.parent:receive()'}}
    support.eventually(function() return (select(2, list[1]:status())) ~= nil end)
    assert.matches(('parallel.group: child %d has ended'):format(list[1].id), support.message_of(parallel.group, list))
    assert.equal('died', support.error_of(list[1].join, list[1]).code)
    list[2]:send('go')
    list[2]:join()
  end)

  it('may be many groups one after the other, and of a pool', function()
    local pool = parallel.pool{hosts = {world.host('h1', {slots = 2}), world.host('h2', {slots = 1})}}
    for round = 1, 5 do
      local sums = pool:everywhere(function(g, n)
        local torch = require 'parallel.tensor'
        return g:allreduce(torch.Tensor(n):fill(g.rank))[n] * g.size
      end, 1000 * round, {group = true})
      assert.same({18, 18, 18}, sums)
    end
    pool:close()
  end)
end)
