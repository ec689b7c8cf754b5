-- Convolutions and cross-correlations against plain loops.
local torch = require 'parallel.tensor'

local function fails(pattern, f, ...)
  local good, message = pcall(f, ...)
  assert.is_false(good)
  assert.truthy(tostring(message):find(pattern), message)
end

local function at(t, ...)
  for i = 1, select('#', ...) do t = t[(select(i, ...))] end
  return t
end

-- Adds input * kernel, both of three dimensions, to output: element by element as the definition says.
local function add_plain(output, input, kernel, flipped, full)
  local it, ir, ic = input:size(1), input:size(2), input:size(3)
  local kt, kr, kc = kernel:size(1), kernel:size(2), kernel:size(3)
  for t = 1, output:size(1) do for r = 1, output:size(2) do for c = 1, output:size(3) do
    local sum = output[t][r][c]
    for z = 1, kt do for y = 1, kr do for x = 1, kc do
      local w = flipped and at(kernel, kt + 1 - z, kr + 1 - y, kc + 1 - x) or at(kernel, z, y, x)
      local a, b, d = t + z - 1, r + y - 1, c + x - 1
      if full then a, b, d = a - kt + 1, b - kr + 1, d - kc + 1 end
      if a >= 1 and a <= it and b >= 1 and b <= ir and d >= 1 and d <= ic then sum = sum + at(input, a, b, d) * w end
    end end end
    output[t][r][c] = sum
  end end end
end

local function volume(t, rank)
  if rank == 3 then return t end
  return t:view(1, t:size(1), t:size(2))
end

local function plain(input, kernel, rank, flipped, full)
  local sizes = {}
  for d = 1, rank do
    local i, k = input:size(input:dim() - rank + d), kernel:size(kernel:dim() - rank + d)
    sizes[d] = full and i + k - 1 or i - k + 1
  end
  local function new() return torch.zeros(torch.LongStorage(sizes)):type(input:type()) end
  local function one(output, a, b)
    add_plain(volume(output, rank), volume(a:contiguous(), rank), volume(b:contiguous(), rank), flipped, full)
    return output
  end
  if input:dim() == rank then return one(new(), input, kernel) end
  local planes = {}
  for o = 1, kernel:size(1) do
    local output = new()
    if kernel:dim() == rank + 1 then one(output, input[o], kernel[o])
    else for i = 1, input:size(1) do one(output, input[i], kernel[o][i]) end end
    planes[o] = output:view(torch.LongStorage {1, (table.unpack or unpack)(sizes)}) -- luacheck: ignore
  end
  return torch.cat(planes, 1)
end

local names = {conv2 = {2, true}, xcorr2 = {2, false}, conv3 = {3, true}, xcorr3 = {3, false}}

local function whole(...) return torch.rand(...):mul(9):floor() end

