-- Values through parallel.encode and parallel.decode in one process: everything comes out as it went in.
local core = require 'parallel.core'
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'codec.support'
local same = support.same
local encode, decode = core.encode, core.decode
local math_type = math.type or function() return 'number' end

local function back(value, options) return decode(encode(value), options) end

describe('encode and decode', function()
  it('keep every kind of number', function()
    local huge = math.huge
    for _, n in ipairs {0, 1, -1, -16, -17, 63, 64, 127, 128, -128, -129, 32767, 32768, -32768, -32769, 2 ^ 31 - 1,
                        2 ^ 31, -2 ^ 31, -2 ^ 31 - 1, 2 ^ 53, -2 ^ 53, 2 ^ 53 + 2, 2 ^ 63, -2 ^ 63, 2 ^ 64, 1e308, 5e-324,
                        0.1, -0.5, huge, -huge} do
      local r = back(n)
      assert.are.equal(n, r)
      assert.are.equal(math_type(n), math_type(r))
    end
    local zero = 0.0 -- 5.1 takes the literal -0.0 for the constant 0
    assert.are.equal(-huge, 1 / back(-zero))
    assert.are.equal(-huge, 1 / back {-zero, -zero, -zero, -zero, -zero}[5])
    local nan = back(0 / 0)
    assert.is_true(nan ~= nan)
  end)

  it('keep what is at the edge of something', function()
    for name, value in pairs(support.edges()) do
      local r = back(value)
      assert.is_true(same(value, r), name)
      assert.are.equal(support.describe(value, true), support.describe(r, true), name)
    end
    local wide = support.wide_integers()
    assert.are.equal(support.describe(wide, true), support.describe(back(wide), true))
  end)

  it('keep integers and floats apart where Lua does', function()
    if not math.type then return end
    for _, n in ipairs {math.maxinteger, math.mininteger, math.maxinteger - 1, 1, 0} do
      assert.are.equal('integer', math.type(back(n)))
      assert.are.equal(n, back(n))
    end
    for _, n in ipairs {1.0, 0.0, 2.0 ^ 53, 1e15} do assert.are.equal('float', math.type(back(n))) end
    local mixed = back {1, 2, 3, 4, 5, 1.0, 2.0, 3.0, 4.0, 5.0, 6, 7.5}
    for i = 1, 5 do assert.are.equal('integer', math.type(mixed[i])) end
    for i = 6, 10 do assert.are.equal('float', math.type(mixed[i])) end
    assert.are.equal('integer', math.type(mixed[11]))
  end)

  it('keep strings of any length and any bytes', function()
    for _, n in ipairs {0, 1, 2, 31, 32, 255, 256, 257, 65535, 65536, 1000000} do
      local s = ('a\0\255\r\n'):rep(math.ceil(n / 5)):sub(1, n)
      assert.is_true(back(s) == s)
      local t = back {s, s, s, {s}}
      assert.is_true(t[1] == s and t[2] == s and t[3] == s and t[4][1] == s)
    end
  end)

  it('keep nil, booleans and the empty table', function()
    assert.is_nil(back(nil))
    assert.is_true(back(true))
    assert.is_false(back(false))
    assert.is_nil(next(back {}))
  end)

  it('keep holes, odd keys and mixed tables', function()
    local cases = {
      {1, nil, 3}, {nil, 2}, {1, nil, nil, 4, x = 5}, {[0] = 1, [-1] = 2, [2] = 3}, {[1.5] = 1, [true] = 2, [false] = 3},
      {[''] = 1, ['1'] = 2, 3}, {1, 2, 3, ['2'] = 'x', [4.5] = 'y'}, {[2 ^ 53] = 1, [-2 ^ 53] = 2, [1e300] = 3},
      {[math.huge] = 1, [-math.huge] = 2}, {[1000000] = 1}, {false, false}, {{}, {{}}, {{{}}}},
    }
    for i = 1, 50 do cases[#cases + 1] = {i, [i + 1] = i, ['k' .. i] = i, [i * 7] = i} end
    for _, t in ipairs(cases) do assert.is_true(same(t, back(t))) end
  end)

  it('find elements wherever the table keeps them', function()
    local t = {x = 1, y = 2, z = 3} -- elements that go into the hash part
    for i = 1, 4 do t[i] = i end
    assert.is_true(same(t, back(t)))
    for seed = 1, 3000 do
      math.randomseed(seed)
      local u = {}
      for j = 1, math.random(1, 30) do
        local kind = math.random(1, 5)
        if kind == 1 then u[math.random(1, 20)] = j
        elseif kind == 2 then u['k' .. math.random(1, 9)] = j
        elseif kind == 3 then u[#u + 1] = j
        elseif kind == 4 then u[tostring(math.random(1, 9))] = j
        else u[math.random(1, 20)] = nil end
      end
      assert.is_true(same(u, back(u)))
    end
  end)

  it('keep sharing and cycles', function()
    local shared, t = {}, {}
    t.self, t.list, t[shared], t.shared = t, {t, shared, shared}, 'key', shared
    local r = back(t)
    assert.are.equal(r, r.self)
    assert.are.equal(r, r.list[1])
    assert.are.equal(r.list[2], r.list[3])
    assert.are.equal(r.shared, r.list[2])
    assert.are.equal('key', r[r.shared])
  end)

  it('nest a million tables, as values and as keys', function()
    local function depth(t, step)
      local n = 0
      while true do
        t = step(t)
        if not t then return n end
        n = n + 1
      end
    end
    local chain = {}
    local inner
    inner = chain
    for _ = 1, 1e6 do inner.n = {}; inner = inner.n end
    assert.are.equal(1e6, depth(back(chain), function(t) return t.n end))
    chain = {}
    inner = chain
    for _ = 1, 1e6 do inner[1] = {}; inner = inner[1] end
    assert.are.equal(1e6, depth(back(chain), function(t) return t[1] end))
    chain = {}
    for i = 1, 1e6 do chain = {[chain] = i} end
    assert.are.equal(1e6, depth(back(chain), next))
  end)

  it('carry large tables', function()
    local t = {}
    for i = 1, 1e6 do t[i] = i % 1000 == 0 and tostring(i) or i end
    for i = 1, 1e5 do t['key' .. i] = i end
    assert.is_true(same(t, back(t)))
  end)
end)

describe('refusals', function()
  local function refused(value)
    local ok, message = pcall(encode, value)
    assert.is_false(ok)
    return message
  end

  it('name the path and what was found there', function()
    local co = coroutine.create(function() end)
    assert.are.equal('value.users[3].sock: cannot send a coroutine', refused {users = {1, 2, {sock = co}}})
    assert.are.equal('value["a b"][true][2.5]: cannot send a coroutine', refused {['a b'] = {[true] = {[2.5] = co}}})
    assert.truthy(refused {f = io.tmpfile()}:find('value.f: cannot send a userdata (FILE*)', 1, true))
    assert.truthy(refused {string.gmatch('a', 'b')}:find('value[1]: cannot send a C function', 1, true))
    assert.truthy(refused {[{co}] = 1}:find('value<a key>[1]', 1, true))
    assert.truthy(refused(function() return co end):find('value<upvalue co>: cannot send a coroutine', 1, true))
    assert.truthy(refused(setmetatable({}, {__index = {co}})):find('value<metatable>.__index[1]', 1, true))
  end)

  it('shorten a very long path', function()
    local t = {coroutine.create(function() end)}
    for _ = 1, 1e5 do t = {t} end
    local message = refused(t)
    assert.truthy(#message < 300 and message:find('more)...', 1, true))
  end)

  it('leave the codec as it was', function()
    for _ = 1, 100 do
      refused {1, {2, {coroutine.create(function() end)}}}
      assert.are.equal(3, back {1, 2, 3}[3])
    end
  end)

  it('of bytes that are no message', function()
    for _, s in ipairs {'', 'x', '\178', '\178\0\0\1', '\178\0\0\1\1\1', ('\255'):rep(100), encode {1, 2, 3}:sub(1, -2)} do
      local ok, message = pcall(decode, s)
      assert.is_false(ok)
      assert.truthy(message:find 'corrupt')
    end
    assert.is_false(pcall(decode))
    assert.is_false(pcall(decode, {}))
    assert.is_false(pcall(encode))
  end)
end)
