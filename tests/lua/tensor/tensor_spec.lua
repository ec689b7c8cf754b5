-- What tensors do beyond what torch7_answers.lua holds: ways of calling, classes, messages, shared memory.
local torch = require 'parallel.tensor'
local core = require 'parallel.core'

local function list(t)
  return torch.totable(t)
end

describe('a function', function()
  local x, y
  before_each(function()
    x, y = torch.Tensor {1, 2, 3}, torch.Tensor {10, 20, 30}
  end)
  it('makes its result, or takes it in front', function()
    local r = torch.Tensor()
    local made = torch.add(x, y)
    assert.same({11, 22, 33}, list(made))
    assert.equal(r, torch.add(r, x, y))
    assert.same({11, 22, 33}, list(r))
    assert.same({1, 2, 3}, list(x))
  end)
  it('works in place as a method', function()
    assert.equal(x, x:add(y))
    assert.same({11, 22, 33}, list(x))
    x:add(1, y):mul(2):csub(y, 1, y):cmax(60)
    assert.same({60, 60, 60}, list(x))
  end)
  it('finds a number in the middle', function()
    assert.same({21, 42, 63}, list(torch.add(x, 2, y)))
    assert.same({101, 802, 2703}, list(torch.addcmul(x, 1, torch.cmul(y, x), y):add(0)))
    assert.same({21, 42, 63}, list(torch.add(torch.Tensor(), x, 2, y)))
  end)
  it('gives values and places together', function()
    local values, places = torch.Tensor(), torch.LongTensor()
    local a, b = torch.max(values, places, torch.Tensor {{1, 9}, {7, 3}}, 2)
    assert.equal(values, a)
    assert.equal(places, b)
    assert.same({{9}, {7}}, list(values))
    assert.same({{2}, {1}}, list(places))
  end)
  it('is there for the default type', function()
    torch.setdefaulttensortype('torch.FloatTensor')
    local made, named = torch.zeros(2):type(), torch.Tensor():type()
    torch.setdefaulttensortype('torch.DoubleTensor')
    assert.equal('torch.FloatTensor', made)
    assert.equal('torch.FloatTensor', named)
  end)
end)

describe('elements', function()
  it('of 64 bits keep them all where Lua has integers', function()
    local t = torch.LongTensor {1}
    if math.type then -- luacheck: ignore
      local big = math.maxinteger -- luacheck: ignore
      t:fill(big)
      assert.equal(big, t[1])
      assert.equal(big, t:sum())
      assert.equal('integer', math.type(t[1])) -- luacheck: ignore
      assert.equal('float', math.type(torch.Tensor {1}[1])) -- luacheck: ignore
    end
    t:fill(2 ^ 53)
    assert.equal(2 ^ 53, t[1])
  end)
  it('are assigned by number, range, mask and tensor', function()
    local t = torch.zeros(3, 4)
    t[1] = 1
    t[{2, {2, 3}}] = 5
    t[{3}] = torch.range(1, 4)
    t[{{}, 4}] = -1
    assert.same({{1, 1, 1, -1}, {0, 5, 5, -1}, {1, 2, 3, -1}}, list(t))
    t[t:lt(0)] = 9
    assert.equal(27, t:select(2, 4):sum())
    t[torch.LongStorage {1, 1}] = 100
    assert.equal(100, t[torch.LongStorage {1, 1}])
    assert.equal(100, t[{1, 1}])
    assert.same({9, 9, 9}, list(t[t:eq(9)]))
  end)
end)

describe('a view', function()
  it('shares its elements', function()
    local t = torch.range(1, 24):resize(2, 3, 4)
    t:select(3, 2):narrow(2, 2, 2):fill(0)
    assert.equal(300 - 6 - 10 - 18 - 22, t:sum())
    t:permute(3, 1, 2)[1]:zero()
    assert.equal(0, t[1][1][1])
    assert.same({4, 2, 3}, t:permute(3, 1, 2):size():totable())
    assert.equal(24, t:view(-1):size(1))
    assert.is_true(t:view(4, 6):isSetTo(t:view(4, 6)))
    assert.is_true(t:narrow(1, 1, 1):storage() == t:storage())
  end)
  it('is a sum over any dimension, as a copy would give it', function()
    torch.manualSeed(7)
    local t = torch.randn(7, 11, 5):transpose(1, 3):narrow(2, 3, 6)
    for dim = 1, 3 do
      assert.is_true(torch.equal(t:sum(dim), t:contiguous():sum(dim)))
      assert.is_true((t:sum(dim):sum() - t:sum()) ^ 2 < 1e-18)
      assert.is_true(torch.equal((t:max(dim)), (t:clone():max(dim))))
    end
  end)
end)

describe('a large tensor', function()
  it('is summed in several parts without loss', function()
    local n = 300001
    local t = torch.range(1, n)
    assert.equal(n * (n + 1) / 2, t:sum())
    assert.equal(n, t:max())
    assert.equal(1, t:min())
    assert.equal(n * (n + 1) / 2, t:dot(torch.ones(n)))
    assert.equal(n * (n + 1) / 2, t:long():sum())
  end)
end)

