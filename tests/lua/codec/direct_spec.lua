-- The walk that reads the VM's memory gives the bytes that the walk through Lua's API gives, for any value.
-- PARALLEL_PROPERTY=1000000 tries so many random values.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local codec = require 'codec.support'
local core = require 'parallel.core'
local tensor = require 'parallel.tensor'

local values = tonumber(os.getenv('PARALLEL_PROPERTY')) or (support.sanitized and 300 or 3000)
local on = core.direct_state():match('^on: ')

-- What the two ways say of a value: bytes, or an error.
local function both(value, options)
  options = options or {}
  local direct, a = pcall(core.encode, value, options)
  options.api = true
  local api, b = pcall(core.encode, value, options)
  return a, b, direct and api
end

-- Asking 5.4 for the length of a table with holes may change what it says the next time: there is a second look, and a third.
local looks = _VERSION == 'Lua 5.4' and 3 or 1

local function check(value, name)
  local a, b
  for _ = 1, looks do
    a, b = both(value)
    if a == b then break end
  end
  if a ~= b then error(('%s: %s and %s'):format(name, #a > 200 and #a or a, #b > 200 and #b or b)) end
end

local function compile(text, ...) return (loadstring or load)(text)(...) end
local class = {__index = {}}
local named = 'codec_direct_spec.named'
local named_metatable = {}
core.register(named, {metatable = named_metatable})
local hooked_metatable = {}
core.register('codec_direct_spec.hooked', {metatable = hooked_metatable, encode = function(t) return t.x, {t.x} end,
                                           decode = function(x) return setmetatable({x = x}, hooked_metatable) end})

-- What only the API can read, and keys of every kind.
local function odd_value(random, depth)
  local kind = random(10)
  if kind == 1 then return setmetatable({depth, x = depth}, class) end
  if kind == 2 then return setmetatable({name = 'n'}, named_metatable) end
  if kind == 3 then return setmetatable({x = depth}, hooked_metatable) end
  if kind == 4 then return compile('local a, b = ... return function() return a, b end', depth, {depth}) end
  if kind == 5 then return string.format end
  if kind == 6 then return tensor.DoubleTensor(3):fill(depth) end
  if kind == 7 then return {[{}] = 1, [class] = {2}, [true] = false} end
  if kind == 8 then return {('long '):rep(100), [('long '):rep(100)] = {('long '):rep(100)}} end
  return {[0] = 0, [0.5] = {1}, [-1] = 'x', [1e15] = {}, [('k'):rep(depth + 1)] = 1}
end

-- Tables that have been used: with entries taken out, grown again, elements that came in another order.
local function used_value(random, depth, made)
  if depth > 2 or random(6) == 1 then return odd_value(random, depth) end
  if random(5) == 1 and #made > 0 then return made[random(#made)] end
  local t, form, n = {}, random(5), random(20)
  made[#made + 1] = t
  for i = 1, n do
    local key = (form == 1 and i) or (form == 2 and n - i) or (form == 3 and 'k' .. random(9)) or random(3) == 1 and random(70) - 20 or i
    t[key] = random(6) == 1 and used_value(random, depth + 1, made) or random(3) == 1 and random(9) / 2 or i
  end
  for _ = 1, random(n) - 1 do
    t[random(n)] = nil
    t['k' .. random(9)] = nil
  end
  if random(3) == 1 then t.more, t[#t + 1] = used_value(random, depth + 1, made), 'last' end
  if random(9) == 1 then setmetatable(t, class) end
  return t
end

describe('the direct walk', function()
  it('is in use here', function()
    if core.direct_state():find('no layout of this Lua is known', 1, true) then return pending 'this Lua goes through its API' end
    local packs = support.version == '5.2' and not pcall(string.format, '%d', 2 ^ 31) -- its values into NaNs, on 32-bit x86
    if packs then return pending 'this Lua goes through its API' end
    local api_only = os.getenv('PARALLEL_DIRECT') == '0'
    assert.are.equal(not api_only, on ~= nil, core.direct_state())
  end)

  it('gives the same bytes for random values', function()
    for seed = 1, values do check(codec.value(seed), 'value ' .. seed) end
  end)

  it('gives the same bytes for values with all that needs the API', function()
    for seed = 1, values do check(used_value(codec.random(seed), 0, {}), 'used value ' .. seed) end
  end)

  it('gives the same bytes for values at the edge of something', function()
    for name, value in pairs(codec.edges()) do check(value, name) end
    check(codec.wide_integers(), 'wide integers')
    check(_G.package.loaded, 'modules')
  end)

  it('gives the same bytes for runs of numbers wherever they end', function()
    for _, n in ipairs{3, 4, 5, 511, 512, 513, 515, 516, 1023, 1024, 1025, 1030} do
      for _, other in ipairs{'x', 0.5, 7, false, 2 ^ 40, -300} do
        for _, at in ipairs{1, 2, n - 4, n - 3, n - 1, n} do
          local integers, floats = {}, {}
          for i = 1, n do integers[i], floats[i] = i, i + 0.5 end
          if at > 0 then integers[at], floats[at] = other, other end
          check({integers, floats}, ('%d numbers, %s at %d'):format(n, tostring(other), at))
        end
      end
    end
  end)

  it('says the same of what cannot be sent', function()
    local thread = coroutine.create(function() end)
    for name, value in pairs{hash = {a = {b = {1, 2, {c = thread}}}}, array = {{}, {{thread}}}, key = {x = {[thread] = 1}},
                             ['after others'] = {1, 2, {x = 1, y = {thread}}},
                             upvalue = {compile('local t = ... return function() return t end', thread)},
                             ['in a class'] = {setmetatable({list = {thread}}, class)}} do
      local a, b, good = both(value)
      assert.is_false(good, name)
      assert.are.equal(b, a, name)
      assert.matches('cannot send a coroutine', a)
    end
  end)

  it('refuses integers as the API walk does', function()
    if not math.type then return end
    local wide = math.tointeger(2 ^ 53) + 1
    for name, value in pairs{hash = {a = {b = wide}}, key = {a = {[wide] = 1}}, array = {1, 2, 3, wide, 5}, ['among others'] = {'x', wide}} do
      local a, b = both(value, {doubles = true})
      assert.are.equal(b, a, name)
      assert.matches('does not fit', a)
    end
  end)

  it('is not confused by hooks that change what is being sent', function()
    local metatable = {}
    local outer -- luacheck: ignore 331
    core.register('codec_direct_spec.changing', {metatable = metatable, decode = function() return 1 end, encode = function(object)
      for i = 1, 100 do outer['new' .. object.n .. i] = i end
      for i = 1, 10 do outer[i] = nil end
      collectgarbage()
      return 1
    end})
    for form = 1, 4 do
      local function object(n) return setmetatable({n = n}, metatable) end
      outer = form == 1 and {object(1), 2, 3, object(2), {x = 1}} or form == 2 and {a = object(1), b = {object(2)}, c = {x = {object(3)}}}
        or form == 3 and {{{object(1)}}, {object(2)}, x = {object(3), {object(4), 'x'}}} or {k = {1, object(1), {y = object(2)}}, l = {1}}
      pcall(core.encode, outer) -- an error is as good as a message
      collectgarbage()
    end
  end)

  it('needs neither Lua stack nor C stack for depth', function()
    local deep = {}
    for i = 1, 200000 do deep = i % 3 == 0 and {deep} or i % 3 == 1 and {x = deep} or {1, 2, deep, y = i} end
    check(deep, 'deep')
    local thread, top = coroutine.create(function() end), {}
    local t = top
    for _ = 1, 1000 do t.x = {{}} t = t.x[1] end
    t.last = thread
    local a, b = both(top)
    assert.are.equal(b, a)
  end)

  it('holds while garbage is collected all the time', function()
    support.collector('pause', 0)
    for seed = 1, 100 do check(used_value(codec.random(seed), 0, {}), 'used value ' .. seed) end
    support.collector('pause', 200)
  end)
end)

it('PARALLEL_DIRECT=0 turns the direct walk off', function()
  local pipe = io.popen(("PARALLEL_DIRECT=0 tools/lua %s -e \"print(require('parallel.core').direct_state())\""):format(support.version))
  local text = pipe:read('*a')
  pipe:close()
  if not support.sanitized then assert.matches('^off: PARALLEL_DIRECT=0', text) end
end)
