-- Linear systems and decompositions: what they give satisfies what they are for, for both types, any shape and any memory.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local torch = require 'parallel.tensor'

local function fails(pattern, f, ...)
  local good, message = pcall(f, ...)
  assert.is_false(good)
  assert.truthy(tostring(message):find(pattern), message)
end

-- Is there a LAPACK at all? Where there is none each call says so, and the rest cannot be tested.
local there, why = pcall(torch.inverse, torch.eye(2))
if not there then
  describe('LAPACK', function()
    it('is missed with an advice', function() assert.truthy(why:find('install OpenBLAS', 1, true), why) end)
  end)
  return
end

local tolerance = {Float = 2e-3, Double = 1e-9}
local type_name

local function near(a, b)
  assert.same(b:size():totable(), a:size():totable())
  local difference = torch.max(torch.abs(a:double() - b:double()))
  assert.is_true(difference < tolerance[type_name], ('%g'):format(difference))
end

local function random(rows, columns) return torch.randn(rows, columns):type('torch.' .. type_name .. 'Tensor') end
local function eye(n) return torch.eye(n):type('torch.' .. type_name .. 'Tensor') end
local function positive(n)
  local a = random(n, n)
  return a * a:t() + eye(n) * n
end

-- The same matrix in several places: dense, transposed, a part of a larger one.
local function places(a)
  local wide = torch.Tensor(a:size(1) + 2, a:size(2) + 3):type(a:type()):fill(7)
  local part = wide:narrow(1, 2, a:size(1)):narrow(2, 3, a:size(2)):copy(a)
  return {a, a:t():clone():t(), part}
end

