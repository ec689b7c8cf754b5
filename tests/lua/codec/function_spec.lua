-- Functions, library things, metatables and registered types through encode and decode.
local core = require 'parallel.core'
local encode, decode = core.encode, core.decode

local function back(value) return decode(encode(value), {functions = true}) end
local has_join = debug.upvaluejoin ~= nil

describe('functions', function()
  it('keep code, upvalues and line numbers', function()
    local a, b, c = 1, 'two', {3}
    local f = back(function(x) return a, b, c[1], x end)
    assert.are.same({1, 'two', 3, 4}, {f(4)})
    local g = back(function() error 'here' end)
    local _, message = pcall(g)
    assert.truthy(message:find('function_spec.lua:13', 1, true))
  end)

  it('may be recursive and refer to what holds them', function()
    local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
    assert.are.equal(610, back(fib)(15))
    local t = {}
    function t.get() return t end
    local r = back(t)
    assert.are.equal(r, r.get())
  end)

  it('share upvalues among the closures of one message', function()
    local n = 0
    local function inc() n = n + 1 end
    local function get() return n end
    local r = back {inc, get}
    r[1]()
    r[1]()
    assert.are.equal(has_join and 2 or 0, r[2]())
    assert.are.equal(0, n)
  end)

  it('use the globals of the receiver', function()
    _G.codec_spec_global = 'mine'
    assert.are.equal('mine', back(function() return codec_spec_global end)()) -- luacheck: ignore
    _G.codec_spec_global = nil
    assert.are.equal(_G, back(_G))
    local G = _G
    assert.are.equal(_G, back(function() return G end)())
  end)

  it('keep an environment of their own', function()
    local env = {x = 5}
    local f
    if setfenv then f = setfenv(function() return x end, env) -- luacheck: ignore
    else f = load('return x', 'f', 't', env) end
    assert.are.equal(5, back(f)())
  end)

  it('are refused in data', function()
    for _, v in ipairs {function() end, print, {math}, {{_G}}} do
      local ok, message = pcall(decode, encode(v))
      assert.is_false(ok)
      assert.truthy(message:find('functions = true', 1, true))
    end
    assert.is_false(pcall(encode, {function() end}, {functions = false}))
    assert.is_false(pcall(encode, {print}, {functions = false}))
  end)
end)

describe('library things', function()
  it('are found by name', function()
    for _, v in ipairs {print, string.format, math, math.sin, table.concat, coroutine, os.time, core, core.encode} do
      assert.are.equal(v, back(v))
      assert.are.equal(v, back {x = {v}}.x[1])
      assert.are.equal(v, back(function() return v end)())
    end
    local t = back {math, {math, math.sin}, math}
    assert.are.equal(math, t[1])
    assert.are.equal(math, t[2][1])
  end)

  it('come from modules that are loaded on demand', function()
    local path = os.tmpname()
    local dir, name = path:match '^(.*)/([^/]*)$'
    name = name:gsub('%W', '_') .. '_module'
    local file = dir .. '/' .. name .. '.lua'
    local handle = assert(io.open(file, 'w'))
    handle:write([[local M = {count = 0} function M.new() return setmetatable({}, M.Class) end M.Class = ]] ..
      [[{__index = {n = function() return 7 end}} return M]])
    handle:close()
    local saved = package.path
    package.path = dir .. '/?.lua;' .. saved
    local M = require(name)
    local object = M.new()
    local r = back {M, object}
    assert.are.equal(M, r[1])
    assert.are.equal(M.Class, getmetatable(r[2]))
    local bytes = encode {M, object}
    package.loaded[name] = nil
    r = decode(bytes, {functions = true})
    assert.are_not.equal(M, r[1])
    assert.are.equal(require(name), r[1])
    assert.are.equal(7, r[2].n())
    package.loaded[name] = nil
    package.path = saved
    local ok, message = pcall(decode, bytes, {functions = true})
    assert.is_false(ok)
    assert.truthy(message:find(name, 1, true) and message:find('cannot be loaded', 1, true))
    os.remove(file)
    os.remove(path)
  end)

  it('may hold what cannot travel by itself, before any function too', function()
    local M = {coroutine.create(function() end), f = print}
    package.loaded.codec_spec_held = M
    assert.are.equal(M, back(M))
    assert.are.equal(M, back {x = {M}}.x[1])
    package.loaded.codec_spec_held = nil
    assert.is_false(pcall(encode, M))
  end)

  it('are modules of functions; modules of data travel as data', function()
    package.loaded.codec_spec_data = {limit = 5}
    local r = back(package.loaded.codec_spec_data)
    assert.are_not.equal(package.loaded.codec_spec_data, r)
    assert.are.equal(5, r.limit)
    package.loaded.codec_spec_data = nil
  end)
end)

