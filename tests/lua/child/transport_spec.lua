-- Tensors and storages between processes: by value, by reference, and what happens when either side goes first.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local torch = require 'parallel.tensor'

local echo = 'while true do parallel.parent:send(parallel.parent:receive()) end'
local types = {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'}
local small, large = 10, 512 * 1024 -- elements: of every type inside the message, and beside it in segments

local error_of = support.error_of

-- Elements that tell their place, within the range of every type.
local function pattern(kind, n)
  local t = torch[kind .. 'Tensor'](n):zero() -- a Lua that packs its values into NaNs takes none that happens to lie there
  if n == 0 then return t end
  local i = 0
  return t:apply(function() i = (i + 1) % 101 return i end)
end

local function same(a, b)
  assert.equal(torch.typename(a), torch.typename(b))
  assert.same(a:size():totable(), b:size():totable())
  if a:nElement() > 0 then assert.is_true(a:equal(b), 'the elements differ') end
end

local function returned(value)
  local child = parallel.run(echo)
  child:send(value)
  local back = child:receive()
  child:close()
  return back
end

-- Bytes of memory of a process: its own and shared pages.
local function memory(pid)
  local text = support.read_file(('/proc/%d/status'):format(pid))
  return (tonumber(text:match('VmRSS:%s*(%d+)')) + tonumber(text:match('RssShmem:%s*(%d+)'))) * 1024
end

local linux = support.read_file('/proc/self/status') ~= nil
local it_linux = linux and it or pending
local sanitized = (os.getenv('PARALLEL_SANITIZE') or '') ~= ''

local function collect()
  for _ = 1, 4 do collectgarbage() end
end

describe('tensors by value', function()
  after_each(function() parallel.close() end)

  it('keep type, sizes and elements, of any size', function()
    local child = parallel.run(echo)
    for _, kind in ipairs(types) do
      for _, n in ipairs{0, 1, small, large} do
        local t = pattern(kind, n)
        child:send(t)
        same(t, child:receive())
        local storage = t:storage()
        if storage then
          child:send(storage)
          local back = child:receive()
          assert.equal(torch.typename(storage), torch.typename(back))
          assert.equal(#storage, #back)
          for _, i in ipairs(n > 0 and {1, n} or {}) do assert.equal(storage[i], back[i]) end
        end
      end
    end
  end)

  it('keep values that only their type can hold', function()
    local long = torch.LongTensor{2 ^ 53, -2 ^ 53}
    local double = torch.DoubleTensor{1 / 0, -1 / 0, 5e-324, -1 / math.huge, 0 / 0}
    local back = returned{long, double}
    same(long, back[1])
    for i = 1, 3 do assert.equal(double[i], back[2][i]) end
    assert.equal(-1 / 0, 1 / back[2][4])
    assert.is_true(back[2][5] ~= back[2][5])
  end)

  it('are the receiver\'s own: writes stay where they are made', function()
    for _, n in ipairs{small, large} do
      local t = torch.ones(n)
      local child = parallel.run('local t = parallel.parent:receive() t:fill(2) parallel.parent:send(t) ' ..
        'parallel.parent:receive() t:fill(3) parallel.parent:send(t:sum())')
      child:send(t)
      t:fill(7)
      local back = child:receive()
      assert.equal(2 * n, back:sum())
      back:fill(9)
      child:send('go on')
      assert.equal(3 * n, child:receive())
      assert.equal(9 * n, back:sum())
      assert.equal(7 * n, t:sum())
    end
  end)

  it('may be views of any kind', function()
    for _, side in ipairs{4, 512} do
      local t = pattern('Double', side * side):resize(side, side)
      local views = {
        t:t(), t:narrow(2, 2, 2), t:select(1, 3), t:select(2, 1), t[{{2, 3}, {1, 4}}], t:transpose(1, 2):narrow(1, 2, 2),
        torch.range(1, side):resize(1, side):expand(side, side), t:unfold(1, 2, 1), t:narrow(1, side, 1),
      }
      local back = returned(views)
      assert.equal(#views, #back)
      for i, view in ipairs(views) do same(view, back[i]) end
    end
  end)

  it('still share a storage when they come in one message', function()
    for _, n in ipairs{small, large} do
      local t = torch.zeros(2, n)
      local back = returned{all = t, first = t[1], second = t:select(1, 2), again = t, storage = t:storage(), turned = t:t()}
      assert.equal(back.all, back.again)
      back.first:fill(1)
      back.second:fill(2)
      assert.equal(3 * n, back.all:sum())
      assert.equal(3 * n, back.turned:sum())
      assert.equal(1, back.storage[1])
      assert.equal(2, back.storage[2 * n])
      assert.equal(0, t:sum())
    end
  end)

  it('bring only the part of a storage that is used', function()
    local big = torch.range(1, 4 * large)
    local back = returned{big:narrow(1, 1001, 10), big:narrow(1, 2001, 10)}
    assert.equal(1001, back[1][1])
    assert.equal(2010, back[2][10])
    assert.equal(1010, #back[1]:storage())
    back[1]:resize(1010)
    assert.equal(2010, back[1][1010])
    assert.is_true(#parallel.encode(big:narrow(1, 5, 3)) < 200)
  end)

  it('are arguments and results', function()
    local t = torch.range(1, large)
    local child = parallel.run('local a, n, b = ... return b:mul(2), a:sum(), n', t, nil, t:narrow(1, 1, small))
    local doubled, sum, none = child:join()
    assert.equal(t:sum() + 55, sum) -- the views share in the child too: it doubled the first ten
    assert.is_nil(none)
    assert.equal(2 * small, doubled[small])
    local big = parallel.run('require "torch" return torch.ones(...):mul(3)', large):join()
    assert.equal(3 * large, big:sum())
    parallel.run('require "torch" return torch.ones(...)', large)
    parallel.run('require "torch" return torch.ones(...):mul(2)', large)
    local sums = 0
    for _, result in pairs(parallel.children:join()) do sums = sums + result:sum() end
    assert.equal(3 * large, sums)
  end)

  it('can be received and kept after their sender has ended', function()
    local child = parallel.run('require "torch" for i = 1, 4 do parallel.parent:send(torch.ones(...):mul(i)) end', large)
    child:join()
    local kept = {}
    for i = 1, 4 do kept[i] = child:receive() end
    assert.equal('closed', error_of(child.receive, child).code)
    child:close()
    collect()
    for i = 1, 4 do
      assert.equal(i * large, kept[i]:sum())
      assert.equal(0, kept[i]:zero():sum())
    end
  end)

  it('reach all children from one copy, and belong to each of them', function()
    local t = torch.range(1, 2 * 1024 * 1024)
    for _ = 1, 4 do
      parallel.run('local t = parallel.parent:receive() local sum = t:sum() t:fill(parallel.id) ' ..
        'parallel.parent:send{sum, t} parallel.parent:receive() parallel.parent:send(t:sum())')
    end
    parallel.children:send(t)
    t:zero()
    local sum = 2 * 1024 * 1024 * (2 * 1024 * 1024 + 1) / 2
    local answers = parallel.children:receive()
    for id, answer in pairs(answers) do
      assert.equal(sum, answer[1])
      assert.equal(id, answer[2][1])
      assert.equal(id * answer[2]:nElement(), answer[2]:sum())
    end
    parallel.children:send('go on')
    for id, answer in pairs(parallel.children:receive()) do assert.equal(id * t:nElement(), answer) end
  end)

  it('fill a tensor or storage that is given to receive', function()
    local child = parallel.run(echo)
    for _, n in ipairs{small, large} do
      local t = torch.range(1, n)
      local into = torch.zeros(n)
      local storage = into:storage()
      child:send(t)
      assert.equal(into, child:receive(into))
      same(t, into)
      assert.equal(n, storage[n])
      child:send(t:storage())
      local filled = torch.DoubleStorage(n)
      assert.equal(filled, child:receive(filled))
      assert.equal(n, filled[n])
      local turned = torch.zeros(2, n):t():select(2, 2) -- a column: its elements lie apart
      child:send(t)
      child:receive(turned)
      same(t, turned)
      local floats = torch.FloatTensor(n)
      child:send(t)
      child:receive(floats)
      assert.equal(n, floats[n])
    end
    child:send('text')
    assert.matches('message that came is a string', tostring(error_of(child.receive, child, torch.Tensor(3))))
    child:send(1)
    assert.equal(1, child:receive())
  end)
end)

describe('shared tensors', function()
  after_each(function() parallel.close() end)

  it('are seen by both sides', function()
    for _, kind in ipairs(types) do
      for _, n in ipairs{1, small, large} do
        local t = pattern(kind, n):share()
        local first = t[1]
        local child = parallel.run('local t = parallel.parent:receive() parallel.parent:send(t[1]) ' ..
          'parallel.parent:receive() parallel.parent:send(t[t:nElement()]) t:fill(5) return t:isShared()')
        child:send(t)
        assert.equal(first, child:receive())
        t:fill(9)
        child:send('written')
        assert.equal(9, child:receive())
        assert.is_true(child:join())
        assert.equal(5, t[1])
        assert.equal(5, t[n])
        child:close()
      end
    end
  end)

  it('travel as a whole: views, transposes, storages', function()
    local t = torch.zeros(100, 100):share()
    local child = parallel.run('local m = parallel.parent:receive() m.column:fill(1) m.storage[10000] = 2 m.turned[1]:fill(3) ' ..
      'return m.column:isShared(), m.storage:isShared()')
    child:send{column = t:select(2, 5), storage = t:storage(), turned = t:t():narrow(1, 7, 1)}
    assert.same({true, true}, {child:join()})
    assert.equal(100 + 2 + 300, t:sum())
    local storage = torch.LongStorage(1000):fill(1):share()
    child = parallel.run('local s = parallel.parent:receive() s[1000] = 77 return s:isShared()')
    child:send(storage)
    assert.is_true(child:join())
    assert.equal(77, storage[1000])
    assert.is_true(storage:isShared())
  end)

  it('stay the same memory when they come back, and when sent twice', function()
    local child = parallel.run(echo)
    local t = torch.zeros(large):share()
    child:send(t)
    local back = child:receive()
    back[large] = 3
    assert.equal(3, t[large])
    child:send{t, back}
    local both = child:receive()
    both[1][1], both[2][2] = 1, 2
    assert.equal(1, t[1])
    assert.equal(2, t[2])
  end)

  it('are handed on: to a grandchild, and from one child to its sibling', function()
    local t = torch.zeros(large):share()
    local a = parallel.run([[
      local t = parallel.parent:receive()
      local child = parallel.run('local t = parallel.parent:receive() t[1] = 11 t[t:nElement()] = 22')
      child:send(t)
      child:join()
      t[2] = 33
    ]])
    a:send(t)
    a:join()
    assert.same({11, 33, 22}, {t[1], t[2], t[large]})
    local maker = parallel.run('require "torch" local t = torch.ones(...):share() parallel.parent:send(t) ' ..
      'parallel.parent:receive() return t:sum()', large)
    local made = maker:receive()
    local siblings = {}
    for i = 1, 3 do
      siblings[i] = parallel.run('local t, i = parallel.parent:receive(), ... t[i] = 10 * i', i)
      siblings[i]:send(made)
    end
    for i = 1, 3 do siblings[i]:join() end
    maker:send('done')
    assert.equal(large - 3 + 60, maker:join())
    assert.equal(60, made:narrow(1, 1, 3):sum())
    parallel.run('local t = parallel.parent:receive() t[1] = 4')
    parallel.run('local t = parallel.parent:receive() t[2] = 5')
    parallel.children:send(made)
    parallel.children:join()
    assert.equal(9, made[1] + made[2])
  end)

  it('are arguments and results, and outlive their maker', function()
    local t = torch.zeros(large):share()
    local back, made = parallel.run('require "torch" local t = ... t:fill(1) return t, torch.ones(10):share()', t):join()
    assert.equal(large, t:sum())
    back[1] = 5
    assert.equal(5, t[1])
    collect()
    assert.equal(10, made:sum())
    assert.is_true(made:isShared())
  end)

  it('cannot be resized, and say so', function()
    local t = torch.zeros(10):share()
    assert.matches('shared', tostring(error_of(t.resize, t, 20)))
    assert.equal(0, t:sum())
    assert.equal(10, t:share():nElement())
    assert.has_no.errors(function() returned(torch.Tensor():share()) end)
  end)

  it('cost a send the same whatever their size', function()
    local child = parallel.run('while true do local t = parallel.parent:receive() parallel.parent:send(t[1]) end')
    local tensors = {torch.ones(1000):share(), torch.ones(4 * 1024 * 1024):share()}
    -- In time of a processor, in turn, and the least of many: whatever else the machine does takes none of it.
    local least = {math.huge, math.huge}
    for _ = 1, 41 do
      for i, t in ipairs(tensors) do
        local before = os.clock()
        child:send(t)
        child:receive()
        least[i] = math.min(least[i], os.clock() - before)
      end
    end
    -- A copy of 32 MB takes hundreds of times longer than the message.
    assert.is_true(least[2] < 20 * least[1] + 0.001, least[2] .. ' against ' .. least[1])
  end)
end)

describe('tensors when either side goes first', function()
  after_each(function()
    parallel.close()
    support.collector('pause', 200)
  end)

  it('are kept by the receiver when the sender collects', function()
    support.collector('pause', 0)
    local child = parallel.run(support.set_collector('pause', 0) .. 'local kept = {} for i = 1, 20 do kept[i] = parallel.parent:receive() ' ..
      'end local sum = 0 for i, t in ipairs(kept) do sum = sum + t[1] + t[t:nElement()] end return sum')
    local expected = 0
    for i = 1, 20 do
      local t = torch.Tensor(i % 2 == 0 and large or small):fill(i)
      if i % 3 == 0 then t:share() end
      child:send(t)
      expected = expected + 2 * i
      t = nil -- luacheck: ignore
      collectgarbage()
    end
    assert.equal(expected, child:join())
  end)

  it('may be collected by the receiver at any moment', function()
    support.collector('pause', 0)
    local child = parallel.run(support.set_collector('pause', 0) .. 'while true do local m = parallel.parent:receive() ' ..
      'if m == "end" then return "well" end parallel.parent:send(m[1]) parallel.parent:send(m) m = nil collectgarbage() end')
    for i = 1, 30 do
      local t = torch.Tensor(large):fill(i)
      if i % 5 == 0 then t:share() end
      child:send(t)
      assert.equal(i, child:receive())
      local back = child:receive()
      assert.equal(i * large, back:sum())
    end
    child:send('end')
    assert.equal('well', child:join())
  end)

  it('survive the death of a child that holds them', function()
    for _, shared in ipairs{false, true} do
      local t = torch.ones(large)
      if shared then t:share() end
      local holder = parallel.run('local t = parallel.parent:receive() parallel.parent:send("have") parallel.parent:receive()')
      holder:send(t)
      holder:receive()
      holder:kill('KILL')
      assert.equal('died', error_of(holder.join, holder).code)
      assert.equal(large, t:sum())
      local other = parallel.run('local t = parallel.parent:receive() t[1] = 3 return t:sum()')
      other:send(t)
      assert.equal(large + 2, other:join())
      assert.equal(large + (shared and 2 or 0), t:sum())
    end
  end)

  it('survive the death of the child that made them', function()
    local maker = parallel.run('require "torch" parallel.parent:send{torch.ones(...), torch.ones(...):share()} ' ..
      'parallel.parent:receive()', large)
    local made = maker:receive()
    maker:kill('KILL')
    assert.equal('died', error_of(maker.join, maker).code)
    maker:close()
    collect()
    for _, t in ipairs(made) do
      assert.equal(large, t:sum())
      assert.equal(2 * large, t:fill(2):sum())
    end
    local heir = parallel.run('local m = parallel.parent:receive() m[2][1] = 7 return m[1]:sum() + m[2]:sum()')
    heir:send(made)
    assert.equal(4 * large + 5, heir:join())
    assert.equal(7, made[2][1])
  end)

  it('survive a maker killed in the middle of sending', function()
    for i = 1, 8 do
      local maker = parallel.run('require "torch" for i = 1, 1e9 do parallel.parent:send(torch.Tensor(...):fill(i)) end', large)
      local kept = {}
      for n = 1, 2 + i do kept[n] = maker:receive() end
      maker:kill('KILL')
      local n = #kept
      while true do
        local came, t = maker:try_receive(20)
        if not came then
          assert.equal('died', t.code)
          break
        end
        n = n + 1
        assert.equal(n * large, t:sum())
      end
      maker:close()
      for j, t in ipairs(kept) do assert.equal(j * large, t:sum()) end
    end
  end)
end)

describe('memory', function()
  after_each(function() parallel.close() end)

  it_linux('does not grow with what was sent', function()
    local child = parallel.run('while true do local t = parallel.parent:receive() ' ..
      'parallel.parent:send(type(t) == "string" and parallel.pid or t[1]) end')
    local t = torch.ones(128 * 1024) -- 1 MB
    local rounds = sanitized and 200 or 2000
    local function send(n)
      for i = 1, n do
        t[1] = i
        child:send(t)
        assert(child:receive() == i)
      end
      collect()
      child:send('pid')
      child:receive()
    end
    send(rounds / 10)
    local before, of_child = memory(parallel.pid), memory(child.unixid)
    send(rounds)
    assert.is_true(memory(parallel.pid) - before < 64 * 2 ^ 20, 'the parent grew')
    assert.is_true(memory(child.unixid) - of_child < 320 * 2 ^ 20, 'the child grew')
  end)

  it_linux('is used again also when a message that nobody received yet stands before its return', function()
    local child = parallel.run([[
      parallel.parent:send('a word')
      for i = 1, 64 do parallel.parent:receive() end
      parallel.parent:send(0)]])
    local t = torch.ones(256 * 1024) -- 2 MB
    collect()
    local before = memory(parallel.pid)
    for i = 1, 64 do child:send(t) end
    assert.is_true(memory(parallel.pid) - before < 64 * 2 ^ 20, 'every tensor went in memory of its own')
    assert.equal('a word', child:receive())
    assert.equal(0, child:receive())
    child:join()
  end)

  it_linux('does not grow with what was received and dropped', function()
    local child = parallel.run('require "torch" local t = torch.ones(128 * 1024) for i = 1, ... do parallel.parent:send(t) end ' ..
      'parallel.parent:receive() return parallel.pid', sanitized and 200 or 2000)
    local peak = 0
    for i = 1, sanitized and 200 or 2000 do
      child:receive()
      if i % 100 == 0 then peak = math.max(peak, memory(parallel.pid)) end
    end
    assert.is_true(peak < 1600 * 2 ^ 20, 'too much lies waiting for the collector: ' .. peak)
    child:send('end')
    child:join()
  end)

  it_linux('is given back when all is collected', function()
    local text, status = support.script([[
      local parallel = require 'parallel'
      local torch = require 'parallel.tensor'
      local function use()
        local child = parallel.run('while true do parallel.parent:send(parallel.parent:receive()) end')
        for _, n in ipairs{10, 512 * 1024} do
          local plain, shared = torch.ones(n), torch.ones(n):share()
          for i = 1, 3 do
            child:send{plain, shared, torch.ones(n):share():storage()}
            child:receive()
          end
        end
        child:close()
      end
      for i = 1, 3 do use() end
      for i = 1, 4 do collectgarbage() end
      parallel.close()
      local left, shown = 0, false
      for line in io.lines('/proc/self/maps') do
        if not shown and line:find(' rw%-s 00000000 .*memfd') then
          shown = true -- what this process shows of itself
        elseif line:find('memfd', 1, true) or line:find('parallel', 1, true) and not line:find('%.so') then
          left = left + 1
          print(line)
        end
      end
      print('left', left)
    ]])
    assert.equal(0, status, text)
    assert.matches('left\t0\n', text)
  end)

  it('leaves no descriptor', function()
    local function use()
      local child = parallel.run(echo)
      for i = 1, 20 do
        child:send{torch.ones(large), torch.ones(small + i):share()}
        child:receive()
      end
      child:close()
      collect()
      parallel.close()
    end
    use()
    local before = support.descriptors()
    for _ = 1, 3 do use() end
    assert.is_true(support.descriptors() <= before, 'descriptors were left open')
  end)
end)