for _, name in ipairs {'Double', 'Float'} do
  describe(name .. ' matrices:', function()
    setup(function()
      torch.manualSeed(7)
      type_name = name
    end)

    it('gesv solves', function()
      for _, n in ipairs {1, 2, 5, 40} do
        local a, b = random(n, n) + eye(n) * n, random(n, 3)
        for _, place in ipairs(places(a)) do
          local before = place:clone()
          local x, lu = torch.gesv(b, place)
          near(a * x, b)
          near(place, before)
          assert.same({1, n}, x:stride():totable())
          assert.same({n, n}, lu:size():totable())
        end
        local vector = torch.gesv(b:select(2, 1), a)
        near(a * vector, b:narrow(2, 1, 1))
      end
    end)

    it('gels finds least squares', function()
      local a, b = random(12, 4), random(12, 2)
      local x, factors = torch.gels(b, a)
      near(a:t() * (a * x - b), (a:t() * b) * 0) -- what is left is at right angles to the columns
      assert.same({12, 4}, factors:size():totable())
      local wide = random(3, 8)
      near(wide * torch.gels(random(3, 1):fill(1), wide), random(3, 1):fill(1))
    end)

    it('trtrs solves triangles', function()
      local a, b = torch.triu(random(6, 6)) + eye(6) * 6, random(6, 2)
      near(a * torch.trtrs(b, a), b)
      near(a:t() * torch.trtrs(b, a, 'U', 'T'), b)
      near(a:t() * torch.trtrs(b, a:t(), 'L'), b)
      local ones = a:clone()
      for i = 1, 6 do ones[i][i] = 1 end
      near(ones * torch.trtrs(b, a, 'N' == 'N' and 'U', 'N', 'U'), b)
      fails('A%(1,1%) is zero, singular A', torch.trtrs, b, a * 0)
    end)

    it('inverse inverts', function()
      for _, n in ipairs {1, 3, 20, 70} do
        local a = random(n, n) + eye(n) * n
        for _, place in ipairs(places(a)) do near(torch.inverse(place) * a, eye(n)) end
        local itself = a:clone()
        assert.equal(itself, torch.inverse(itself, itself))
        near(itself * a, eye(n))
      end
    end)

    it('potrf reads one half only, of matrices of any size and strides', function()
      for _, n in ipairs {1, 2, 63, 64, 65, 150} do
        local a, below = positive(n), torch.tril(torch.ones(n, n), -1):byte()
        local upper, lower = a:clone(), a:clone()
        upper:maskedFill(below, 0 / 0)
        lower:maskedFill(below:t():contiguous(), 0 / 0)
        local u, l = torch.potrf(upper), torch.potrf(lower, 'L')
        near(u:t() * u, a)
        near(l * l:t(), a)
        near(u, torch.potrf(upper:t():contiguous():t()))
        near(l, torch.potrf(l.new():resize(n, n), lower:t():clone():t(), 'L'))
        assert.equal(0, torch.tril(u, -1):abs():sum() + torch.triu(l, 1):abs():sum())
      end
    end)
    it('potrf, potri, potrs and pstrf take positive definite ones apart', function()
      for _, n in ipairs {1, 4, 33} do
        local a, b = positive(n), random(n, 2)
        local u, l = torch.potrf(a), torch.potrf(a, 'L')
        near(u:t() * u, a)
        near(l * l:t(), a)
        near(torch.triu(u), u)
        near(torch.tril(l), l)
        near(torch.potri(u) * a, eye(n))
        near(torch.potri(l, 'L') * a, eye(n))
        near(a * torch.potrs(b, u), b)
        near(a * torch.potrs(b, l, 'L'), b)
        local factor, pivots = torch.pstrf(a)
        assert.equal('torch.IntTensor', pivots:type())
        local shuffled = a:index(1, pivots:long()):index(2, pivots:long())
        near(factor:t() * factor, shuffled)
      end
      fails('the leading minor of order 2 is not positive definite', torch.potrf, random(2, 2):fill(1) - eye(2) * 2 + eye(2) * 1.5)
    end)

    it('symeig and eig find eigenvalues', function()
      local a = positive(9)
      local values, vectors = torch.symeig(a, 'V')
      near(a * vectors, vectors * torch.diag(values))
      near(vectors:t() * vectors, eye(9))
      near(torch.symeig(a, 'V', 'L'), values)
      near(torch.symeig(a), values)
      local both = torch.eig(a)
      near(torch.sort(both:select(2, 1)), values)
      local general = random(7, 7)
      local parts, columns = torch.eig(general, 'V')
      for i = 1, 7 do
        if parts[i][2] == 0 then -- a real one
          local v = columns:narrow(2, i, 1)
          near(general * v, v * parts[i][1])
        end
      end
      assert.equal(0, select(2, torch.eig(general)):dim())
    end)

    it('svd gives singular values', function()
      for _, size in ipairs {{4, 4}, {7, 3}, {3, 7}, {1, 5}, {5, 1}} do
        local a = random(size[1], size[2])
        for _, place in ipairs(places(a)) do
          local u, s, v = torch.svd(place)
          near(u * torch.diag(s) * v:t(), a)
          assert.same({size[1], s:size(1)}, u:size():totable())
          assert.same({size[2], s:size(1)}, v:size():totable())
        end
        local u, _, v = torch.svd(a, 'A')
        near(u:t() * u, eye(size[1]))
        near(v:t() * v, eye(size[2]))
      end
    end)

    it('qr, geqrf, orgqr and ormqr give orthogonal ones', function()
      for _, size in ipairs {{5, 5}, {8, 3}, {3, 8}} do
        local a, k = random(size[1], size[2]), math.min(size[1], size[2])
        local q, r = torch.qr(a)
        near(q * r, a)
        near(q:t() * q, eye(k))
        near(torch.triu(r), r)
        local factors, tau = torch.geqrf(a)
        near(torch.orgqr(factors, tau), q)
        local c = random(size[1], 4)
        near(torch.ormqr(factors, tau, c, 'L', 'T'):narrow(1, 1, k), q:t() * c)
        near(torch.ormqr(factors, tau, torch.ormqr(factors, tau, c, 'L', 'T')), c)
        near(torch.ormqr(factors, tau, c:t():clone(), 'R'):narrow(2, 1, k), c:t() * q)
      end
    end)

    it('results go where they are wanted', function()
      local a, b = positive(5), random(5, 2)
      local wide = torch.Tensor(20, 20):type(a:type()):fill(3)
      for _, result in ipairs {torch.Tensor():type(a:type()), torch.Tensor(5, 5):type(a:type()), torch.Tensor(2, 2):type(a:type()),
                               torch.Tensor(5, 5):type(a:type()):t(), wide:narrow(1, 3, 5):narrow(2, 4, 5)} do
        assert.equal(result, torch.inverse(result, a))
        near(result * a, eye(5))
      end
      assert.equal(3 * (400 - 25), wide:sum() - wide:narrow(1, 3, 5):narrow(2, 4, 5):sum())
      local x, lu = torch.Tensor():type(a:type()), torch.Tensor():type(a:type())
      local got_x, got_lu = torch.gesv(x, lu, b, a)
      assert.is_true(got_x == x and got_lu == lu)
      near(a * x, b)
      local in_place = b:clone()
      torch.gesv(in_place, lu, in_place, a) -- the right side becomes the solution
      near(a * in_place, b)
      local memory = torch.Tensor(3, 5, 5):type(a:type())
      local values = torch.Tensor():type(a:type())
      torch.svd(memory[1], values, memory[3], a) -- two results in one storage
      near(memory[1] * torch.diag(values) * memory[3]:t(), a)
      torch.svd(memory[1], values, memory[1], a) -- the last one stays
      near(memory[1]:t() * memory[1], eye(5))
    end)

    it('what cannot be is an error with function and sizes', function()
      local a, b = random(2, 3), random(2, 1)
      fails('torch.inverse: A should be square, got %[2 x 3%]', torch.inverse, a)
      fails('torch.gesv: A should be square, got %[2 x 3%]', torch.gesv, b, a)
      fails('torch.gesv: A,B size incompatible %- A has 3 rows, B has 2', torch.gesv, b, eye(3))
      fails('torch.svd: A should be 2 dimensional, got %[2%]', torch.svd, random(2, 1):select(2, 1))
      fails('torch.svd: A should be 2 dimensional, got %[%]', torch.svd, torch.Tensor():type(a:type()))
      fails('U%(2,2%) is zero, singular U', torch.gesv, b, random(2, 2):fill(1))
      fails('U%(1,1%) is 0, U is singular', torch.inverse, eye(2) * 0)
      fails('invalid arguments: .*Tensor string', torch.svd, a, 'X')
      fails('expected arguments of symeig: %*Tensor%* %*Tensor%* Tensor %[N|V%] %[U|L%] | Tensor', torch.symeig, a, 5)
      fails('torch.ormqr: size mismatch, Q: %[4 x 2%], C: %[3 x 2%]', torch.ormqr, random(4, 2), random(2, 1):select(2, 1), random(3, 2))
      fails('torch.LongTensor does not implement the torch.inverse', torch.inverse, torch.LongTensor(2, 2))
      assert.is_nil(a.inverse) -- as in Torch these are functions alone
    end)

    it('infinities neither hang nor crash', function()
      for _, bad in ipairs {1 / 0, -1 / 0, 0 / 0} do
        for _, n in ipairs {2, 5, 30} do
          local a = random(n, n)
          a[n][1] = bad
          for _, f in ipairs {'inverse', 'symeig', 'eig', 'svd', 'qr', 'potrf', 'potri', 'geqrf', 'pstrf'} do pcall(torch[f], a) end
          pcall(torch.symeig, a, 'V')
          for _, f in ipairs {'gesv', 'gels', 'trtrs', 'potrs'} do pcall(torch[f], random(n, 2), a) end
          fails('A has elements that are %a+', torch.eig, a, 'V')
        end
      end
      fails('infinite', torch.svd, random(3, 3):fill(1 / 0))
    end)
  end)
end

describe('without LAPACK', function()
  it('an error says what to install', function()
    local out, status = support.script([[
      local torch = require 'parallel.tensor'
      print(pcall(torch.inverse, torch.eye(3)))
      print(torch.mm(torch.ones(40, 40), torch.ones(40, 40)):sum())
    ]], {env = 'PARALLEL_BLAS=none'})
    assert.equal(0, status, out)
    assert.matches('false\t.*no LAPACK here that has getrf: install OpenBLAS %(Debian: libopenblas0%)', out)
    assert.matches('64000', out)
  end)
end)
