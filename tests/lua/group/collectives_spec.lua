-- Groups of children: collectives against what each member can compute by itself, messages between members, wrong use.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local error_of, message_of = support.error_of, support.message_of

-- Starts n members that run f(group, ...) and gives their results by rank.
local function members(n, f, ...)
  local list = {}
  for i = 1, n do
    list[i] = parallel.run(function(code, ...) return code(parallel.group(), ...) end, f, ...)
  end
  parallel.group(list)
  return parallel.join(list), list
end

describe('a group', function()
  after_each(function() parallel.close() end)

  it('knows its members, in the order of the list', function()
    local list = {}
    for i = 1, 3 do
      list[i] = parallel.run(function()
        local g = parallel.group('three')
        return {g.rank, g.size, g.name, g.members, tostring(g), parallel.group() == g}
      end)
    end
    local made = parallel.group({list[3], list[1], list[2]}, {name = 'three'})
    assert.equal("parallel.group 'three' (3 members)", tostring(made))
    local ids = {list[3].id, list[1].id, list[2].id}
    assert.same(ids, made.members)
    local results = parallel.join{list[3], list[1], list[2]}
    for rank = 1, 3 do
      assert.same({rank, 3, 'three', ids, ('parallel.group (member %d of 3)'):format(rank), true}, results[rank])
    end
  end)

  it('may be of all children, or of one', function()
    for _ = 1, 2 do parallel.run(function() return parallel.group():allreduce(1) end) end
    parallel.group(parallel.children)
    for _, result in pairs(parallel.children:join()) do assert.equal(2, result) end
    local child = parallel.run(function()
      local g = parallel.group()
      g:barrier()
      return {g:allreduce(5), g:broadcast('x', 1), g:allgather(3)[1], g:scatter({'own'}, 1), g:reduce(2, 'sum', 1)}
    end)
    parallel.group(child)
    assert.same({5, 'x', 3, 'own', 2}, child:join())
  end)

  it('may be of children that take their time to begin', function()
    local child = parallel.run{env = {LUA_INIT = 'os.execute "sleep 2.5"'}, code = function() return parallel.group():allreduce(1) end}
    parallel.group{child}
    assert.equal(1, child:join())
  end)

  it('makes barriers', function()
    local path = support.scratch('.log')
    members(3, function(g, file)
      for round = 1, 20 do
        g:barrier()
        if round % 3 + 1 == g.rank then
          local out = assert(io.open(file, 'a'))
          out:write(round, '\n')
          out:close()
        end
        parallel.barrier()
      end
    end, path)
    local rounds, want = {}, {}
    for line in io.lines(path) do rounds[#rounds + 1] = tonumber(line) end
    os.remove(path)
    for i = 1, 20 do want[i] = i end
    assert.same(want, rounds)
  end)
end)

describe('numbers and booleans', function()
  after_each(function() parallel.close() end)

  it('are reduced in the order of ranks', function()
    local results = members(3, function(g)
      return {
        g:allreduce(g.rank), g:allreduce(g.rank, 'prod'), g:allreduce(g.rank, 'min'), g:allreduce(g.rank, 'max'),
        g:allreduce(g.rank * 1.5, 'mean'), g:allreduce(2 ^ g.rank, 'or'), g:allreduce(7 - g.rank, 'and'),
        g:allreduce(g.rank == 2, 'or'), g:allreduce(g.rank == 2, 'and'), (g:reduce(g.rank, 'sum', 2)),
        g:allreduce(0.1 * g.rank) == 0.1 * 1 + 0.1 * 2 + 0.1 * 3, g:allreduce(g.rank == 2 and 0 / 0 or 1, 'max') ~= 1,
      }
    end)
    for rank = 1, 3 do
      local r = results[rank]
      assert.same({6, 6, 1, 3, 3.0, 14, 4, true, false}, {r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9]})
      assert.equal(rank == 2 and 6 or nil, r[10])
      assert.is_true(r[11])
      assert.is_true(r[12])
    end
  end)

  if _VERSION >= 'Lua 5.3' then
    it('stay integers, and wrap', function()
      local results = members(2, function(g)
        return {math.type(g:allreduce(1)), math.type(g:allreduce(g.rank == 1 and 1 or 1.5)), g:allreduce(math.maxinteger),
          math.type(g:allreduce(g.rank == 1 and 3 or 2.0, 'max')), g:allreduce(g.rank == 1 and math.maxinteger or 2.0 ^ 63, 'max'),
          g:allreduce(g.rank == 1 and 2.0 ^ 53 or math.tointeger(2 ^ 53) + 1, 'max')}
      end)
      for rank = 1, 2 do assert.same({'integer', 'float', -2, 'integer', 2.0 ^ 63, math.tointeger(2 ^ 53) + 1}, results[rank]) end
    end)
  end
end)

