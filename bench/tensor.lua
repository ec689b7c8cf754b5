-- Tensors beside NumPy, in one run: tools/lua jit bench/tensor.lua [rounds]
-- Both sides use one thread; rounds alternate, each figure is the best of all. Prints a table and writes
-- bench/tensor.tsv.
-- OPENBLAS_NUM_THREADS=1 must be set for ours; NumPy's side gets it here.
local torch = require 'parallel.tensor'
local rounds = tonumber(arg and arg[1]) or 3
local folder = arg[0]:match('^(.*)/') or '.'
local python = os.getenv('PYTHON') or '/usr/bin/python3'

local n = 1000000
torch.manualSeed(1)
local x, y, r = torch.randn(n), torch.randn(n), torch.Tensor(n)
local xf, yf, rf = x:float(), y:float(), torch.FloatTensor(n)
local a, b, c = torch.randn(1000, 1000), torch.randn(1000, 1000), torch.Tensor(1000, 1000)
local short, random = x:narrow(1, 1, 100000), torch.Tensor(100000)
local sorted, places = torch.Tensor(100000), torch.LongTensor(100000)
local sums = torch.Tensor(1000, 1)
local v, t = torch.randn(100), torch.randn(100, 100)

local order, ours, theirs = {}, {}, {}

local function note(into, name, ns)
  if into == ours and not ours[name] then
    order[#order + 1] = name
  end
  into[name] = math.min(into[name] or math.huge, ns)
end

local function measure(name, f, times)
  f()
  for _ = 1, times do
    local start = torch.tic()
    f()
    note(ours, name, torch.toc(start) * 1e9)
  end
end

local function loop(name, f, count)
  for _ = 1, 3 do
    local start = torch.tic()
    f(count)
    note(ours, name, torch.toc(start) / count * 1e9)
  end
end

-- CBLAS called as directly as can be, where LuaJIT's FFI is there to do it.
local function direct_blas()
  local good, ffi = pcall(require, 'ffi')
  if not good then
    return
  end
  ffi.cdef [[
    void cblas_dgemm(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *, int);
  ]]
  local found, blas = pcall(ffi.load, torch.blas() or 'openblas')
  if found then
    measure('mm 1000, direct CBLAS', function()
      blas.cblas_dgemm(101, 111, 111, 1000, 1000, 1000, 1, a:data(), 1000, b:data(), 1000, 0, c:data(), 1000)
    end, 5)
  end
end

local function round_of_ours()
  measure('add', function() torch.add(r, x, y) end, 40)
  measure('add scalar', function() torch.add(r, x, 2.5) end, 40)
  measure('cmul', function() torch.cmul(r, x, y) end, 40)
  measure('cdiv', function() torch.cdiv(r, x, y) end, 40)
  measure('sum', function() return x:sum() end, 40)
  measure('exp', function() torch.exp(r, x) end, 40)
  measure('sqrt', function() torch.sqrt(r, torch.abs(r, x)) end, 20)
  measure('max', function() return x:max() end, 40)
  measure('dot', function() return x:dot(y) end, 40)
  measure('float add', function() torch.add(rf, xf, yf) end, 40)
  measure('float exp', function() torch.exp(rf, xf) end, 40)
  measure('sum rows', function() torch.sum(sums, a, 2) end, 20)
  measure('sum columns', function() torch.sum(sums, a, 1) end, 20)
  measure('copy transposed', function() c:copy(a:t()) end, 10)
  measure('sort 100000', function() torch.sort(sorted, places, short) end, 3)
  measure('randn 100000', function() random:normal() end, 5)
  measure('mm 1000', function() torch.mm(c, a, b) end, 5)
  direct_blas()
  loop('v[i]', function(count)
    local s = 0
    for i = 0, count - 1 do
      s = s + v[i % 100 + 1]
    end
    return s
  end, 1000000)
  loop('v[i] = x', function(count)
    for i = 0, count - 1 do
      v[i % 100 + 1] = i
    end
  end, 1000000)
  loop('t[i][j]', function(count)
    local s = 0
    for i = 0, count - 1 do
      s = s + t[i % 100 + 1][i % 100 + 1]
    end
    return s
  end, 300000)
end

local function round_of_numpy()
  local command = ('OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 %s %s/tensor_numpy.py 2>&1'):format(python, folder)
  local pipe = io.popen(command)
  for line in pipe:lines() do
    local name, ns = line:match('^(.-)\t([%d.]+)$')
    if name then
      note(theirs, name, tonumber(ns))
    end
  end
  pipe:close()
end

for _ = 1, rounds do
  round_of_ours()
  round_of_numpy()
end
-- NumPy's product is no bar for the direct call; ours is.
theirs['mm 1000, direct CBLAS'] = ours['mm 1000']

local file = assert(io.open(folder .. '/tensor.tsv', 'w'))
file:write('what\tours_ns\tnumpy_ns\tnumpy_over_ours\n')
local function text(format, number)
  return number and format:format(number) or '-'
end

local title = '%-24s %14s %14s %10s   (%s)'
print(title:format('10^6 doubles unless said', 'ours ns', 'NumPy ns', 'times', jit and jit.version or _VERSION))
for _, name in ipairs(order) do
  local mine, other = ours[name], theirs[name]
  local ratio = other and other / mine
  print(('%-24s %14.1f %14s %10s'):format(name, mine, text('%.1f', other), text('%.2f', ratio)))
  file:write(('%s\t%.1f\t%s\t%s\n'):format(name, mine, text('%.1f', other), text('%.3f', ratio)))
end
file:close()