describe('the extreme', function()
  local nan, minus_zero = 0 / 0, -1 / math.huge
  local function sign(x) return x < 0 or 1 / x < 0 end

  it('is that of a plain loop, whatever the size, the type and the view', function()
    for _, type in ipairs {'Byte', 'Int', 'Long', 'Float', 'Double'} do
      for _, n in ipairs {1, 2, 127, 128, 511, 512, 513, 1000, 1500} do
        local t = torch.range(1, 2 * n):mul(37):fmod(101):type('torch.' .. type .. 'Tensor')
        for _, view in ipairs {t, t:narrow(1, n, n), t:view(n, 2):select(2, 1)} do
          local largest, smallest = view[1], view[1]
          for i = 2, view:size(1) do largest, smallest = math.max(largest, view[i]), math.min(smallest, view[i]) end
          assert.equal(largest, view:max())
          assert.equal(smallest, view:min())
        end
      end
    end
  end)

  it('is a NaN wherever it stands', function()
    for _, n in ipairs {5, 700, 1025} do
      for _, place in ipairs {1, 2, math.floor(n / 2), n - 1, n} do
        local t = torch.range(1, n)
        t[place] = nan
        assert.is_true(t:max() ~= t:max() and t:min() ~= t:min())
      end
    end
  end)

  it('is the first of zeros that differ in sign', function()
    for _, n in ipairs {6, 900} do
      for _, first in ipairs {1, 3, n - 2} do
        local t = torch.Tensor(n):fill(-1)
        t[first], t[first + 2] = minus_zero, 0
        assert.is_true(sign(t:max()))
        t[first], t[first + 2] = 0, minus_zero
        assert.is_false(sign(t:max()))
        t:fill(1)
        t[first], t[first + 2] = minus_zero, 0
        assert.is_true(sign(t:min()))
      end
    end
  end)
end)

describe('sums of rows', function()
  it('are those of each row, to the last bit', function()
    for _, type in ipairs {'Byte', 'Int', 'Long', 'Float', 'Double'} do
      for _, rows in ipairs {1, 3, 8, 9, 20} do
        local t = torch.rand(rows, 2, 33):mul(90):type('torch.' .. type .. 'Tensor')
        local sums = t:sum(3)
        assert.same({rows, 2, 1}, sums:size():totable())
        local column = torch.Tensor(rows, 2, 2):type(t:type()):narrow(3, 1, 1) -- a result that is not contiguous
        torch.sum(column, t, 3)
        local means = type:find('[FD]') and t:mean(3)
        for i = 1, rows do
          for j = 1, 2 do
            local alone = t[i][j]:sum(1)[1]
            assert.equal(alone, sums[i][j][1])
            assert.equal(alone, column[i][j][1])
            if means then assert.equal(t[i][j]:mean(1)[1], means[i][j][1]) end
          end
        end
        assert.equal(sums[rows][2][1], t:narrow(3, 1, 33):sum(3)[rows][2][1])
      end
    end
  end)
end)

describe('a class', function()
  local Base = torch.class('tensor_spec_base')
  function Base:__init(x)
    self.x = x
  end
  function Base:get()
    return self.x
  end
  function Base.__add__(a, b)
    return (type(a) == 'table' and a.x or a) + (type(b) == 'table' and b.x or b)
  end
  function Base:__index__(key)
    if key == 'answer' then
      return 42, true
    end
    return nil, false
  end
  local Derived, parent = torch.class('tensor_spec_derived', 'tensor_spec_base')
  function Derived:__init(x)
    parent.__init(self, x * 2)
  end
  function Derived:__tostring__()
    return 'derived ' .. self.x
  end

  it('inherits methods, operators and hooks', function()
    local object = tensor_spec_derived(4) -- luacheck: ignore
    assert.equal(8, object:get())
    assert.equal(9, object + 1)
    assert.equal(9, 1 + object)
    assert.equal(42, object.answer)
    assert.equal('derived 8', tostring(object))
    assert.equal('tensor_spec_derived', torch.type(object))
    assert.is_true(torch.isTypeOf(object, 'tensor_spec_base'))
    assert.is_true(torch.isTypeOf(object, Derived))
    assert.is_false(torch.isTypeOf(object, 'torch.DoubleTensor'))
    assert.has_error(function() return object - 1 end)
  end)
  it('is made once, under a parent and in a module that exist', function()
    assert.has_error(function() torch.class('tensor_spec_base') end)
    assert.has_error(function() torch.class('tensor_spec_other', 'no_such_class') end)
    assert.has_error(function() torch.class('no_such_module.Class') end)
    local module = {}
    torch.class('tensor_spec_in_module.Class', module)
    assert.equal('tensor_spec_in_module.Class', torch.type(module.Class()))
  end)
  it('makes raw objects by its factory', function()
    local raw = torch.factory('tensor_spec_derived')()
    assert.is_nil(rawget(raw, 'x'))
    assert.equal('tensor_spec_derived', torch.typename(raw))
  end)
  it('of tensors takes new methods', function()
    function torch.Tensor:spec_twice() -- luacheck: ignore
      return self * 2
    end
    assert.equal(4, torch.Tensor {2}:spec_twice()[1])
    assert.is_nil(torch.FloatTensor(1).spec_twice)
  end)
end)

