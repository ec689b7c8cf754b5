-- Whatever is asked of a tensor, the answer is a result or an error that says what was wrong.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local torch = require 'parallel.tensor'
local nan, inf = 0 / 0, 1 / 0

local function fails(pattern, f, ...)
  local good, message = pcall(f, ...)
  assert.is_false(good)
  assert.truthy(tostring(message):lower():find(pattern:lower()), message)
end

local types = {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'}

describe('sizes', function()
  it('must not be negative', function()
    fails('negative', torch.Tensor, -1)
    fails('negative', torch.Tensor, 3, -1)
    fails('negative', torch.zeros, -5)
    fails('negative', torch.DoubleStorage, -1)
    fails('negative', torch.Tensor(3).resize, torch.Tensor(3), -2)
    fails('negative', torch.DoubleStorage(2).resize, torch.DoubleStorage(2), -1)
  end)
  it('must not overflow', function()
    fails('memory', torch.Tensor, 2 ^ 52)
    fails('overflow', torch.Tensor, 2 ^ 40, 2 ^ 40)
    fails('memory', torch.DoubleStorage, 2 ^ 61)
    fails('range', torch.Tensor, 2 ^ 70)
    fails('range', torch.Tensor, nan)
    fails('range', torch.Tensor, inf)
    fails('.', torch.Tensor(2).resize, torch.Tensor(2), 2 ^ 31, 2 ^ 31)
    fails('.', torch.range, 1, inf)
    fails('.', torch.linspace, 0, 1, 2 ^ 60)
    fails('.', torch.eye, 2 ^ 40)
    fails('.', torch.randperm, -1)
  end)
  it('may be zero', function()
    for _, type in ipairs(types) do
      local t = torch[type .. 'Tensor'](0)
      assert.equal(0, t:dim())
      assert.equal(0, t:nElement())
      assert.equal('[torch.' .. type .. 'Tensor with no dimension]\n', tostring(t))
      assert.equal(0, t:sum())
      assert.equal(0, t:clone():add(1):nElement())
      assert.equal(0, t:permute():dim())
    end
    fails('.', function() return torch.Tensor()[1] end)
    fails('out of range', torch.max, torch.Tensor(), 1)
  end)
  it('are at most 64', function()
    local sizes = {}
    for i = 1, 65 do
      sizes[i] = 1
    end
    fails('64 dimensions', torch.zeros, torch.LongStorage(sizes))
    sizes[65] = nil
    local t = torch.zeros(torch.LongStorage(sizes))
    assert.equal(64, t:dim())
    fails('64', t.unfold, t, 1, 1, 1)
    assert.equal(1, t:squeeze(1):squeeze(1):nElement())
  end)
  it('must agree', function()
    local a, b = torch.ones(2, 3), torch.ones(2, 2)
    local names = {'add', 'cmul', 'cdiv', 'cpow', 'csub', 'cmax', 'copy', 'dot', 'map', 'atan2', 'lt', 'maskedCopy'}
    for _, name in ipairs(names) do
      fails('.', a[name], a, b, function() end)
    end
    fails('size mismatch', torch.mm, a, a)
    fails('size mismatch', torch.mv, a, torch.ones(2))
    fails('matrix expected', torch.mm, a, torch.ones(3))
    fails('inconsistent', torch.cat, a, b, 1)
    fails('mask', a.maskedFill, a, torch.ByteTensor{2, 0, 0, 0, 0, 0}, 1)
    fails('same number', a.maskedFill, a, torch.ByteTensor{1}, 1)
    fails('wrong size', a.view, a, 4)
    fails('invalid size', a.view, a, -1, -1)
    fails('expansion', a.expand, a, 3, 3)
  end)
  it('of parts must be whole numbers that mean something', function()
    local a = torch.ones(2, 3)
    for _, n in ipairs {nan, inf, 1.5} do
      fails('torch.permute: argument 2', a.permute, a, n, 1)
      fails('torch.repeatTensor: argument 2', a.repeatTensor, a, n, 1)
    end
    for _, name in ipairs {'split', 'chunk'} do
      fails('torch.' .. name .. ': argument 2', a[name], a, nan)
      fails('torch.' .. name .. ': argument 2', a[name], a, 0.5)
    end
    assert.equal(2, #a:chunk(inf))
    assert.equal(1, #a:split(inf))
    assert.same({{1}, {2}, {3}}, {torch.totable(torch.range(1, 3):split(1.5)[1]), torch.totable(torch.range(1, 3):split(1.5)[2]),
      torch.totable(torch.range(1, 3):split(1.5)[3])})
  end)
end)

describe('indices', function()
  it('must be in range', function()
    local t = torch.ones(2, 3)
    for _, i in ipairs {0, 3, -3, 2 ^ 40, -2 ^ 62, nan, inf} do
      fails('.', function() return t[i] end)
      fails('.', function() t[i] = 1 end)
      fails('.', function() return t[{1, i * 4}] end)
      fails('.', function() return t:storage()[i * 7] end)
      fails('.', t.select, t, 1, i)
      fails('.', t.narrow, t, 1, i, 1)
      fails('.', t.narrow, t, 1, 1, i * 3)
      fails('.', t.index, t, 1, torch.LongTensor {1, i == i and i or 0})
      fails('.', t.gather, t, 1, torch.LongTensor {{i == i and i or 0}})
      fails('.', t.scatter, t, 1, torch.LongTensor {{i == i and i or 0}}, 1)
      fails('.', t.indexFill, t, 1, torch.LongTensor {i == i and i or 0}, 1)
      fails('.', t.sum, t, i)
      fails('.', t.transpose, t, 1, i)
    end
    fails('too many', function() return t[{1, 1, 1}] end)
    fails('invalid', function() return t[{'x'}] end)
    fails('invalid', function() return t[true] end)
    fails('.', function() return t[{{2, 1}}] end)
    fails('.', t.sub, t, 1)
    fails('.', t.unfold, t, 1, 5, 1)
    fails('step', t.unfold, t, 1, 2, 0)
    fails('.', torch.kthvalue, t, 4)
    fails('.', torch.topk, t, 0)
  end)
  it('of storages and strides stay inside', function()
    local s = torch.DoubleStorage(6)
    fails('out of range', torch.Tensor, s, 1, 7, 1)
    fails('out of range', torch.Tensor, s, 3, 5, 1)
    fails('.', torch.Tensor, s, 0, 1, 1)
    fails('.', torch.Tensor, s, 2 ^ 62, 2, 2 ^ 62)
    fails('.', torch.Tensor, s, 1, torch.LongStorage {2, 2}, torch.LongStorage {2 ^ 62, 2 ^ 62})
    fails('.', torch.Tensor, s, 1, torch.LongStorage {2, 2}, torch.LongStorage {1})
    fails('.', torch.DoubleStorage, s, 5, 3)
    assert.equal(2, torch.Tensor(s, 5):nElement())
  end)
end)

describe('types', function()
  it('must agree', function()
    local d, f = torch.ones(2), torch.FloatTensor(2)
    fails('invalid arguments: DoubleTensor FloatTensor', torch.add, d, f)
    fails('invalid arguments', d.cmul, d, f)
    fails('LongTensor', d.index, d, 1, d)
    fails('expected', d.set, d, torch.FloatStorage(1))
    fails('number', d.fill, d, 'x')
    fails('tensor expected', d.fill, {})
    fails('tensor expected', d.size, io.stdout)
    fails('does not implement', torch.mean, torch.LongTensor(2))
    fails('does not implement', torch.LongTensor(2).mean, torch.LongTensor(2))
    fails('not a torch.DoubleTensor', torch.cat, {d, f})
    fails('torch.multinomialAlias is not part', torch.multinomialAlias, d)
    fails('not part', d.multinomialAlias, d)
    fails('not a string describing', torch.setdefaulttensortype, 'torch.HalfTensor')
  end)
  it('convert without undefined behaviour', function()
    local odd = torch.Tensor {nan, inf, -inf, 1e300, -1e300, 300, -1}
    for _, type in ipairs(types) do
      assert.equal(7, odd:type('torch.' .. type .. 'Tensor'):nElement())
    end
    assert.equal(44, odd:byte()[6])
    assert.equal(255, odd:byte()[7])
  end)
  it('divide integers by zero with an error', function()
    for _, type in ipairs(types) do
      if type ~= 'Float' and type ~= 'Double' then
        local t = torch[type .. 'Tensor'] {1, -128, 127}
        for _, name in ipairs {'div', 'fmod', 'remainder'} do
          fails('division by zero', t[name], t:clone(), 0)
        end
        fails('division by zero', t.cdiv, t:clone(), t:clone():zero())
        assert.equal(3, t:clone():div(-1):nElement())
      end
    end
    local extreme = torch.LongTensor(2):fill(1):lshift(63)
    assert.equal(extreme[1], extreme:clone():div(-1)[1])
    assert.equal(0, extreme:clone():remainder(-1)[1])
    assert.equal(extreme[1], extreme:clone():abs()[1])
  end)
end)

describe('views', function()
  it('outlive their storage and their tensor', function()
    local view
    do
      local t = torch.range(1, 100):resize(10, 10)
      view = t[3]
    end
    collectgarbage()
    collectgarbage()
    assert.equal(255, view:sum())
  end)
  it('notice a storage that became too small', function()
    local t = torch.range(1, 100)
    local last = t:narrow(1, 50, 51)
    t:storage():resize(10)
    for _, f in ipairs {
      function() return last[51] end,
      function() last[51] = 1 end,
      function() return last:sum() end,
      function() last:fill(1) end,
      function() return tostring(last) end, function() return t:add(last) end, function() return last:clone() end,
      function() return torch.cat(last, last) end,
      function() return torch.totable(last) end,
      function() return last:narrow(1, 1, 2) end,
      function() return last:apply(function() end) end,
      function() return torch.mm(last:view(51, 1), last:view(1, 51)) end,
    } do
      assert.is_false((pcall(f)))
    end
    assert.equal(55, torch.Tensor(t:storage()):sum())
    t:storage():resize(0)
    assert.is_false(pcall(function() return t[1] end))
    assert.equal('[torch.DoubleStorage of size 0]\n', tostring(t:storage()))
    t:resize(3):fill(2)
    assert.equal(6, t:sum())
  end)
  it('may be resized by the function that is applied to them', function()
    local t = torch.ones(1000)
    fails('resized', t.apply, t, function()
      t:storage():resize(1)
    end)
    local u = torch.ones(10)
    fails('resized', u.apply, u, function()
      u:resize(2)
      u:storage():resize(1)
    end)
    fails('number or nil', u.apply, torch.ones(2), function() return 'x' end)
    fails('boom', u.apply, torch.ones(2), function() error('boom') end)
  end)
  it('may be source and result at once', function()
    local m = torch.range(1, 9):resize(3, 3)
    m:copy(m:t())
    assert.same({{1, 4, 7}, {2, 5, 8}, {3, 6, 9}}, torch.totable(m))
    local a = torch.range(1, 4):resize(2, 2)
    torch.mm(a, a, a)
    assert.same({{7, 10}, {15, 22}}, torch.totable(a))
    local s = torch.Tensor {3, 1, 2}
    torch.sort(s, torch.LongTensor(), s)
    assert.same({1, 2, 3}, torch.totable(s))
    torch.cumsum(s, s, 1)
    assert.same({1, 3, 6}, torch.totable(s))
    torch.cat(s, s, s)
    assert.equal(6, s:nElement())
    torch.sum(m, m, 1)
    assert.same({{6, 15, 24}}, torch.totable(m))
    local function another(t) return torch.Tensor(torch.DoubleStorage(t:storage())):resizeAs(t) end -- storage, of the same memory
    local b = torch.range(1, 4):resize(2, 2)
    assert.same({{7, 10}, {15, 22}}, torch.totable(torch.mm(another(b), b, b)))
    local c = torch.range(1, 4):resize(2, 2)
    assert.same({{1, 3}, {3, 7}}, torch.totable(torch.cumsum(another(c):t(), c, 2)))
    local shift = torch.range(1, 5)
    shift:narrow(1, 2, 4):copy(shift:narrow(1, 1, 4))
    assert.same({1, 1, 2, 3, 4}, torch.totable(shift))
  end)
end)

describe('NaN', function()
  local t = torch.Tensor {2, nan, 1, nan, 3}
  it('wins in max and min', function()
    for _, value in ipairs {t:max(), t:min(), t:max(1)[1], t:min(1)[1]} do
      assert.is_true(value ~= value)
    end
    local _, places = t:max(1)
    assert.equal(2, places[1])
    for n = 1, 70 do -- wherever it is in a vectorised loop
      local long = torch.ones(70)
      long[n] = nan
      assert.is_true(long:max() ~= long:max() and long:min() ~= long:min())
    end
  end)
  it('sorts behind the numbers', function()
    local sorted, places = torch.sort(t)
    assert.same({1, 2, 3}, {sorted[1], sorted[2], sorted[3]})
    assert.same({3, 1, 5, 2, 4}, torch.totable(places))
    assert.equal(3, t:median()[1])
    assert.is_true(torch.mode(torch.Tensor {nan, nan, 1})[1] ~= 1)
  end)
  it('is unequal to itself', function()
    assert.equal(3, t:eq(t):sum())
    assert.equal(2, t:ne(t):sum())
    assert.equal(0, t:lt(nan):sum())
    assert.is_false(torch.equal(t, t))
    assert.truthy(tostring(t):find('nan', 1, true))
  end)
  it('is no parameter of a distribution', function()
    fails('probability', torch.bernoulli, nan)
    fails('deviation', torch.normal, 0, nan)
    fails('deviation', torch.normal, 0, 0)
    fails('multinomial', torch.multinomial, torch.Tensor {nan, 1}, 1)
    fails('multinomial', torch.multinomial, torch.Tensor {0, 0}, 1, true)
    fails('probability', torch.Tensor(2).bernoulli, torch.Tensor(2), torch.Tensor {nan, 1})
    fails('.', torch.histc, t, 3)
    fails('finite', torch.histc, torch.Tensor {1, inf}, 3)
    fails('finite', torch.bhistc, torch.Tensor {1, 2}, 3, -inf, 5)
    fails('finite', torch.histc, torch.FloatTensor {1, 2}, 3, -1e300, 1e300) -- no floats
    local largest = 1.7e308
    assert.same({1, 0, 1, 1}, torch.totable(torch.histc(torch.Tensor {-largest, largest, 1}, 4)))
    fails('step', torch.range, 1, 2, nan)
  end)
end)

describe('the generator', function()
  it('continues from a saved state, also in the middle of a pair', function()
    torch.manualSeed(5)
    torch.normal()
    local state = torch.getRNGState()
    local a = {torch.normal(), torch.uniform(), torch.random()}
    torch.setRNGState(state)
    assert.same(a, {torch.normal(), torch.uniform(), torch.random()})
  end)
  it('refuses what is no state', function()
    fails('size', torch.setRNGState, torch.ByteTensor(3))
    fails('invalid', torch.setRNGState, torch.getRNGState():fill(255))
    fails('ByteTensor', torch.setRNGState, 3)
  end)
  it('may be one of its own', function()
    local g, h = torch.Generator(), torch.Generator()
    torch.manualSeed(g, 3)
    torch.manualSeed(h, 3)
    assert.equal(torch.random(g), torch.random(h))
    assert.equal(torch.uniform(g, 2, 3), torch.uniform(h, 2, 3))
    assert.is_true(torch.equal(torch.randn(g, 5), torch.randn(h, 5)))
    assert.equal(3, torch.initialSeed(g))
  end)
end)

describe('the collector', function()
  it('may run at any time', function()
    support.collector('pause', 0)
    support.collector('stepmul', 10000)
    for i = 1, 200 do
      local t = torch.range(1, 24):resize(2, 3, 4)
      local u = torch.cat({t:clone(), t * 2, t + t}, 2):transpose(1, 3):contiguous():index(1, torch.LongTensor {1, 4})
      assert.equal(2, u:size(1))
      assert.equal(i, t:fill(i):sum(1):sum(2):sum(3):squeeze() / 24)
      torch.sort(u, 3)
      torch.mm(torch.ones(20, 40), torch.ones(40, 50))
    end
    support.collector('pause', 200)
    support.collector('stepmul', 200)
  end)
  it('is told what elements weigh', function()
    for _ = 1, 60 do -- 30 GB if nothing were collected
      torch.Tensor(64e6)
    end
  end)
end)
