-- allreduce of shared tensors: the result is in the memory of all members, where each had its own elements.
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
