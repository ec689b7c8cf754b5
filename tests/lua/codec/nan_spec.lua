-- NaNs of any bits, as only a hostile sender has them: LuaJIT keeps other values in them, and Lua 5.2 on some machines, so what arrives
-- has to be a number wherever it stands.
local core = require 'parallel.core'
local torch = require 'parallel.tensor'
local encode, decode = core.encode, core.decode

-- A number with bytes that nothing else in a message has, and what is put in their place: tags of strings, tables, nil and the rest.
local mark = 1.2345678e-300

-- Its bytes as the codec writes them: those in which two messages differ.
local function bytes_of_mark()
  local a, b = encode(mark), encode(-mark)
  for i = #a, 1, -1 do
    if a:byte(i) ~= b:byte(i) then return a:sub(i - 7, i) end -- the sign is in the last one
  end
end
local plain = bytes_of_mark()

local forgeries = {
  '\65\0\0\0\0\128\253\255', '\255\255\255\255\255\255\255\255', '\0\0\0\0\0\0\249\255', '\1\0\0\0\0\0\240\127', '\1\0\0\0\0\0\240\255',
  '\16\16\16\16\247\255\255\255', '\16\16\16\16\251\255\255\255', '\16\16\16\16\244\255\255\255',
  '\1\0\0\0\1\165\247\127', '\65\0\0\0\68\165\247\127', '\65\0\0\0\69\165\247\127'} -- Lua 5.2 on x86 of 32 bits

local function forge(value, bytes)
  local text, n = encode(value):gsub(plain:gsub('%W', '%%%0'), (bytes:gsub('%%', '%%%%')))
  assert.is_true(n > 0)
  return text
end

local function assert_nan(x)
  assert.equal('number', type(x))
  assert.is_true(x ~= x)
end

-- get: the places of the number in what arrived. Where Lua 5.2 keeps values in NaNs it refuses one itself.
local function check(value, get)
  for _, bytes in ipairs(forgeries) do
    local text = forge(value, bytes)
    local found = {pcall(function() return get(decode(text, {functions = true})) end)}
    if found[1] then
      for i = 2, #found do assert_nan(found[i]) end
    else
      assert.equal('C API - attempt to push a signaling NaN', found[2])
    end
  end
  collectgarbage()
end

local unpack = unpack or table.unpack -- luacheck: ignore

local function run_of(n)
  local list = {}
  for i = 1, n do list[i] = i % 7 == 0 and mark or i + 0.5 end
  return list
end

local function marks_in(list)
  local found = {}
  for i = 7, math.min(#list, 700), 7 do found[#found + 1] = list[i] end
  return unpack(found)
end

describe('a NaN of any bits is a number', function()
  it('by itself, in lists and records', function()
    check(mark, function(x) return x end)
    check({mark, 'x', mark}, function(t) return t[1], t[3] end)
    check({a = mark, b = {c = mark}}, function(t) return t.a, t.b.c end)
    check({[1.5] = mark, [-7] = mark, [true] = mark}, function(t) return t[1.5], t[-7], t[true] end)
    check(setmetatable({}, {__index = {x = mark}}), function(t) return getmetatable(t).__index.x end)
    local records = {}
    for i = 1, 50 do records[i] = {x = mark, y = i, z = mark} end
    check(records, function(t) return t[1].x, t[2].x, t[50].z end)
  end)

  it('in runs, short and long, and through the API as well as past it', function()
    for _, n in ipairs{8, 100, 1000, 50000} do check(run_of(n), marks_in) end
    check({run_of(30000), run_of(30000), x = run_of(40)}, function(t) return marks_in(t[2]) end)
  end)

  it('as an upvalue', function()
    local up = mark
    check(function() return up end, function(f) return f() end)
  end)

  it('in tensors', function()
    local t = torch.Tensor(100):fill(mark)
    check(t, function(got) return got[1], got[100], got:totable()[50], got:sum(), got:max(), got:storage()[3], got:clone()[2] end)
    check(torch.Tensor(10, 10):fill(mark):t(), function(got)
      local seen
      got:apply(function(x) seen = x end)
      return seen, got[3][4], got:narrow(1, 2, 3):clone()[1][1]
    end)
  end)

  it('and is no key', function()
    for _, bytes in ipairs(forgeries) do
      local ok, message = pcall(decode, forge({[mark] = 1}, bytes))
      assert.is_false(ok)
      assert.matches('NaN', tostring(message))
    end
  end)

  it('and other numbers keep all their bits', function()
    for _, x in ipairs{-0.0, 1 / 0, -1 / 0, 2 ^ -1074, -2 ^ 1023} do
      local list = {}
      for i = 1, 30000 do list[i] = i % 2 == 0 and x or 0.5 end
      local got = decode(encode(list))
      for i = 2, 30000, 1001 do assert.equal(1 / list[i - i % 2], 1 / got[i - i % 2]) end
      assert.equal(1 / x, 1 / decode(encode{x})[1])
    end
  end)
end)