describe('a convolution', function()
  setup(function() torch.manualSeed(3) end)

  for name, about in pairs(names) do
    it('is what loops give, ' .. name, function()
      local rank, flipped = about[1], about[2]
      local input = rank == 2 and whole(5, 4) or whole(4, 5, 3)
      local kernel = rank == 2 and whole(2, 3) or whole(2, 3, 1)
      local cases = {{input, kernel}}
      cases[2] = rank == 2 and {whole(3, 4, 5), whole(3, 2, 2)} or {whole(2, 3, 4, 3), whole(2, 2, 2, 2)}
      cases[3] = rank == 2 and {whole(3, 4, 5), whole(2, 3, 2, 2)} or {whole(2, 3, 4, 3), whole(3, 2, 2, 2, 2)}
      cases[4] = {input:transpose(1, 2), kernel}
      cases[5] = {input, kernel:clone():transpose(1, 2)}
      for _, case in ipairs(cases) do
        for _, mode in ipairs {'V', 'F'} do
          local got = torch[name](case[1], case[2], mode)
          assert.is_true(torch.equal(got, plain(case[1], case[2], rank, flipped, mode == 'F')), name .. mode)
          if mode == 'V' then assert.is_true(torch.equal(got, case[1][name](case[1], case[2]))) end
        end
      end
    end)
  end

  it('exists for all types, and integers wrap', function()
    for _, type in ipairs {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'} do
      local a, k = whole(4, 4):type('torch.' .. type .. 'Tensor'), whole(2, 2):type('torch.' .. type .. 'Tensor')
      assert.is_true(torch.equal(torch.conv2(a, k, 'F'), plain(a, k, 2, true, true)))
    end
    assert.equal(144, torch.conv2(torch.ByteTensor {{200}}, torch.ByteTensor {{2}})[1][1])
  end)

  it('takes its result in front, which may be a source', function()
    local a, k = whole(4, 4), whole(2, 2)
    local wanted, r = torch.conv2(a, k), torch.Tensor()
    assert.equal(r, torch.conv2(r, a, k))
    assert.is_true(torch.equal(wanted, r))
    torch.conv2(a, a, k)
    assert.is_true(torch.equal(wanted, a))
  end)

  it('is refused with both sizes when they do not fit', function()
    fails('torch.conv2: the input is smaller than the kernel: %[2 x 2%] and %[3 x 3%]', torch.conv2, whole(2, 2), whole(3, 3))
    fails('planes that match, expected, got %[2 x 3 x 3%] and %[3 x 2 x 2%]', torch.conv2, whole(2, 3, 3), whole(3, 2, 2))
    fails('got %[2 x 3 x 3%] and %[4 x 3 x 2 x 2%]', torch.xcorr2, whole(2, 3, 3), whole(4, 3, 2, 2))
    fails("'V' %(valid%) or 'F' %(full%) expected, got 'X'", torch.conv2, whole(3, 3), whole(2, 2), 'X')
    fails('expected, got %[%] and %[2 x 2%]', torch.conv2, torch.Tensor(), whole(2, 2))
    fails('invalid arguments', torch.conv2, whole(3, 3), torch.FloatTensor(2, 2))
  end)
end)

describe('a histogram', function()
  it('counts each row by itself', function()
    local t = torch.Tensor {{1, 2, 1, 5, 3}, {0, 1, 2, 3, 4}}
    assert.same({{2, 2, 1, 0}, {2, 2, 1, 0}}, torch.totable(torch.bhistc(t, 4, 0, 8)))
    assert.same({torch.totable(torch.histc(t[1], 4, 0, 8))}, torch.totable(torch.bhistc(t:narrow(1, 1, 1), 4, 0, 8)))
    fails('a vector or a matrix expected, got %[2 x 2 x 2%]', torch.bhistc, torch.ones(2, 2, 2))
  end)
end)

describe('cat', function()
  it('joins along any dimension, and takes sizes of 1 for those that are missing', function()
    local a, b = torch.Tensor {1, 2}, torch.Tensor {3, 4}
    assert.same({1, 2, 3, 4}, torch.totable(torch.cat(a, b)))
    assert.same({{1, 3}, {2, 4}}, torch.totable(torch.cat(a, b, 2)))
    assert.same({2, 1, 1, 2}, torch.cat(a, b, 4):size():totable())
    assert.same({{1, 2}, {3, 4}, {5, 6}}, torch.totable(torch.cat(torch.Tensor {{1, 2}, {3, 4}}, torch.Tensor {{5, 6}}, 1)))
    assert.same({{1, 5}, {3, 6}}, torch.totable(torch.cat(torch.Tensor {{1}, {3}}, torch.Tensor {5, 6}, 2)))
    assert.same({2, 3}, torch.cat({torch.Tensor(), torch.ones(2, 2), torch.Tensor(), torch.ones(2, 1)}, -1):size():totable())
    assert.equal(0, torch.cat(torch.Tensor(), torch.Tensor()):dim())
  end)

  it('keeps the memory of its result', function()
    local r = torch.Tensor(5):fill(9)
    local storage = r:storage()
    assert.equal(r, torch.cat(r, {torch.Tensor {1}, torch.Tensor {2}}))
    assert.same({1, 2, 9, 9, 9}, storage:totable())
    local a = torch.Tensor {1, 2}
    torch.cat(a, a, a)
    assert.same({1, 2, 1, 2}, torch.totable(a))
  end)

  it('says what does not fit', function()
    fails('torch.cat: inconsistent tensor sizes: %[2 x 2%] and %[3 x 3%], joined along dimension 1', torch.cat, torch.ones(2, 2),
      torch.ones(3, 3), 1)
    fails('torch.cat: element 2 is not a torch.DoubleTensor', torch.cat, {torch.ones(2), torch.FloatTensor(2)})
    fails('table of tensors expected', torch.cat, {})
  end)
end)

describe('what functions of places return', function()
  local t
  before_each(function() t = torch.Tensor {{1, 2}, {3, 4}} end)

  it('is what Torch leaves: the last argument, unless a result is made', function()
    local places, source, mask = torch.LongTensor {2}, torch.Tensor {{7, 8}}, torch.ByteTensor {{0, 1}, {1, 0}}
    assert.equal(source, t:indexCopy(1, places, source))
    assert.equal(source, t:indexAdd(1, places, source))
    assert.equal(5, t:indexFill(1, places, 5))
    assert.equal(6, t:maskedFill(mask, 6))
    assert.equal(t, t:maskedCopy(mask, torch.Tensor {8, 9}))
    local r = torch.Tensor()
    assert.equal(places, r:index(t, 1, places))
    assert.equal(mask, r:maskedSelect(t, mask))
    assert.same({8, 9}, torch.totable(r))
    assert.same({8, 9}, torch.totable(t:maskedSelect(mask)))
    assert.equal(t, t:scatter(1, torch.LongTensor {{1, 1}}, 0))
    for _, name in ipairs {'index', 'maskedSelect', 'maskedFill', 'narrow', 'select', 'size', 'resize', 'copy'} do
      assert.is_nil(torch[name], name) -- methods alone
    end
  end)
end)
