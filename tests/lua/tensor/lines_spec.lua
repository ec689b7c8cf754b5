-- Whatever way is taken through memory, results are the same to the last bit: of lines that lie across it, in blocks and side by side, and
-- of elements one by one.
local torch = require 'parallel.tensor'
local nan = 0 / 0

local function same(a, b)
  assert.is_true(a:isSameSizeAs(b))
  local x, y = a:contiguous():view(-1):totable(), b:contiguous():view(-1):totable()
  for i = 1, #x do
    if not (x[i] == y[i] or (x[i] ~= x[i] and y[i] ~= y[i])) then assert.equal(y[i], x[i], 'element ' .. i) end
  end
end

-- Each function along dimension 1, and along 2 of a copy that lies the other way.
local FUNCTIONS = {
  {'max', 2, true}, {'min', 2, true}, {'sum', 1, true}, {'prod', 1, true}, {'median', 2, true}, {'mode', 2, true}, {'sort', 2, true},
  {'cumsum', 1, true}, {'cumprod', 1, true}, {'std', 1}, {'var', 1}, {'mean', 1}, {'norm', 1},
}

local function check(t)
  local turned = t:t():clone()
  for _, f in ipairs(FUNCTIONS) do
    local name, results = f[1], f[2]
    if f[3] or t:type():match 'Float' or t:type():match 'Double' then
      local a, b
      if name == 'norm' then a, b = {t:norm(2, 1)}, {turned:norm(2, 2)}
      else a, b = {torch[name](t, 1)}, {torch[name](turned, 2)} end
      for i = 1, results do same(a[i], b[i]:t()) end
    end
  end
end

local function filled(type, rows, columns, range)
  return torch.rand(rows, columns):mul(range):floor():type('torch.' .. type .. 'Tensor')
end

describe('lines across memory', function()
  for _, type in ipairs {'Byte', 'Short', 'Int', 'Long', 'Float', 'Double'} do
    it('give what dense ones give, ' .. type, function()
      torch.manualSeed(5)
      for _, size in ipairs {{1, 20}, {2, 7}, {9, 8}, {30, 17}, {11, 300}} do
        check(filled(type, size[1], size[2], 9))
        check(filled(type, size[2] + 3, size[1] + 2, 9):t():narrow(1, 2, size[1]):narrow(2, 3, size[2]))
      end
    end)
  end
  it('keep fractions, signs of zero and NaN', function()
    torch.manualSeed(6)
    local t = torch.randn(40, 33)
    check(t)
    for i = 1, 200 do t[torch.random(40)][torch.random(33)] = i % 2 == 0 and nan or -0.0 end
    check(t)
    check(t:float())
    local top, places = t:max(1)
    for j = 1, 33 do
      local first
      for i = 1, 40 do if t[i][j] ~= t[i][j] then first = first or i end end
      if first then
        assert.equal(first, places[1][j])
        assert.is_true(top[1][j] ~= top[1][j])
      end
    end
  end)
  it('of three dimensions', function()
    torch.manualSeed(7)
    local t = torch.randn(5, 12, 10)
    for dim = 1, 3 do
      local value, place = t:max(dim)
      local slow, slow_place = t:transpose(dim, 3):contiguous():max(3)
      same(value, slow:transpose(dim, 3))
      same(place, slow_place:transpose(dim, 3))
      same(torch.var(t, dim), torch.var(t:transpose(dim, 3):contiguous(), 3):transpose(dim, 3))
      same(torch.sort(t, dim), torch.sort(t:transpose(dim, 3):contiguous(), 3):transpose(dim, 3))
    end
  end)
end)

describe('sorting', function()
  it('is stable in both directions, NaN being the largest', function()
    torch.manualSeed(8)
    for _, n in ipairs {1, 2, 7, 8, 9, 16, 17, 100, 255, 256, 1000} do
      for _, share in ipairs {0, 0.1} do
        local t = torch.rand(n):mul(n / 3):floor():mul(1 - 2 * (n % 2))
        for i = 1, n do if torch.uniform() < share then t[i] = nan end end
        for _, descending in ipairs {false, true} do
          local _, places = torch.sort(t, 1, descending)
          local function rank(i) return t[i] == t[i] and t[i] or math.huge end
          for i = 2, n do
            local a, b = places[i - 1], places[i]
            if descending then assert.is_true(rank(a) > rank(b) or (rank(a) == rank(b) and a < b))
            else assert.is_true(rank(a) < rank(b) or (rank(a) == rank(b) and a < b)) end
          end
        end
      end
    end
  end)
end)

