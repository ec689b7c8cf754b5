-- Records: tables with the same strings as keys, whose keys travel once in a message.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local codec = require 'codec.support'
local core = require 'parallel.core'

core.direct_state() -- so that both walks are in use

-- There and back through both walks; returns the bytes.
local function round(value, name)
  local bytes = core.encode(value)
  assert.are.equal(#core.encode(value, {api = true}), #bytes, name)
  local back = core.decode(bytes, {functions = true})
  assert.is_true(codec.same(value, back), name)
  assert.are.equal(codec.describe(value), codec.describe(back), name)
  return bytes, back
end

local function list(n, f)
  local t = {}
  for i = 1, n do t[i] = f(i) end
  return t
end

describe('records', function()
  it('travel with their keys once', function()
    local value = list(1000, function(i) return {identifier = i % 50, description = i % 2 == 0, coordinate = i % 7} end)
    local bytes = round(value)
    local _, names = bytes:gsub('identifier', '')
    assert.are.equal(3, names) -- the first is no record yet; two tables of different history keep their keys in different orders
    assert.is_true(#bytes < 1000 * 5 + 200, #bytes)
  end)

  it('may have anything as values', function()
    local shared = {1}
    round(list(20, function(i)
      return {number = i, fraction = i / 4, text = ('x'):rep(i * 20), list = {i, i}, shared = shared, flag = i % 3 == 0,
              inner = {number = i, deep = {number = i, text = 'y'}}, empty = {}, [i % 2 == 0 and 'even' or 'odd'] = true}
    end))
  end)

  it('keep identity and cycles', function()
    local all = {}
    for i = 1, 10 do all[i] = {name = 'n' .. i, all = all, before = all[i - 1] or false} end
    all[11], all[12] = all[3], {again = all[3]}
    local _, back = round(all)
    assert.are.equal(back[3], back[11])
    assert.are.equal(back[3], back[12].again)
    assert.are.equal(back[4].before, back[3])
    assert.are.equal(back, back[7].all)
  end)

  it('of many shapes, of too many, and with too many keys', function()
    for _, shapes in ipairs{63, 64, 65, 126, 127, 128, 129, 300} do
      round(list(shapes * 3, function(i) return {['key' .. i % shapes] = i, common = i % shapes} end), shapes .. ' shapes')
    end
    for _, n in ipairs{1, 2, 31, 32, 33, 40, 70} do
      round(list(5, function(i)
        local t = {}
        for k = 1, n do t['key' .. k] = i * k end
        return t
      end), n .. ' keys')
    end
  end)

  it('with keys of any bytes and any length', function()
    local long = ('long'):rep(1000)
    round(list(5, function(i) return {[''] = i, ['\0'] = i, ['a\0b'] = i, [long] = i, ['\255'] = {[''] = i}} end))
  end)

  it('beside tables that are none', function()
    round{{a = 1}, {a = 2}, {a = 3, [1] = 4}, {a = 5, [2] = 6}, {a = 7, [true] = 8}, {a = 9, [1.5] = 10}, {a = 11}, {}, {}, {[1] = 1}}
    round{{x = {}}, {x = {{}}}, {x = {y = {}}}, {x = {y = {}}}}
  end)

  it('as keys', function()
    local bytes = core.encode{[{a = 1, b = 2}] = {a = 1, b = 2}, [{a = 3, b = 4}] = {a = 5, b = 6}}
    local sum = 0
    for k, v in pairs(core.decode(bytes)) do sum = sum + k.a + k.b + v.a + v.b end
    assert.are.equal(24, sum)
  end)

  it('of a class, with functions and with objects of registered types', function()
    local class, hooked = {__index = {}}, {}
    class.__index.sum = function(self) return self.x + self.y end
    core.register('codec_record_spec.hooked', {metatable = hooked, encode = function(t) return t.v end,
                                               decode = function(v) return setmetatable({v = v}, hooked) end})
    local value = list(10, function(i)
      return {object = setmetatable({x = i, y = 2 * i}, class), f = (loadstring or load)('return ' .. i),
              inside = {setmetatable({v = i}, hooked)}, last = i}
    end)
    local back = core.decode(core.encode(value), {functions = true})
    for i, r in ipairs(back) do
      assert.are.equal(3 * i, r.object:sum())
      assert.are.equal(i, r.f())
      assert.are.equal(i, r.inside[1].v)
      assert.are.equal(hooked, getmetatable(r.inside[1]))
      assert.are.equal(i, r.last)
    end
  end)

  it('name the place of what cannot be sent', function()
    local thread = coroutine.create(function() end)
    for _, options in ipairs{{}, {api = true}} do
      local value = {{a = 1, b = 2}, {a = 1, b = 2}, {a = 1, b = thread}}
      assert.matches('value%[3%]%.b: cannot send a coroutine', support.message_of(core.encode, value, options))
      value = {{a = {c = 1}}, {a = {c = 1}}, {a = {c = {thread}}}}
      assert.matches('value%[3%]%.a%.c%[1%]: cannot send a coroutine', support.message_of(core.encode, value, options))
    end
  end)

  -- What is refused is tried once more: then it is the table as the hook left it that arrives.
  it('that a hook changes while they are sent are refused, or arrive', function()
    local metatable, record, change = {}, nil, nil
    core.register('codec_record_spec.changing', {metatable = metatable, decode = function() return 'decoded' end,
                                                 encode = function() change(record) collectgarbage() return 1 end})
    local changes = {
      function(r) r.a, r.b, r.c, r.d = nil, nil, nil, nil end, function(r) for i = 1, 50 do r['new' .. i] = i end end,
      function(r) r.a, r.b = 7, 8 end,
      function(r) r.a, r.b, r.c, r.d = nil, nil, nil, nil r.e, r.f, r.g, r.h = 1, 2, 3, 4 end, function(r) r[1] = 1 end, function() end,
    }
    for _, options in ipairs{{}, {api = true}} do
      for i = 1, #changes do
        change = changes[i]
        for _, key in ipairs{'a', 'b', 'c', 'd'} do
          record = {a = 1, b = 2, c = 3, d = 4}
          record[key] = setmetatable({}, metatable)
          local ok, bytes = pcall(core.encode, {{a = 1, b = 2, c = 3, d = 4}, {a = 1, b = 2, c = 3, d = 4}, record}, options)
          local what = ('change %d of %s'):format(i, key)
          if ok then
            local arrived = core.decode(bytes)[3][key]
            local sent = type(record[key]) == 'table' and 'decoded' or record[key]
            if arrived ~= 'decoded' then assert.are.equal(sent, arrived, what) end
          else
            assert.is_true(tostring(bytes):find('changed while it was being sent', 1, true) ~= nil or
                           tostring(bytes):find("invalid key to 'next'", 1, true) ~= nil, what .. ': ' .. tostring(bytes))
          end
        end
      end
    end
  end)

  it('cut short or changed are refused, or give a value', function()
    local bytes = core.encode{list(4, function(i) return {name = 'n' .. i, inner = {x = i, y = {}}} end)}
    for i = 1, #bytes - 1 do assert.is_false((pcall(core.decode, bytes:sub(1, i)))) end
    for i = 1, #bytes do
      for _, byte in ipairs{0, 1, 0x7f, 0x80, 0x81, 0xe2, 0xfe, 0xff} do
        pcall(core.decode, bytes:sub(1, i - 1) .. string.char(byte) .. bytes:sub(i + 1))
      end
    end
  end)
end)

describe('arrays of numbers', function()
  it('arrive as they were, of any length and kind', function()
    for _, n in ipairs{1, 7, 8, 9, 100, 511, 512, 513, 5000, 100000} do
      for name, f in pairs{bytes = function(i) return i % 100 end, shorts = function(i) return i % 30000 - 15000 end,
                           ints = function(i) return i * 20000 end, wides = function(i) return i * 2 ^ 40 end,
                           floats = function(i) return i / 3 end,
                           strange = function(i) return i % 3 == 0 and 0 / 0 or i % 3 == 1 and 1 / 0 or -0.0 end} do
        local value = list(n, f)
        local back = core.decode(core.encode(value))
        assert.are.equal(n, #back, name)
        for i = 1, n do
          local a, b = value[i], back[i]
          if not (a == b and 1 / a == 1 / b or a ~= a and b ~= b) then error(('%s %d: %s and %s'):format(name, i, tostring(a), tostring(b))) end
        end
        back[n + 1], back.x = 'more', {} -- and can be used
        assert.are.equal('more', back[#back])
        collectgarbage('step')
      end
    end
  end)

  it('with bits of a NaN that could be taken for something else arrive as a NaN', function()
    local bytes = core.encode{0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5}
    local at = #bytes - 80
    for _, top in ipairs{'\255\255', '\253\255', '\248\255', '\249\127', '\255\127', '\250\255', '\251\255', '\252\255', '\254\255'} do
      local made = bytes:sub(1, at) .. ('\1\2\3\4\5\6' .. top):rep(10)
      local back = core.decode(made)
      for i = 1, 10 do
        assert.are.equal('number', type(back[i]))
        assert.is_true(back[i] ~= back[i])
      end
      collectgarbage()
    end
  end)
end)
