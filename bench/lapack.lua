-- Linear algebra beside the same LAPACK called directly by LuaJIT's FFI, in one run: tools/lua jit bench/lapack.lua [n ...]
-- The direct call copies its matrix, as everybody has to who needs it afterwards, and has asked for its workspace before. Both sides take
-- turns; each line is the median of the quotients of two calls next to each other, and the best time of each side.
-- OPENBLAS_NUM_THREADS=1 keeps the number of threads out of it.
local torch = require 'parallel.tensor'
local ffi = require 'ffi'

ffi.cdef [[
  void dgesv_(const int *, const int *, double *, const int *, int *, double *, const int *, int *);
  void dgels_(const char *, const int *, const int *, const int *, double *, const int *, double *, const int *, double *, const int *,
              int *);
  void dsyev_(const char *, const char *, const int *, double *, const int *, double *, double *, const int *, int *);
  void dgeev_(const char *, const char *, const int *, double *, const int *, double *, double *, double *, const int *, double *,
              const int *, double *, const int *, int *);
  void dgesvd_(const char *, const char *, const int *, const int *, double *, const int *, double *, double *, const int *, double *,
               const int *, double *, const int *, int *);
  void dgetrf_(const int *, const int *, double *, const int *, int *, int *);
  void dgetri_(const int *, double *, const int *, const int *, double *, const int *, int *);
  void dpotrf_(const char *, const int *, double *, const int *, int *);
  void dpotri_(const char *, const int *, double *, const int *, int *);
  void dpotrs_(const char *, const int *, const int *, double *, const int *, double *, const int *, int *);
  void dgeqrf_(const int *, const int *, double *, const int *, double *, double *, const int *, int *);
  void dorgqr_(const int *, const int *, const int *, double *, const int *, double *, double *, const int *, int *);
]]

torch.inverse(torch.eye(2)) -- finds the library
local big = torch.ones(64, 64)
torch.mm(big, big)
local lapack = ffi.load(torch.blas() or 'libopenblas.so.0')

local ROUNDS_SECONDS = 0.6

local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')

io.stdout:setvbuf "line"

local function compare(name, n, ours, direct)
  local quotients, best_ours, best_direct = {}, math.huge, math.huge
  ours()
  direct()
  local began = torch.tic()
  repeat
    local t0 = torch.tic()
    ours()
    local t1 = torch.tic()
    direct()
    local t2 = torch.tic()
    quotients[#quotients + 1] = (t1 - t0) / (t2 - t1)
    best_ours, best_direct = math.min(best_ours, t1 - t0), math.min(best_direct, t2 - t1)
  until #quotients >= 5 and torch.toc(began) > ROUNDS_SECONDS
  print(('%-9s %5d  %9.1f us  direct %9.1f us  %.2f x'):format(name, n, best_ours * 1e6, best_direct * 1e6, median(quotients)))
end

local function int(value) return ffi.new('int[1]', value) end
local function doubles(n) return ffi.new('double[?]', n) end

local function run(n)
  torch.manualSeed(n)
  local a = torch.randn(n, n) + torch.eye(n) * n
  local s = torch.mm(a, a:t())
  local b = torch.randn(n, 1)
  local N, one, info, minus, LWORK = int(n), int(1), int(0), int(-1), int(0)
  local work, copy, other = doubles(n * 200 + 4096), doubles(n * n), doubles(n * n)
  local values, more, pivots = doubles(n), doubles(n), ffi.new('int[?]', n)
  local bytes, column = n * n * 8, doubles(n)
  local function take(m) ffi.copy(copy, m:data(), bytes) end
  -- Asks how much room a routine wants, and gets it.
  local function room(ask)
    ask(minus)
    LWORK[0] = math.max(1, work[0])
    if LWORK[0] > n * 200 + 4096 then work = doubles(LWORK[0]) end
    return int(LWORK[0])
  end

  local x, lu, r1, r2, r3 = torch.Tensor(n, 1), torch.Tensor(n, n), torch.Tensor(n, n), torch.Tensor(n), torch.Tensor(n, n)
  compare('gesv', n, function() torch.gesv(x, lu, b, a) end, function()
    take(a)
    ffi.copy(column, b:data(), n * 8)
    lapack.dgesv_(N, one, copy, N, pivots, column, N, info)
  end)
  local l = room(function(k) lapack.dgels_('N', N, N, one, copy, N, column, N, work, k, info) end)
  compare('gels', n, function() torch.gels(x, lu, b, a) end, function()
    take(a)
    ffi.copy(column, b:data(), n * 8)
    lapack.dgels_('N', N, N, one, copy, N, column, N, work, l, info)
  end)
  local l2 = room(function(k) lapack.dgetri_(N, copy, N, pivots, work, k, info) end)
  compare('inverse', n, function() torch.inverse(r1, a) end, function()
    take(a)
    lapack.dgetrf_(N, N, copy, N, pivots, info)
    lapack.dgetri_(N, copy, N, pivots, work, l2, info)
  end)
  compare('potrf', n, function() torch.potrf(r1, s) end, function()
    take(s)
    lapack.dpotrf_('U', N, copy, N, info)
  end)
  local factor = torch.potrf(s)
  local dense = factor:t():clone()
  compare('potri', n, function() torch.potri(r1, factor) end, function()
    take(dense)
    lapack.dpotri_('U', N, copy, N, info)
  end)
  compare('potrs', n, function() torch.potrs(x, b, factor) end, function()
    take(dense)
    ffi.copy(column, b:data(), n * 8)
    lapack.dpotrs_('U', N, one, copy, N, column, N, info)
  end)
  local l3 = room(function(k) lapack.dsyev_('V', 'U', N, copy, N, values, work, k, info) end)
  compare('symeig', n, function() torch.symeig(r2, r1, s, 'V') end, function()
    take(s)
    lapack.dsyev_('V', 'U', N, copy, N, values, work, l3, info)
  end)
  local l4 = room(function(k) lapack.dgeev_('N', 'V', N, copy, N, values, more, nil, one, other, N, work, k, info) end)
  local pairs_of = torch.Tensor(n, 2)
  compare('eig', n, function() torch.eig(pairs_of, r1, a, 'V') end, function()
    take(a)
    lapack.dgeev_('N', 'V', N, copy, N, values, more, nil, one, other, N, work, l4, info)
  end)
  local third = doubles(n * n)
  local l5 = room(function(k) lapack.dgesvd_('S', 'S', N, N, copy, N, values, other, N, third, N, work, k, info) end)
  compare('svd', n, function() torch.svd(r1, r2, r3, a) end, function()
    take(a)
    lapack.dgesvd_('S', 'S', N, N, copy, N, values, other, N, third, N, work, l5, info)
  end)
  local l6 = room(function(k) lapack.dgeqrf_(N, N, copy, N, values, work, k, info) end)
  compare('qr', n, function() torch.qr(r1, r3, a) end, function()
    take(a)
    lapack.dgeqrf_(N, N, copy, N, values, work, l6, info)
    ffi.copy(other, copy, bytes) -- R has to be kept
    lapack.dorgqr_(N, N, N, copy, N, values, work, l6, info)
  end)
end

local sizes = {}
for i = 1, #arg do sizes[i] = tonumber(arg[i]) end
for _, n in ipairs(#sizes > 0 and sizes or {100, 400}) do run(n) end