describe('sorting of many', function()
  local function check_order(t)
    local sorted, places = torch.sort(t)
    same(sorted, t:index(1, places))
    for i = 2, t:size(1) do
      local a, b = sorted[i - 1], sorted[i]
      assert.is_true(a < b or (a == b and places[i - 1] < places[i]), i)
    end
    local back, back_places = torch.sort(t, 1, true)
    same(back, t:index(1, back_places))
    for i = 2, t:size(1) do
      local a, b = back[i - 1], back[i]
      assert.is_true(a > b or (a == b and back_places[i - 1] < back_places[i]), i)
    end
  end
  it('goes by all bits, wherever they differ first', function()
    torch.manualSeed(12)
    local n = 700
    check_order(torch.randn(n))
    check_order(torch.randn(5000)) -- so many need more digits
    check_order(torch.randn(n):float())
    check_order(torch.randn(n):mul(1e-310))
    check_order(torch.rand(n):mul(2 ^ -40):add(1)) -- the upper halves are the same
    check_order(torch.rand(n):mul(2 ^ -20):add(1)) -- and some of them
    local crowd = torch.rand(n):mul(2 ^ -40):add(1)
    crowd[7] = 1e300 -- first digits that tell nothing about the others
    check_order(crowd)
    check_order(torch.randperm(n):long())
    check_order(torch.randperm(n):long():mul(2 ^ 40):add(5))
    check_order(torch.range(1, n):mul(-1))
    check_order(torch.zeros(n))
    local odd = torch.randn(n)
    odd[3], odd[n], odd[50], odd[51] = 1 / 0, -1 / 0, -0.0, 0
    check_order(odd)
    for _, type in ipairs {'Byte', 'Char', 'Short', 'Int', 'Long'} do
      check_order(torch.rand(n):mul(250):type('torch.ByteTensor'):type('torch.' .. type .. 'Tensor'))
    end
    check_order(torch.rand(n):mul(2 ^ 32):add(-2 ^ 31):type('torch.IntTensor'))
    check_order(torch.rand(n):add(-0.5):mul(2 ^ 63):type('torch.LongTensor'))
  end)
end)

describe('maxima and sums of whole tensors', function()
  it('are those of dense ones, also of zeros and NaN', function()
    torch.manualSeed(13)
    local t = torch.randn(7, 30, 11)
    local views = {t:transpose(1, 3), t:transpose(2, 3):transpose(1, 2), t:narrow(2, 3, 20), t[3]:t()}
    for _, v in ipairs(views) do
      local dense = v:clone()
      assert.same({dense:max(), dense:min(), dense:sum()}, {v:max(), v:min(), v:sum()})
    end
    local zeros = torch.zeros(4, 5)
    zeros[1][1], zeros[2][1], zeros[1][2] = -1, -0.0, -0.0
    assert.equal(1 / zeros:t():clone():max(), 1 / zeros:t():max())
    zeros[4][4] = nan
    assert.is_true(zeros:t():max() ~= zeros:t():max())
    local big = torch.randn(400, 300)
    assert.equal(big:sum(), big:t():sum())
    local whole = big:mul(1024):floor()
    assert.equal(3 * whole:sum(), whole:view(1, 400, 300):expand(3, 400, 300):transpose(1, 3):sum())
  end)
end)

describe('variances', function()
  it('of equal elements are 0, and a common distance from 0 does not matter', function()
    for _, n in ipairs {1, 2, 63, 64, 65, 200} do
      local t = torch.Tensor(n, 9):fill(0.1)
      assert.equal(0, torch.var(t, 1, true):max())
      assert.equal(0, torch.var(t:t():clone(), 2, true):max())
    end
    torch.manualSeed(14)
    local t = torch.randn(300, 11):mul(1024):floor() -- sums are exact near 2 ^ 30, too
    for dim = 1, 2 do same(torch.var(t + 2 ^ 30, dim), torch.var(t, dim)) end
    for j = 1, 11 do
      local column, squares = t:select(2, j), 0
      for i = 1, 300 do squares = squares + (column[i] - column:mean()) ^ 2 end
      local got = torch.var(t, 1)[1][j]
      assert.is_true(math.abs(got - squares / 299) < 1e-12 * got)
    end
    local odd = torch.randn(4, 8)
    odd[2][3], odd[3][5] = nan, 1 / 0
    local got = torch.std(odd, 1)
    for j = 1, 8 do assert.equal(j == 3 or j == 5, got[1][j] ~= got[1][j]) end
    local of_one = torch.var(odd:narrow(1, 1, 1), 1)[1][1]
    assert.is_true(of_one ~= of_one)
  end)
end)