describe('a timer', function()
  it('counts up, stops and goes on', function()
    local timer = torch.Timer()
    local parallel = require 'parallel'
    local stopped = torch.Timer():stop()
    for _, copy in ipairs {parallel.decode(parallel.encode(stopped)), torch.deserialize(torch.serialize(stopped))} do
      assert.same(stopped:time(), copy:time())
    end
    local child = parallel.run('local t = ... return t:time()', timer) -- whose clocks are others
    local there = child:join()
    assert.is_true(there.real >= 0 and there.user >= 0 and there.sys >= 0 and there.real <= timer:time().real)
    local a = timer:time()
    assert.is_true(a.real >= 0 and a.user >= 0 and a.sys >= 0)
    timer:stop()
    local b = timer:time().real
    for _ = 1, 1e5 do end -- luacheck: ignore
    assert.equal(b, timer:time().real)
    timer:resume()
    assert.is_true(timer:time().real >= b)
  end)
end)

describe('a message', function()
  local function sent(...)
    return core.decode(core.encode(...))
  end
  it('carries all types, views and empty tensors', function()
    for _, type in ipairs {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'} do
      local t = torch.range(1, 12):type('torch.' .. type .. 'Tensor'):resize(3, 4)
      for _, view in ipairs {t, t:t(), t[2], t:narrow(2, 2, 2), t:sum(1):expand(3, 4), torch[type .. 'Tensor']()} do
        local got = sent(view)
        assert.equal(view:type(), got:type())
        assert.same(list(view), list(got))
        assert.same(view:stride():totable(), got:stride():totable())
      end
      assert.same({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, sent(t:storage()):totable())
    end
  end)
  it('keeps storages shared', function()
    local t = torch.zeros(4)
    local got = sent {t, t:narrow(1, 2, 2), t:storage()}
    got[1]:fill(3)
    assert.same({3, 3}, list(got[2]))
    assert.equal(3, got[3][4])
    assert.equal(0, t:sum())
  end)
  it('does not carry a tensor whose storage has become too small', function()
    local t = torch.zeros(100)
    t:storage():resize(3)
    assert.has_error(function() core.encode {t} end)
  end)
end)

describe('shared memory', function()
  it('takes a storage with all its views', function()
    local t = torch.range(1, 10)
    local view = t:narrow(1, 3, 2)
    assert.is_false(t:isShared())
    assert.equal(t, t:share())
    assert.is_true(t:isShared() and view:isShared() and t:storage():isShared())
    view:fill(0)
    assert.equal(55 - 7, t:sum())
    assert.equal(55 - 7, t:share():sum())
    assert.has_error(function() t:resize(100) end)
    assert.equal(6, t:resize(2, 3):nElement())
    assert.is_false(t:clone():isShared())
    assert.is_false(torch.Tensor():share():isShared())
    assert.is_true(torch.LongStorage {1}:share():isShared())
  end)
end)

describe('copies of transposed matrices', function()
  it('are right for every size, type and place', function()
    for _, type in ipairs {'Float', 'Double', 'Long', 'Byte'} do
      for _, size in ipairs {{1, 1}, {1, 9}, {3, 5}, {4, 8}, {8, 4}, {9, 13}, {17, 16}, {40, 33}} do
        local rows, columns = size[1], size[2]
        local all = torch.range(1, (rows + 2) * (columns + 3)):fmod(251):type('torch.' .. type .. 'Tensor'):resize(rows + 2, columns + 3)
        local t = all:narrow(1, 2, rows):narrow(2, 3, columns)
        local copy, inside = t:t():clone(), all:clone():zero()
        inside:t():narrow(1, 3, columns):narrow(2, 2, rows):copy(copy)
        for i = 1, rows do
          for j = 1, columns do assert.equal(t[i][j], copy[j][i]) end
        end
        assert.equal(t:sum(), inside:sum())
        assert.is_true(torch.equal(t, inside:narrow(1, 2, rows):narrow(2, 3, columns)))
      end
    end
  end)
end)

if jit then -- luacheck: ignore
  describe('data()', function()
    it('points to the first element', function()
      for _, type in ipairs {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'} do
        local t = torch.range(1, 6):type('torch.' .. type .. 'Tensor'):resize(2, 3)
        local data = t[2]:data()
        assert.equal(5, tonumber(data[1]))
        data[1] = 50
        assert.equal(50, t[2][2])
        assert.equal(1, tonumber(t:storage():data()[0]))
      end
    end)
  end)
end