describe('tensors', function()
  after_each(function() parallel.close() end)

  -- Runs in members. What a member brings along; the sum of all as a loop over the ranks makes it.
  local function check_tensors(g)
    local torch = require 'parallel.tensor'
    local function own(kind, n, rank)
      local t = torch.range(1, math.max(n, 1)):mul(rank * 3 + 1):fmod(101):add(-(n % 7))
      if n == 0 then return torch[kind]() end
      return t[kind:match('^(%a+)Tensor'):lower()](t)
    end
    local function loop(kind, n, op)
      local total = own(kind, n, 1):clone()
      for rank = 2, g.size do
        local t = own(kind, n, rank)
        if n == 0 then break end
        if op == 'sum' then total:add(t) elseif op == 'prod' then total:cmul(t)
        elseif op == 'max' then total:cmax(t) else total:cmin(t) end
      end
      return total
    end
    local function same(a, b) return a:nElement() == b:nElement() and (a:nElement() == 0 or a:eq(b):min() == 1) end
    local bytes = {Byte = 1, Char = 1, Short = 2, Int = 4, Long = 8, Float = 4, Double = 8}
    for _, name in ipairs{'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'} do
      local size = bytes[name]
      local kind, window = name .. 'Tensor', 262144 / size
      local sizes = {0, 1, 63, 64, 65, 1000}
      if name == 'Float' then
        for i = -1, 1 do sizes[#sizes + 1] = window + i end
        sizes[#sizes + 1] = 3 * window
      end
      for _, n in ipairs(sizes) do
        for _, op in ipairs{'sum', 'prod', 'max', 'min'} do
          local t, want = own(kind, n, g.rank), loop(kind, n, op)
          assert(g:allreduce(t, op) == t)
          assert(same(t, want), kind .. n .. op)
          t = own(kind, n, g.rank)
          local copy = g:allreduce(t, op, {inplace = false})
          assert(copy ~= t and same(copy, want) and same(t, own(kind, n, g.rank)))
          if n > 100 then break end
        end
      end
      local n = name == 'Double' and 3 * window or 10
      local t = own(kind, n, g.rank)
      local result = g:reduce(t, 'sum', g.size)
      assert((result ~= nil) == (g.rank == g.size) and same(t, g.rank == g.size and loop(kind, n, 'sum') or own(kind, n, g.rank)))
    end
    return true
  end

  it('of all types and many sizes are reduced as a loop over the ranks does it', function()
    for _, n in ipairs{1, 2, 3, 5} do
      for _, result in ipairs(members(n, check_tensors)) do assert.is_true(result) end
    end
  end)

  it('may be strided, transposed or views of one storage', function()
    local results = members(2, function(g)
      local torch = require 'parallel.tensor'
      local m = torch.range(1, 12):resize(3, 4):mul(g.rank)
      local column, turned, outside = m:select(2, 2), torch.range(1, 6):resize(2, 3):mul(g.rank):t(), m:select(2, 3):clone()
      g:allreduce(column)
      g:allreduce(turned)
      local flat = torch.range(1, 10):mul(g.rank)
      g:allreduce(flat:narrow(1, 3, 4))
      return {column:sum(), m:select(2, 3):add(-1, outside):abs():sum(), turned[3][2], flat:sum() - 55 * g.rank, turned:stride(1)}
    end)
    for rank = 1, 2 do
      assert.same({3 * (2 + 6 + 10), 0, 18, (3 - rank) * (3 + 4 + 5 + 6), 1}, results[rank])
    end
  end)

  it('are shared out by reduce_scatter', function()
    local results = members(3, function(g)
      local torch = require 'parallel.tensor'
      local t = torch.range(1, 18):resize(6, 3):mul(g.rank)
      local part, whole = g:reduce_scatter(t, 'sum'), g:reduce_scatter(torch.FloatTensor(30000):fill(g.rank), 'mean')
      local turned = g:reduce_scatter(torch.range(1, 6):resize(2, 3):t())
      return {part:size(1), part:size(2), part[1][1], part[2][3], whole:nElement(), whole:mean(), turned[1][2]}
    end)
    for rank = 1, 3 do
      assert.same({2, 3, 6 * (6 * rank - 5), 6 * 6 * rank, 10000, 2, 3 * (rank + 3)}, results[rank])
    end
  end)

  it('have the same bits everywhere', function()
    local results = members(3, function(g)
      local torch = require 'parallel.tensor'
      torch.manualSeed(g.rank)
      local t = torch.randn(70001)
      local all = g:allgather(t:clone())
      g:allreduce(t)
      local want = all[1]:clone():add(all[2]):add(all[3])
      return {t:eq(want):min(), parallel.encode(t)}
    end)
    for rank = 1, 3 do
      assert.equal(1, results[rank][1])
      assert.is_true(results[rank][2] == results[1][2])
    end
  end)

  it('are refused where an operation makes no sense', function()
    local results = members(2, function(g)
      local torch = require 'parallel.tensor'
      local function text(...) return tostring(select(2, pcall(g.allreduce, g, ...))) end
      local texts = {text(torch.IntTensor(3), 'mean'), text(torch.DoubleTensor(3), 'and'), text('x'), text(nil), text(torch.Tensor(2), 'median'),
        text(1, 7), text(1.5, 'and'), text(true, 'sum'), text({}, 'sum')}
      texts[#texts + 1] = tostring(select(2, pcall(g.reduce_scatter, g, torch.Tensor(3))))
      g:barrier()
      return texts
    end)
    local want = {
      "allreduce: there is no 'mean' of a torch.IntTensor: convert it to float or double first",
      "allreduce: there is no 'and' of a torch.DoubleTensor",
      "allreduce: 'sum' of a string: only tensors, numbers and booleans have that, other values are reduced by a function",
      "allreduce: 'sum' of a nil: only tensors",
      "allreduce: the operation must be 'sum', 'prod', 'min', 'max', 'mean', 'and', 'or' or a function, got median",
      'or a function, got number',
      "allreduce: there is no 'and' of numbers that are no integers",
      "allreduce: there is no 'sum' of booleans",
      "allreduce: 'sum' of a table: only tensors",
      'reduce_scatter: the first dimension has 3 elements, which 2 members cannot share evenly',
    }
    for i = 1, #want do assert.matches(want[i], results[1][i], 1, true) end
  end)
end)

describe('values', function()
  after_each(function() parallel.close() end)

  it('of all kinds are broadcast', function()
    local results = members(3, function(g)
      local torch = require 'parallel.tensor'
      local function send(value, root) return g:broadcast(g.rank == root and value or nil, root) end
      local seen = {}
      for i, value in ipairs{1, 'text', {1, {2}}, ('long'):rep(200000), true} do
        seen[i] = parallel.encode(send(value, i % 3 + 1)) == parallel.encode(value)
      end
      local n = 5
      local f = send(function(x) return x + n end, 2)
      local t = send(torch.range(1, 100000), 1)
      local none = g:broadcast(nil, 3)
      local target = torch.Tensor(4):zero()
      local filled = g:broadcast(g.rank == 2 and torch.range(1, 4) or target, 2)
      local other = g:broadcast(g.rank == 2 and torch.range(1, 5) or target, 2) -- does not fit: a new one
      return {seen, f(1), t:sum(), none == nil, filled:sum(), g.rank == 2 or filled == target, other:sum(), g.rank == 2 or target:sum() == 10}
    end)
    for rank = 1, 3 do assert.same({{true, true, true, true, true}, 6, 5000050000, true, 10, true, 15, true}, results[rank]) end
  end)

  it('are scattered and gathered', function()
    local results = members(3, function(g)
      local torch = require 'parallel.tensor'
      local mine = g:scatter(g.rank == 2 and {'one', {2}, torch.Tensor(50000):fill(3)} or nil, 2)
      local all = g:gather({g.rank, mine}, 3)
      local everybody = g:allgather(g.rank == 2 and ('x'):rep(300000) or g.rank)
      local nils = g:allgather(nil)
      return {
        g.rank == 1 and mine or g.rank == 2 and mine[1] or mine:sum(), all and all[2][2][1] or 'none', #everybody[2], everybody[3],
        next(nils) == nil, all and all[3][2] == mine or g.rank ~= 3,
      }
    end)
    assert.same({'one', 'none', 300000, 3, true, true}, results[1])
    assert.same({2, 'none', 300000, 3, true, true}, results[2])
    assert.same({150000, 2, 300000, 3, true, true}, results[3])
  end)

  it('are reduced by functions, in the order of ranks', function()
    local results = members(3, function(g)
      local function join(a, b) return '(' .. a .. b .. ')' end
      return {g:allreduce(tostring(g.rank), join), (g:reduce(tostring(g.rank), join, 2)), g:allreduce({g.rank}, function(a, b)
        a[#a + 1] = b[1]
        return a
      end)}
    end)
    for rank = 1, 3 do assert.same({'((12)3)', rank == 2 and '((12)3)' or nil, {1, 2, 3}}, {results[rank][1], results[rank][2], results[rank][3]}) end
  end)

  it('that cannot travel are refused before anything is sent', function()
    local results = members(2, function(g)
      local ok, failure = pcall(g.broadcast, g, g.rank == 1 and {at = coroutine.create(function() end)} or nil, 1)
      return {ok, type(failure) == 'table' and failure.code or failure, tostring(failure)}
    end)
    assert.is_false(results[1][1])
    assert.equal('unsupported', results[1][2])
    assert.matches('broadcast.at: cannot send a coroutine', results[1][3], 1, true)
    assert.equal('closed', results[2][2])
  end)

  it('from a member that may send no functions bring none', function()
    local list = {}
    for i = 1, 2 do
      list[i] = parallel.run{functions = i == 1, code = function()
        local g = parallel.group()
        local first = {pcall(g.broadcast, g, g.rank == 1 and print or nil, 1)}
        local second = {pcall(g.broadcast, g, g.rank == 2 and {f = function() end} or nil, 2)}
        return {first[1], second[1], tostring(second[2])}
      end}
    end
    parallel.group(list)
    local first = list[1]:join()
    assert.is_true(first[1])
    assert.is_false(first[2])
    assert.matches('child %d+ sent a function at broadcast.f, which functions=false forbids', first[3])
    list[2]:join()
  end)
end)

describe('messages between members', function()
  after_each(function() parallel.close() end)

  it('go to a rank and come from one, or from whoever is first', function()
    local results = members(3, function(g)
      local torch = require 'parallel.tensor'
      local after, before = g.rank % 3 + 1, (g.rank + 1) % 3 + 1
      for i = 1, 50 do g:send(after, {i, g.rank}) end
      local good = true
      for i = 1, 50 do
        local m = g:receive(before, {timeout = 60})
        good = good and m[1] == i and m[2] == before
      end
      g:send(after, torch.range(1, 200000))
      local t, from = g:receive()
      g:barrier()
      g:send(before, nil)
      local nothing, from_after = g:receive{timeout = 60}
      return {good, t:sum(), from == before, nothing == nil, from_after == after}
    end)
    for rank = 1, 3 do assert.same({true, 20000100000, true, true, true}, results[rank]) end
  end)

  it('end with the member', function()
    local list = {}
    for i = 1, 3 do
      list[i] = parallel.run(function()
        local g = parallel.group()
        if g.rank == 3 then
          g:send(1, 'last words')
          os.exit(3)
        end
        if g.rank == 2 then
          g:leave()
          return 'left'
        end
        local function failure(...) return select(2, pcall(...)) end
        local words = g:receive(3)
        local dead, again = failure(g.receive, g, 3), failure(g.send, g, 3, 'x')
        local gone = failure(g.receive, g, 2, {timeout = 60})
        local told, late = failure(g.receive, g, {timeout = 60}), failure(g.receive, g, {timeout = 60})
        return {words, dead.code, dead.rank, tostring(dead), again.code, gone.code, gone.rank, tostring(gone), told.code, late.code}
      end)
    end
    parallel.group(list)
    local ids = {list[1].id, list[2].id, list[3].id}
    assert.same({'last words', 'died', 3, ('receive: member 3 (child %d) has died'):format(ids[3]), 'died', 'closed', 2,
      ('receive: member 2 (child %d) has left the group'):format(ids[2]), 'died', 'closed'}, list[1]:join())
    assert.equal('left', list[2]:join())
    assert.equal('died', error_of(list[3].join, list[3]).code)
  end)

  it('have to be asked for in large groups, and are told about when there are none', function()
    local list = {}
    for i = 1, 2 do
      list[i] = parallel.run(function()
        local g = parallel.group()
        local _, none = pcall(g.send, g, 3 - g.rank, 1)
        local _, self = pcall(g.receive, g, g.rank)
        local _, nobody = pcall(g.receive, g, 3)
        return {none, self, nobody}
      end)
    end
    parallel.group(list, {channels = false})
    local texts = list[1]:join()
    assert.matches('send: the members of this group have no channels to each other: ' ..
      'parallel.group(children, {channels=true}) makes them', texts[1], 1, true)
    list[2]:join()
  end)
end)

describe('wrong use', function()
  after_each(function() parallel.close() end)

  it('of parallel.group in a parent is told', function()
    local idle = parallel.run('parallel.yield()')
    local done = parallel.run('return 1')
    assert.is_true(support.eventually(function() return parallel.children[done.id]:status() ~= 'running' end))
    assert.matches('parallel.group: a group needs at least one child', message_of(parallel.group, {}), 1, true)
    assert.matches("option 'name' must be a string, got table", message_of(parallel.group, {idle}, {name = {}}), 1, true)
    assert.matches(('parallel.group: child %d has ended'):format(done.id), message_of(parallel.group, {idle, done}), 1, true)
    assert.matches(('parallel.group: child %d is in the list twice'):format(idle.id), message_of(parallel.group, {idle, idle}), 1, true)
    assert.matches("parallel.group: there is no option 'nam'; name? (name, channels)", message_of(parallel.group, {idle}, {nam = 1}), 1, true)
    assert.matches('parallel.group: options in a table expected, got string', message_of(parallel.group, {idle}, 'x'), 1, true)
    assert.matches('element 1 of the list is no child but a number', message_of(parallel.group, {7}), 1, true)
    assert.matches('parallel.group: this process is in no group', message_of(parallel.group), 1, true)
    assert.matches('parallel.allreduce: this process is in no group', message_of(parallel.allreduce, 1), 1, true)
    assert.matches('a list of children (in their parent), or a name (in a member) expected, got boolean', message_of(parallel.group, true), 1, true)
  end)

  it('of its methods is told, and the group is as it was', function()
    local results = members(2, function(g)
      local function text(name, ...) return tostring(select(2, pcall(g[name], ...))) end
      local texts = {
        text('broadcast', g, 1), text('broadcast', g, 1, 3), text('broadcast', g, 1, 1.5), text('barrier', g, 7), text('barrier', 'x'),
        text('scatter', g, {1}, g.rank), text('scatter', g, 'x', g.rank), text('allreduce', g, 1, 'sum', {timeout = -1}), text('gather', g, 1, 'x'),
      }
      return {texts, g:allreduce(g.rank)}
    end)
    local want = {
      'broadcast: a rank from 1 to 2 expected, got nil', 'broadcast: there is no member 3, ranks are 1 to 2', 'broadcast: there is no member 1.5',
      'barrier: options in a table expected, got number', 'barrier: a group expected, got string (call it as group:barrier(), with a colon)',
      'scatter: the list has 1 elements for 2 members', 'scatter: a list with a value for each member expected, got string',
      "bad option 'timeout': seconds (a number from 0 on) expected, got a negative number", 'gather: a rank from 1 to 2 expected, got string',
    }
    for rank = 1, 2 do
      for i = 1, #want do assert.matches(want[i], results[rank][1][i], 1, true) end
      assert.equal(3, results[rank][2])
    end
  end)

  it('by members that call different things is told to all, and the group is as it was', function()
    local results = members(3, function(g)
      local torch = require 'parallel.tensor'
      local odd = g.rank == 2
      local function failure(...) return select(2, pcall(...)) end
      local errors = {
        failure(g.allreduce, g, torch.Tensor(odd and 99 or 100)), failure(odd and g.barrier or g.allreduce, g, not odd and 1 or nil),
        failure(g.broadcast, g, 1, odd and 1 or 3), failure(g.allreduce, g, 1, odd and 'max' or 'sum'),
        failure(g.allreduce, g, odd and torch.Tensor(1) or 1), failure(g.allreduce, g, odd and true or 1, 'and'),
        failure(g.allreduce, g, 1, odd and function() end or 'sum'),
      }
      local codes, texts = {}, {}
      for i, err in ipairs(errors) do codes[i], texts[i] = err.code, tostring(err) end
      return {table.concat(codes, ' '), texts, g:allreduce(1)}
    end)
    for rank = 1, 3 do
      assert.equal(('invalid '):rep(7):sub(1, -2), results[rank][1])
      assert.equal(3, results[rank][3])
    end
    local function child(rank) return results[rank][2][1]:match('%(child (%d+)%)') end
    assert.equal(('allreduce of 100 doubles here, of 99 in member 2 (child %s)'):format(child(1)), results[1][2][1])
    assert.matches('allreduce of 99 doubles here, of 100 in member 1', results[2][2][1], 1, true)
    assert.matches('allreduce (sum) of a number here, barrier in member 2', results[1][2][2], 1, true)
    assert.matches('with root 3 of any value here, broadcast with root 1 of any value in member 2', results[1][2][3], 1, true)
    assert.matches('allreduce (sum) of a number here, allreduce (max) of a number in member 2', results[3][2][4], 1, true)
  end)

  it('of a group that was left is told', function()
    local results = members(2, function(g)
      g:barrier()
      g:leave()
      g:leave()
      return {tostring(g), tostring(select(2, pcall(g.barrier, g)))}
    end)
    assert.equal('parallel.group (left)', results[1][1])
    assert.matches('collectives_spec.lua:%d+: barrier: this member has left the group, or it was made anew by regroup$', results[1][2])
  end)
end)

describe('several groups', function()
  after_each(function() parallel.close() end)

  it('of the same members are used in turn', function()
    local list = {}
    for i = 1, 3 do
      list[i] = parallel.run(function()
        local b, a = parallel.group('b'), parallel.group('a')
        local sums = {}
        for k = 1, 20 do sums[k] = a:allreduce(a.rank) + b:allreduce(b.rank * 100) end
        return {sums[20], a.rank, b.rank, parallel.allreduce(1), parallel.group() == a, a.size}
      end)
    end
    parallel.group(list, {name = 'a'})
    parallel.group({list[3], list[2], list[1]}, {name = 'b'})
    local results = parallel.join(list)
    for i = 1, 3 do assert.same({606, i, 4 - i, 3, true, 3}, results[i]) end
  end)

  it('may be nested: a member is the parent of another group', function()
    local results = members(2, function(g)
      local list = {}
      for i = 1, 2 do list[i] = parallel.run(function() return parallel.group():allreduce(10) end) end
      parallel.group(list)
      local below = parallel.join(list)
      return g:allreduce(below[1] + below[2])
    end)
    assert.same({80, 80}, results)
  end)

  for _, other in ipairs{'5.1', '5.4', 'jit'} do
    if other ~= support.version and support.interpreter(other) then
      it('may have members of several Luas, here ' .. other, function()
        local list = {}
        local code = [[
          local g = parallel.group()
          local f = g:broadcast(g.rank == 1 and function(x) return x * 2 end or nil, 1)
          local all = g:allgather({rank = g.rank, half = g.rank / 2})
          g:send(3 - g.rank, {'hello', g.rank})
          return {f(4), all[2].half, g:allreduce(g.rank + 0.5), g:receive(3 - g.rank)[2]}]]
        list[1] = parallel.run(code)
        list[2] = parallel.run{code = code, lua = support.interpreter(other)}
        parallel.group(list)
        local results = parallel.join(list)
        for rank = 1, 2 do assert.same({8, 1, 4, 3 - rank}, results[rank]) end
      end)
    end
  end
end)