describe('metatables', function()
  it('travel along, once for all that share one', function()
    local Class = {}
    Class.__index = Class
    function Class.area(self) return self.w * self.h end
    local r = back {setmetatable({w = 2, h = 3}, Class), setmetatable({w = 4, h = 5}, Class)}
    assert.are.equal(6, r[1]:area())
    assert.are.equal(20, r[2]:area())
    assert.are.equal(getmetatable(r[1]), getmetatable(r[2]))
    local weak = back(setmetatable({}, {__mode = 'k'}))
    assert.are.equal('k', getmetatable(weak).__mode)
    local own = {}
    setmetatable(own, own)
    local s = back(own)
    assert.are.equal(s, getmetatable(s))
  end)

  it('are found by a registered name', function()
    local Point = {__index = {norm = function(p) return p.x end}}
    core.register('codec_spec.Point', {metatable = Point})
    local p = setmetatable({x = 3}, Point)
    local r = decode(encode {p, p, {q = p}}) -- no functions needed
    assert.are.equal(Point, getmetatable(r[1]))
    assert.are.equal(r[1], r[3].q)
    assert.are.equal(3, r[2]:norm())
  end)

  it('of classes in the registry are found both ways', function()
    local Thing = {}
    local registry = debug.getregistry()
    registry['codec_spec.Thing'], registry[Thing] = Thing, 'codec_spec.Thing'
    local r = decode(encode(setmetatable({1}, Thing)))
    assert.are.equal(Thing, getmetatable(r))
    registry['codec_spec.Thing'], registry[Thing] = nil, nil
    local bytes = encode {setmetatable({1}, {__name = 'no such type'})}
    assert.are.equal('no such type', getmetatable(decode(bytes)[1]).__name)
  end)
end)

describe('register', function()
  it('teaches userdata', function()
    core.register('FILE*', {
      encode = function(f) f:seek 'set'; return f:read '*a', nil, {'extra'} end,
      decode = function(text, none, extra)
        assert(none == nil and extra[1] == 'extra')
        local f = io.tmpfile()
        f:write(text)
        f:seek 'set'
        return f
      end})
    local f = io.tmpfile()
    f:write 'content'
    local r = back {f, {f}}
    assert.are.equal('content', r[1]:read '*a')
    assert.are.equal(r[1], r[2][1])
  end)

  it('lets hooks encode, decode and fail', function()
    local T = {}
    core.register('codec_spec.T', {metatable = T,
      encode = function(t) return encode(t.inner), t.again end,
      decode = function(s, again) return setmetatable({inner = decode(s), again = again}, T) end})
    local t = setmetatable({inner = {1, {2}}, again = setmetatable({inner = 5}, T)}, T)
    local r = back {t, t}
    assert.are.equal(2, r[1].inner[2][1])
    assert.are.equal(5, r[1].again.inner)
    assert.are.equal(r[1], r[2])
    local Bad = {}
    core.register('codec_spec.Bad', {metatable = Bad, encode = function() error {code = 7} end, decode = function() end})
    local ok, err = pcall(encode, {1, setmetatable({}, Bad)})
    assert.is_false(ok)
    assert.are.equal(7, err.code)
    assert.are.equal(5, back {5}[1])
  end)

  it('refuses objects that are inside their own encoding', function()
    local Own = {}
    core.register('codec_spec.Own', {metatable = Own, encode = function(t) return {t} end, decode = function(t) return t end})
    local ok, message = pcall(encode, setmetatable({}, Own))
    assert.is_false(ok)
    assert.truthy(message:find('its encode hook', 1, true) or message:find('encode hook returned the object', 1, true))
  end)

  it('checks its arguments', function()
    for _, spec in ipairs {{}, {encode = print}, {decode = print}, {encode = 1, decode = 2}, {metatable = 5}} do
      assert.is_false(pcall(core.register, 'codec_spec.X', spec))
    end
    assert.is_false(pcall(core.register, {}, {}))
    assert.is_false(pcall(core.register, 'x'))
  end)

  it('keeps what hooks return as long as it is needed', function()
    local V = {}
    core.register('codec_spec.V', {metatable = V, encode = function(v) collectgarbage(); return {v.n, tostring(v.n)} end,
      decode = function(t) collectgarbage(); return setmetatable({n = t[1], s = t[2]}, V) end})
    local list = {}
    for i = 1, 200 do list[i] = setmetatable({n = i}, V) end
    local r = back(list)
    for i = 1, 200 do assert.is_true(r[i].n == i and r[i].s == tostring(i)) end
  end)
end)

