-- Tensors of a real Torch7 (here its stand-in) in groups: what goes in and what comes out is Torch's own.
package.path = 'tests/lua/?.lua;tests/torch/path/?.lua;tests/torch/luaffi/?.lua;' .. package.path -- LuaJIT has an ffi of its own
local parallel = require 'parallel'
local torch = require 'torch'

-- Runs f(group) in n members; all return true.
local function members(n, f)
  local list = {}
  for i = 1, n do
    list[i] = parallel.run(function(code)
      require 'standin'
      return code(parallel.group())
    end, f)
  end
  parallel.group(list)
  for _, result in ipairs(parallel.join(list)) do assert.is_true(result) end
end

describe('a group with tensors of Torch', function()
  after_each(function() parallel.close() end)

  it('reduces all types in place, also what is strided', function()
    members(3, function(g)
      local torch = require 'standin'
      local function same(t, want)
        local got = t:numbers()
        assert(#got == #want)
        for i, value in ipairs(want) do assert(got[i] == value, ('%d: %s instead of %s'):format(i, got[i], value)) end
      end
      for _, name in ipairs{'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'} do
        local storage = torch[name .. 'Storage'](12) -- 1, 2, 3 ...
        local t = torch[name .. 'Tensor'](storage, 2, {2, 3}, {4, 1})
        assert(g:allreduce(t) == t)
        same(t, {6, 9, 12, 18, 21, 24})
        assert(storage:get(1) == 1 and storage:get(5) == 5 and storage:get(9) == 9) -- not of the tensor
        local turned = torch[name .. 'Tensor'](torch[name .. 'Storage'](6), 1, {3, 2}, {1, 3})
        g:allreduce(turned, 'max')
        same(turned, {1, 4, 2, 5, 3, 6})
        local new = g:allreduce(turned, 'sum', {inplace = false})
        same(new, {3, 12, 6, 15, 9, 18})
        same(turned, {1, 4, 2, 5, 3, 6})
        assert(debug.getmetatable(new) == debug.getmetatable(t))
        local part = g:reduce_scatter(torch[name .. 'Tensor'](torch[name .. 'Storage'](6), 1, {6}, {1}))
        same(part, {6 * g.rank - 3, 6 * g.rank})
        assert(debug.getmetatable(part) == debug.getmetatable(t))
      end
      assert(g:allreduce(torch.DoubleTensor()):storage() == nil)
      return true
    end)
  end)

  it('moves them, and fills those that are given', function()
    members(2, function(g)
      local torch = require 'standin'
      local function line(n) return torch.FloatTensor(torch.FloatStorage(n), 1, {n}, {1}) end
      local target = torch.FloatTensor(torch.FloatStorage(3), 1, {3}, {0}) -- not one that can be filled
      local got = g:broadcast(g.rank == 1 and line(3) or target, 1)
      assert(got:numbers()[3] == 3)
      local fit = line(100000)
      for i = 1, 10 do fit:storage():set(i, -g.rank) end
      local same = g:broadcast(fit, 2)
      assert(same == fit and same:numbers()[10] == -2 and same:numbers()[100000] == 100000)
      local all = g:allgather(torch.LongTensor(torch.LongStorage(4), 2, {2}, {2}))
      assert(all[2]:numbers()[2] == 4 and debug.getmetatable(all[2]) == debug.getmetatable(torch.LongTensor()))
      local own = g:scatter(g.rank == 1 and {line(1), line(2)} or nil, 1)
      assert(own:shape()[1] == g.rank)
      g:send(3 - g.rank, line(5))
      assert(g:receive(3 - g.rank):numbers()[5] == 5)
      return true
    end)
  end)

  it('reduces those that all members share where they lie', function()
    for _, name in ipairs{'Byte', 'Int', 'Float', 'Double'} do
      local list, children = {}, {}
      for rank = 1, 3 do
        list[rank] = torch[name .. 'Tensor'](torch[name .. 'Storage'](100), 1, {10, 10}, {10, 1}):share() -- 1, 2, 3 ...
      end
      for rank = 1, 3 do
        children[rank] = parallel.run(function(path)
          package.path = path
          require 'torch'
          local g, shared = parallel.group(), parallel.parent:receive()
          shared[g.rank]:storage():set(1, 10 * g.rank)
          local result = g:allreduce(shared, 'sum')
          g:barrier()
          local own = shared[g.rank]:numbers()
          shared[g.rank]:storage():set(2, g.rank) -- from here on each is its own again
          local ok, failure = pcall(g.allreduce, g, {shared[1], shared[2], shared[3]:storage()})
          return result == shared[g.rank], own[1], own[100], ok, tostring(failure)
        end, package.path)
      end
      parallel.group(children)
      parallel.send(children, list)
      for rank, child in ipairs(children) do
        local same, first, last, ok, failure = child:join()
        assert.same({true, 60, name == 'Byte' and 44 or 300, false}, {same, first, last, ok})
        assert.matches('element 3 of the list is no tensor', failure, 1, true)
        assert.same({60, rank, 9}, {list[rank]:storage():get(1), list[rank]:storage():get(2), list[rank]:storage():get(3)})
      end
    end
  end)
end)
