-- allreduce of shared tensors: the result is in the memory of all members, where each had its own elements. Either each gives the list of
-- them all, or its own, and they find out by themselves.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local torch = require 'torch'

-- Starts n members that run f(group, list, ...); list: what make(rank) gives for each.
local function members(n, make, f, ...)
  local list, children = {}, {}
  for rank = 1, n do list[rank] = make(rank) end
  for rank = 1, n do
    children[rank] = parallel.run(function(code, ...)
      require 'torch'
      return code(parallel.group(), ...)
    end, f, list, ...)
  end
  parallel.group(children)
  return list, parallel.join(children)
end

local function filled(type, n)
  return function(rank)
    torch.manualSeed(100 + rank)
    return torch.rand(math.max(n, 1)):mul(100):floor():type('torch.' .. type .. 'Tensor'):share()
  end
end

describe('allreduce of shared tensors', function()
  after_each(function() parallel.close() end)

  it('is that of tensors of their own, to the last bit, in all of them', function()
    for _, case in ipairs {{1, 'Double', 10, 'sum'}, {2, 'Double', 1, 'sum'}, {3, 'Float', 1000, 'mean'}, {2, 'Double', 100003, 'mean'},
      {4, 'Byte', 333, 'max'}, {3, 'Long', 70, 'prod'}, {2, 'Int', 65, 'and'}, {5, 'Short', 12345, 'min'}} do
      local n, type, size, op = case[1], case[2], case[3], case[4]
      local make, before = filled(type, size), {}
      for rank = 1, n do before[rank] = make(rank):clone() end
      local list, results = members(n, make, function(g, list, own, its_op)
        local result = g:allreduce(list, its_op)
        local by_windows = g:allreduce(own[g.rank], its_op)
        return {result == list[g.rank], torch.add(by_windows, -1, result):ne(0):sum()}
      end, before, op)
      for rank = 1, n do
        assert.same({true, 0}, results[rank], type)
        assert.is_true(torch.equal(list[1], list[rank]))
      end
      if op == 'sum' and n == 2 then assert.equal(before[1][1] + before[2][1], list[1][1]) end
    end
  end)

  it('goes on from call to call, of views as well', function()
    local list = members(3, function(rank) return torch.Tensor(40, 50):fill(rank):share() end, function(g, list)
      for _ = 1, 50 do
        g:allreduce(list, 'mean')
        list[g.rank]:add(1)
        g:barrier()
      end
      local rows = {}
      for rank = 1, g.size do rows[rank] = list[rank][2] end
      g:allreduce(rows)
    end)
    for rank = 1, 3 do
      assert.equal(52, list[rank][1][1])
      assert.equal(156, list[rank][2][50])
      assert.equal(52, list[rank][3][1])
    end
  end)

  it('says what is wrong with a list, and the group stays usable', function()
    local _, results = members(2, function() return torch.Tensor(10):fill(1):share() end, function(g, list)
      local said = {}
      local function say(...)
        local _, failure = pcall(g.allreduce, g, ...)
        said[#said + 1] = tostring(failure)
      end
      say({list[1]})
      say({list[1], torch.Tensor(10)})
      say({list[1], 7})
      say({list[1], list[2]:narrow(1, 1, 9)})
      say({list[1], list[1]})
      say({list[1]:view(5, 2):t(), list[2]})
      say(list, 'and')
      say(list, {inplace = false})
      say(g.rank == 1 and list or torch.Tensor(10))
      said.last = g:allreduce(list)[1]
      return said
    end)
    for rank = 1, 2 do
      local said = results[rank]
      assert.matches('a list of 2 shared tensors expected, one for each member, got 1', said[1], 1, true)
      assert.matches('element 2 of the list is not shared', said[2], 1, true)
      assert.matches('element 2 of the list is no tensor', said[3], 1, true)
      assert.matches('elements 1 and 2 of the list differ in type or size', said[4], 1, true)
      assert.matches('elements 1 and 2 of the list are the same memory', said[5], 1, true)
      assert.matches('element 1 of the list is not contiguous', said[6], 1, true)
      assert.matches("there is no 'and' of a torch.DoubleTensor", said[7], 1, true)
      assert.matches('shared tensors are reduced in place', said[8], 1, true)
      assert.matches('allreduce (sum) of 10 doubles in shared tensors', said[9], 1, true)
      assert.equal(2, said.last)
    end
  end)

  it('tells of a death', function()
    local children, list = {}, {torch.Tensor(10):share(), torch.Tensor(10):share()}
    for rank = 1, 2 do
      children[rank] = parallel.run(function(tensors)
        require 'torch'
        local g = parallel.group()
        if g.rank == 2 then os.exit(3, false) end
        local ok, failure = pcall(g.allreduce, g, tensors)
        return ok, failure.code, tostring(failure)
      end, list)
    end
    parallel.group(children)
    local ok, code, text = children[1]:join()
    assert.is_false(ok)
    assert.equal('died', code)
    assert.matches('allreduce: member 2 (child', text, 1, true)
    pcall(children[2].join, children[2])
  end)
end)

describe('allreduce of a tensor that is shared', function()
  after_each(function() parallel.close() end)

  -- Starts n members that run f(group, torch, in_place, ...): in_place() says how many reductions were done in place so far.
  local function run(n, options, f, ...)
    local children = {}
    for rank = 1, n do
      children[rank] = parallel.run(function(code, ...)
        local g, count = parallel.group(), require 'parallel.core'.group.in_place
        return code(g, require 'torch', function() return count(g) end, ...)
      end, f, ...)
    end
    parallel.group(children, options)
    return children
  end

  local function results_of(n, options, f, ...)
    local results = {}
    for rank, child in ipairs(run(n, options, f, ...)) do results[rank] = child:join{timeout = support.patience} end
    return results
  end

  it('is done in place by itself, with the same bits', function()
    for _, case in ipairs {{2, 'Double', 40000, 'sum'}, {3, 'Float', 100003, 'mean'}, {5, 'Double', 50001, 'mean'},
      {3, 'Byte', 300001, 'max'}, {2, 'Long', 32768, 'prod'}, {5, 'Short', 150001, 'min'}, {2, 'Int', 70001, 'and'}} do
      local n, type, size, op = case[1], case[2], case[3], case[4]
      local results = results_of(n, nil, function(g, torch, in_place, its_type, its_size, its_op)
        torch.manualSeed(100 + g.rank)
        local t = torch.rand(its_size):mul(100):floor():type('torch.' .. its_type .. 'Tensor')
        if its_type == 'Float' or its_type == 'Double' then t:div(7) end
        local by_windows, before = g:allreduce(t:clone(), its_op), in_place()
        t:share()
        local result = g:allreduce(t, its_op)
        return {before, in_place(), result == t, torch.equal(by_windows, t)}
      end, type, size, op)
      for rank = 1, n do assert.same({0, 1, true, true}, results[rank], type) end
    end
  end)

  it('goes on from call to call, whichever tensors are given, and holds few of them', function()
    for _, result in ipairs(results_of(3, nil, function(g, torch, in_place)
      package.path = 'tests/lua/?.lua;' .. package.path
      local descriptors = require 'support'.descriptors
      local first, wrong, after_20 = torch.Tensor(40000):share(), 0, nil
      for i = 1, 60 do
        local t = torch.Tensor(40000):fill(g.rank * i):share()
        if g:allreduce(t):add(-6 * i):ne(0):sum() ~= 0 then wrong = wrong + 1 end
        if g:allreduce(t:fill(1), 'mean'):add(-1):ne(0):sum() ~= 0 then wrong = wrong + 1 end
        if i % 20 == 1 and g:allreduce(first:fill(g.rank), 'max'):min() ~= 3 then wrong = wrong + 1 end
        t = nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
        if i == 20 then after_20 = descriptors() end
      end
      return {wrong, in_place(), descriptors() <= after_20 + 20}
    end)) do assert.same({0, 123, true}, result) end
  end)

  it('takes views, also of other places of the memory than the others', function()
    for rank, result in ipairs(results_of(3, nil, function(g, torch, in_place)
      local all = torch.Tensor(4, 40000):fill(0):share()
      all[g.rank]:fill(1)
      all[g.rank + 1]:fill(2)
      g:allreduce(all[g.rank])
      g:allreduce(all[g.rank + 1]:narrow(1, 2, 39998), 'prod')
      local said = {in_place()}
      for row = 1, 4 do said[row + 1] = all[row]:sum() end
      return said
    end)) do
      local want = {2, 0, 0, 0, 0}
      want[rank + 1], want[rank + 2] = 3 * 40000, 8 * 39998 + 4
      assert.same(want, result)
    end
  end)

  it('takes those that came from elsewhere', function()
    local list = {}
    for rank = 1, 3 do list[rank] = torch.Tensor(40000):fill(rank):share() end
    local results = results_of(3, nil, function(g, _, in_place, shared)
      g:allreduce(shared[g.rank % 3 + 1])
      return in_place()
    end, list)
    for rank = 1, 3 do
      assert.equal(1, results[rank])
      assert.equal(6 * 40000, list[rank]:sum())
    end
  end)

  it('goes through windows when one member has it otherwise, or all the same memory', function()
    local same = torch.Tensor(80000):fill(1):share()
    for _, result in ipairs(results_of(3, nil, function(g, torch, in_place, everybodys)
      local function own() return torch.Tensor(40000):fill(g.rank):share() end
      local function sum(t) return g:allreduce(t):sum() / t:nElement() end
      local second = g.rank == 2
      local said = {
        sum(second and torch.Tensor(40000):fill(2) or own()),
        sum(second and torch.Tensor(200, 200):fill(2):share():t() or own()),
        g:allreduce(own(), 'sum', {inplace = not second})[1],
        sum(torch.Tensor(100):fill(g.rank):share()),
        sum(everybodys),
      }
      g:allreduce(everybodys:narrow(1, g.rank == 1 and 1 or 40000, 40000), 'max')
      said[#said + 1] = in_place()
      said[#said + 1] = sum(own())
      said[#said + 1] = in_place()
      return said
    end, same)) do assert.same({6, 6, 6, 6, 3, 0, 6, 1}, result) end
  end)

  it('says what differs, as ever', function()
    local results = results_of(2, nil, function(g, torch, in_place)
      local function say(t, op) return tostring(select(2, pcall(g.allreduce, g, t, op))) end
      local t = torch.Tensor(40000):fill(1):share()
      return {say(g.rank == 1 and t or torch.Tensor(39999):share()), say(g.rank == 1 and t or torch.LongTensor(40000):share()),
        say(t, g.rank == 1 and 'min' or 'max'), g:allreduce(t):sum(), in_place()}
    end)
    assert.matches('allreduce of 40000 doubles here, of 39999 in member 2', results[1][1], 1, true)
    assert.matches('allreduce (sum) of 40000 doubles here, allreduce (sum) of 40000 longs in member 2', results[1][2], 1, true)
    assert.matches('allreduce (min) of 40000 doubles here, allreduce (max) of 40000 doubles in member 2', results[1][3], 1, true)
    for rank = 1, 2 do assert.same({80000, 1}, {results[rank][4], results[rank][5]}) end
  end)

  it('needs channels among the members', function()
    for _, result in ipairs(results_of(2, {channels = false}, function(g, torch, in_place)
      return {g:allreduce(torch.Tensor(40000):fill(g.rank):share()):sum(), in_place()}
    end)) do assert.same({120000, 0}, result) end
  end)

  it('leaves messages between members as they are', function()
    for _, result in ipairs(results_of(3, nil, function(g, torch, in_place)
      local to, from, said = g.rank % 3 + 1, (g.rank - 2) % 3 + 1, {}
      local kept = torch.Tensor(40000):share()
      for i = 1, 20 do
        g:send(to, i)
        g:send(to, ('x'):rep(3000) .. i)
        if i == 10 then g:send(to, kept:fill(g.rank)) end
        g:allreduce(torch.Tensor(40000):fill(g.rank):share())
        if i % 2 == 0 then said[#said + 1] = g:receive(from) end
      end
      for i = 11, 41 do said[i] = g:receive(from) end
      local came = said[21]
      said[21] = came:sum() == 40000 * from and 0 or 1
      for i = 1, 41 do said[i] = type(said[i]) == 'string' and said[i]:sub(3001) or said[i] end
      return {table.concat(said, ' '), in_place()}
    end)) do
      local want = {}
      for i = 1, 20 do
        want[#want + 1], want[#want + 2] = i, i
        if i == 10 then want[#want + 1] = 0 end
      end
      assert.same({table.concat(want, ' '), 20}, result)
    end
  end)

  it('waits for no room in a channel that is full', function()
    for rank, result in ipairs(results_of(3, nil, function(g, torch, in_place)
      local said = {}
      if g.rank == 1 then
        local i, ok = 0, true
        while ok do
          i = i + 1
          ok = pcall(g.send, g, 2, i, {timeout = 0})
        end
      end
      local t = torch.Tensor(40000):fill(g.rank):share()
      said[1] = g:allreduce(t):sum() / 40000
      said[2] = g:allreduce(t:fill(g.rank)):sum() / 40000
      said[3] = in_place()
      if g.rank == 1 then g:send(2, 'end') end
      if g.rank == 2 then
        local value, gaps, last = g:receive(1), 0, 0
        while value ~= 'end' do
          if value ~= last + 1 then gaps = gaps + 1 end
          value, last = g:receive(1), value
        end
        said[4], said[5] = gaps, last > 100
      end
      g:barrier()
      said[6] = g:allreduce(torch.Tensor(40000):fill(g.rank):share()):sum() / 40000
      said[7] = in_place()
      return said
    end)) do
      assert.same({6, 6, 0, rank == 2 and 0 or nil, rank == 2 and true or nil, 6, 1}, result)
    end
  end)

  it('goes on in the group of those who live', function()
    local children = run(4, nil, function(g, torch)
      local t = torch.Tensor(40000):share()
      g:allreduce(t:fill(1))
      if g.rank == 2 then os.exit(3, false) end
      local ok, failure = pcall(g.allreduce, g, t)
      local rest, count = g:regroup(), require 'parallel.core'.group.in_place
      local before = count(rest)
      rest:allreduce(t:fill(rest.rank))
      return {ok, failure.code, failure.rank, t:sum() / 40000, count(rest) - before}
    end)
    for rank, child in ipairs(children) do
      if rank == 2 then pcall(child.join, child)
      else assert.same({false, 'died', 2, 6, 1}, child:join{timeout = support.patience}) end
    end
  end)
end)