describe('products', function()
  it('of all sizes, types and strides are those of their elements', function()
    torch.manualSeed(15)
    for _, type in ipairs {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'} do
      for _, size in ipairs {{1, 1, 1}, {4, 5, 8}, {5, 7, 9}, {3, 2, 17}, {9, 4, 7}} do
        local a, b = filled(type, size[1], size[2], 5), filled(type, size[2], size[3], 5)
        local wanted = torch.Tensor(size[1], size[3]):zero()
        for i = 1, size[1] do
          for j = 1, size[3] do
            for k = 1, size[2] do wanted[i][j] = wanted[i][j] + a[i][k] * b[k][j] end
          end
        end
        wanted = wanted:type(a:type())
        same(torch.mm(a, b), wanted)
        same(torch.mm(a:t():clone():t(), b:t():clone():t()), wanted)
        local across = wanted:t():clone():fill(1):t()
        same(across:addmm(2, across, 3, a, b), wanted * 3 + 2)
      end
    end
  end)
end)

describe('index', function()
  it('takes slices of any dimension, into what is given, also out of itself', function()
    torch.manualSeed(9)
    local t = torch.randn(6, 5, 4)
    local views = {t, t:transpose(1, 3):clone():transpose(1, 3), t:float(), t:type('torch.ShortTensor')}
    for _, source in ipairs(views) do
      for dim = 1, 3 do
        local places = torch.LongTensor {3, 1, 4, 1}
        local taken, given = source:index(dim, places), source.new()
        given:index(source, dim, places)
        for i = 1, 4 do same(taken:select(dim, i), source:select(dim, places[i])) end
        same(given, taken)
        local itself = source:clone()
        itself:index(itself, dim, places)
        same(itself, taken)
      end
    end
    same(torch.Tensor {5, 6, 7}:index(1, torch.LongTensor {3, 3, 1}), torch.Tensor {7, 7, 5})
    assert.is_false(pcall(t.index, t, 1, torch.LongTensor {1, 7}))
  end)
end)

describe('cat', function()
  it('joins into tensors with memory of their own, and into its parts', function()
    local a, b = torch.range(1, 6):resize(2, 3), torch.range(7, 12):resize(2, 3)
    for dim = 1, 2 do
      local made, given = torch.cat(a, b, dim), torch.Tensor(5)
      local storage = given:storage()
      torch.cat(given, a, b, dim)
      same(given, made)
      assert.is_true(given:storage() == storage)
      local part = a:clone()
      torch.cat(part, part, b, dim)
      same(part, made)
      local across = torch.Tensor(made:size(2), made:size(1)):t()
      torch.cat(across, a, b, dim)
      same(across, made)
    end
  end)
end)

describe('tanh and uniform', function()
  it('of many are those of one by one', function()
    local x = torch.linspace(-25, 25, 1001)
    local many, apart = torch.tanh(x), torch.Tensor(1001, 2):select(2, 1)
    torch.tanh(apart, x)
    same(many, apart:clone())
    for i = 1, 1001 do
      local e = math.exp(-2 * math.abs(x[i]))
      local wanted = (1 - e) / (1 + e) * (x[i] < 0 and -1 or 1)
      assert.is_true(math.abs(many[i] - wanted) <= 1e-14 * math.abs(wanted) + 1e-16)
    end
    local odd = torch.tanh(torch.Tensor {1e-300, 1 / 0, -1 / 0, 0, nan})
    assert.same({1e-300, 1, -1, 0}, odd:narrow(1, 1, 4):totable())
    assert.is_true(odd[5] ~= odd[5])

    torch.manualSeed(10)
    local drawn = torch.Tensor(2000):uniform(-1, 3)
    local after = torch.random()
    torch.manualSeed(10)
    for i = 1, 2000 do assert.equal(torch.uniform(-1, 3), drawn[i]) end
    assert.equal(torch.random(), after)
  end)
end)