if jit then
  describe('cdata', function()
    local ffi = require 'ffi'
    ffi.cdef [[
      typedef struct codec_point { int x; double y[2]; struct { char c; float f; }; } codec_point;
      struct codec_pointer { int *p; };
      struct codec_outer { codec_point p; };
      union codec_union { double d; int64_t i; };
    ]]
    for _, name in ipairs{'float', 'double'} do
      local declaration = ([[
        typedef const NAME codec_const_NAME;
        typedef struct { int x; NAME y; } codec_place_NAME;
        typedef struct codec_floats_NAME {
          char tag;
          codec_place_NAME point;
          struct { int i; NAME value; } c;
          codec_place_NAME deep[2][3];
          struct { int : 3; int k : 5; NAME f; } inner;
          enum { codec_one_NAME } e;
          struct { NAME one; };
        } codec_floats_NAME;
      ]]):gsub('NAME', name)
      ffi.cdef(declaration)
    end

    it('of numbers travel by the name of their type', function()
      local big = ffi.new('int64_t', 2 ^ 60) + 1
      assert.is_true(back(big) == big)
      assert.is_true(back(ffi.cast('uint64_t', -1)) == ffi.cast('uint64_t', -1))
      assert.are.equal(2, back(ffi.new('complex', 1, 2)).im)
      local p = ffi.new('codec_point', {1, {2, 3}})
      p.f = 2.5
      local r = back {p, p, ffi.new('int[3]', 1, 2, 3), ffi.new('double[?]', 5, 1, 2, 3, 4, 5)}
      assert.is_true(r[1] == r[2])
      assert.are.same({1, 3, 2.5, 2, 5}, {r[1].x, r[1].y[1], r[1].f, r[3][1], r[4][4]})
      local outer = ffi.new 'struct codec_outer'
      outer.p.x = 7
      assert.are.equal(7, back(outer.p).x)
    end)

    it('hold numbers where their type says so, whatever the bits are', function()
      -- LuaJIT would take these bits for a string when they are read from a cdata as a float.
      local forged = {
        ['double'] = '\65\0\0\0\0\128\253\255', ['float'] = '\65\128\253\255',
      }
      local members = {
        function(v, x) if x then v.point.y = x end return v.point.y end,
        function(v, x) if x then v.c.value = x end return v.c.value end,
        function(v, x) if x then v.deep[1][2].y = x end return v.deep[1][2].y end,
        function(v, x) if x then v.inner.f = x end return v.inner.f end,
        function(v, x) if x then v.one = x end return v.one end,
      }
      local function sent(value, plain, bytes)
        local text, n = encode(value):gsub(plain:gsub('%W', '%%%0'), (bytes:gsub('%%', '%%%%')))
        assert.are.equal(1, n)
        return text
      end
      for name, bytes in pairs(forged) do
        for _, functions in ipairs{false, true} do
          local function got(value, plain) return decode(sent(value, plain, bytes), {functions = functions}) end
          local number = ffi.new(name .. '[1]', 1.2345)
          local plain = ffi.string(number, #bytes)
          local places = {
            got(ffi.new(name .. '[3]', 0, 1.2345, 7), plain)[1],
            got(ffi.new(name .. '[?]', 3, 0, 7, 1.2345), plain)[2],
            tonumber(got(ffi.new(name, 1.2345), plain)),
            name == 'double' and got(ffi.new('complex', 7, 1.2345), plain).im or nil,
          }
          for _, member in ipairs(members) do
            local value = ffi.new('codec_floats_' .. name)
            member(value, 1.2345)
            places[#places + 1] = member(got(value, plain))
          end
          for _, found in ipairs(places) do
            assert.are.equal('number', type(found))
            assert.is_true(found ~= found)
          end
        end
      end
    end)

    it('keep their bits where integers may be', function()
      local union = ffi.new('union codec_union')
      union.i = -2
      assert.is_true(back(union).i == -2)
      local ints = back(ffi.new('int64_t[2]', -1, -2 ^ 51))
      assert.is_true(ints[0] == -1 and ints[1] == -2 ^ 51)
      assert.has_error(function() decode(encode(union)) end,
        'decode: value 1: a cdata (union codec_union) with floats in a union, which may hold what is no number: functions=false forbids that')
    end)

    it('of more and more types are refused from whom is not trusted: LuaJIT keeps each for good', function()
      local child = require 'parallel'.run(function() -- a state that has not heard of any
        local core, ffi = require 'parallel.core', require 'ffi'
        local function decode(n, options) return #ffi.string(core.decode(core.encode(ffi.new(('char[%d]'):format(n))), options), n) end
        for n = 1, 256 do assert(decode(n) == n) end
        local _, refusal = pcall(decode, 257)
        return decode(256), decode(257, {functions = true}), refusal
      end)
      local known, trusted, refusal = child:join()
      assert.are.same({256, 257}, {known, trusted})
      assert.matches('a cdata (char [257]) after 256 other types: functions=false forbids that', refusal, 1, true)
    end)

    it('with pointers or without names are refused', function()
      for _, v in ipairs {ffi.new 'struct codec_pointer', ffi.new 'int *', ffi.new 'struct { int x; }'} do
        local ok, message = pcall(encode, {v})
        assert.is_false(ok)
        assert.truthy(message:find('value[1]: cannot send', 1, true))
      end
    end)
  end)
end
