-- Comparing and making values, for the codec's specs.
local support = {}

local math_type = math.type or type

local function is_same(a, b, seen)
  if type(a) ~= type(b) then return false end
  if type(a) == 'number' then
    if a ~= a then return b ~= b end
    return a == b and math_type(a) == math_type(b) and 1 / a == 1 / b
  end
  if type(a) ~= 'table' then return a == b end
  if seen[a] or seen[b] then return seen[a] == b and seen[b] == a end
  seen[a], seen[b] = b, a
  local keys = 0
  for k, v in next, a do
    if type(k) == 'table' then keys = keys + 1
    elseif not is_same(v, rawget(b, k), seen) then return false end
  end
  for k in next, b do
    if type(k) == 'table' then keys = keys - 1
    elseif rawget(a, k) == nil then return false end
  end
  return keys == 0
end

-- Same types, same numbers to the bit, same sharing; keys that are tables are only counted.
function support.same(a, b) return is_same(a, b, {}) end

-- A generator of its own, so that every Lua makes the same values from the same seed.
function support.random(seed)
  local state = seed
  return function(n)
    state = (state * 16807) % 2147483647
    return state % n + 1
  end
end

local fractions = {0.5, -1.25, 1e300, -1e-300, 2 ^ 70, 1 / 3, math.huge, -math.huge, -1 / math.huge, 0 / 0, 2 ^ 63, 5e-324}
local wholes = {0, 1, -1, 63, 64, 127, -128, 255, 32767, -32768, 65536, 2147483647, -2147483648, 4294967296, 9007199254740992}

local function random_string(random)
  local bytes = {}
  for i = 1, random(random(4) == 1 and 300 or 12) - 1 do bytes[i] = string.char(random(256) - 1) end
  return table.concat(bytes)
end

local function random_value(random, depth, made)
  local kind = random(12)
  if kind <= 2 then return wholes[random(#wholes)] end
  if kind == 3 then return fractions[random(#fractions)] end
  if kind <= 5 then return random_string(random) end
  if kind == 6 then return random(2) == 1 end
  if kind == 7 and #made > 0 then return made[random(#made)] end
  if depth > 3 then return random(100) end
  local t = {}
  made[#made + 1] = t
  for i = 1, random(10) - 1 do t[i] = random_value(random, depth + 1, made) end
  for _ = 1, random(6) - 1 do
    local key = random(3) == 1 and random_string(random) or 'k' .. random(9)
    t[key] = random_value(random, depth + 1, made)
  end
  if random(4) == 1 then
    local number = random(6)
    for i = 1, random(20) do t[#t + 1] = number == 1 and i / 2 or number * i end
  end
  return t
end

function support.value(seed)
  local random = support.random(seed)
  return random_value(random, 0, {})
end

-- Text that says everything about a value, the same on every Lua; exact: also which numbers are integers, and their last digits.
function support.describe(value, exact)
  local out, seen, n = {}, {}, 0
  local function number(v)
    if v ~= v then return 'nan' end
    if v == math.huge or v == -math.huge then return v > 0 and 'inf' or '-inf' end
    if exact and math_type(v) == 'integer' then return 'integer ' .. v end
    return v == 0 and (1 / v < 0 and '-0' or '0') or ('%.17g'):format(v)
  end
  local function before(a, b) -- among keys
    if type(a) ~= type(b) then return type(a) < type(b) end
    if type(a) == 'boolean' then return a and not b end
    return type(a) ~= 'table' and a < b
  end
  local function add(v)
    if type(v) == 'number' then
      out[#out + 1] = number(v)
    elseif type(v) == 'string' then
      out[#out + 1] = '"' .. v:gsub('%W', function(c) return ('<%d>'):format(c:byte()) end) .. '"'
    elseif type(v) ~= 'table' then
      out[#out + 1] = tostring(v)
    elseif seen[v] then
      out[#out + 1] = '@' .. seen[v]
    else
      n = n + 1
      seen[v] = n
      local keys = {}
      for k in pairs(v) do keys[#keys + 1] = k end
      table.sort(keys, before)
      out[#out + 1] = '{'
      for _, k in ipairs(keys) do
        add(k == 0 and 0 or k) -- some Luas keep the sign of a key that is -0.0
        out[#out + 1] = '='
        add(v[k])
        out[#out + 1] = ';'
      end
      out[#out + 1] = '}'
    end
  end
  add(value)
  return table.concat(out)
end

local zero = 0.0 -- 5.1 takes the literal -0.0 for the constant 0

local edge_numbers = {
  0, -zero, 1, -1, -16, -17, 63, 64, 127, 128, -128, -129, 32767, 32768, -32768, -32769, 2 ^ 31 - 1, 2 ^ 31, -2 ^ 31,
  -2 ^ 31 - 1, 2 ^ 32, 2 ^ 53 - 1, 2 ^ 53, 2 ^ 53 + 2, -2 ^ 53, -2 ^ 53 - 2, 2 ^ 62, 2 ^ 63, -2 ^ 63, 2 ^ 63 - 1024, 2 ^ 64, 1e308,
  -1e308, 2 ^ -1022, 5e-324, -5e-324, 0.1, -0.5, math.huge, -math.huge, 0 / 0,
}

local function words(n)
  local t = {}
  for i = 1, n do t[i], t[n + i] = 'word' .. i, 'word' .. i end
  return t
end

local function repeated(value, n)
  local t = {}
  for i = 1, n do t[i] = value end
  return t
end

local function chain(n, step)
  local t = {}
  for _ = 1, n do t = step(t) end
  return t
end

-- Values at the edge of something, the same in every Lua: what is special about them by name.
function support.edges()
  local every_byte = {}
  for i = 0, 255 do every_byte[#every_byte + 1] = string.char(i) end
  every_byte = table.concat(every_byte)
  local edges = {
    ['true'] = {true}, ['false'] = {false}, empty = {}, ['empty in empty'] = {{}},
    ['empty string'] = {''}, ['zero byte'] = {'\0'}, ['zero bytes'] = {'a\0b\0\0', ('\0'):rep(300)}, ['every byte'] = {every_byte},
    ['string as key'] = {[''] = '', ['\0'] = 1, [every_byte] = 2, ['1'] = 3, [1] = 4},
    holes = {1, nil, 3, nil, nil, 6}, ['first missing'] = {nil, nil, 3}, ['only far'] = {[1000000] = 1},
    ['holes of numbers'] = {[1] = 1, [2] = 2, [3] = 3, [4] = 4, [16] = 16, [17] = 17, [40] = 40},
    ['around zero'] = {[0] = 'zero', [-1] = 'minus', [1] = 'one', [2] = 'two'},
    ['keys of all kinds'] = {[1.5] = 1, [-2 ^ 53] = 2, [2 ^ 53] = 3, [1e300] = 4, [math.huge] = 5, [-math.huge] = 6,
                             [true] = 7, [false] = 8, [5e-324] = 9, x = 10},
    ['table as key'] = {[{1, 2}] = {3}}, ['false in an array'] = {false, true, false, nil, false},
    numbers = edge_numbers, ['numbers twice'] = {edge_numbers, edge_numbers},
    ['minus zeros'] = repeated(-zero, 40), ['not a number'] = repeated(0 / 0, 40), ['huge'] = repeated(math.huge, 40),
    ['few words'] = words(3), ['64 words'] = words(64), ['65 words'] = words(65), ['many words'] = words(700),
    ['deep array'] = chain(300, function(t) return {t} end), ['deep hash'] = chain(300, function(t) return {n = t} end),
    ['deep keys'] = chain(300, function(t) return {[t] = 1} end),
    ['sharing'] = {}, ['own key'] = {},
  }
  for _, n in ipairs {1, 31, 32, 255, 256, 257, 65535, 65536} do
    edges['string of ' .. n] = {('x'):rep(n - 1) .. '\255', ('x'):rep(n - 1) .. '\255', ('y'):rep(n)}
  end
  for i, v in ipairs(edge_numbers) do
    edges['number ' .. i] = {v, {v, v, v, v, v, v, v, v, v}, n = v}
    if v == v then edges['number ' .. i].keys = {[v] = 'key'} end
  end
  local sharing, own = edges.sharing, edges['own key']
  sharing[1], sharing[2], sharing.self, sharing.list = {}, 5, sharing, {sharing}
  sharing[3], sharing.list.again = sharing[1], sharing.list
  own[own] = own
  return edges
end

-- Integers that no double holds, where Lua has integers.
function support.wide_integers()
  if not math.type then return {} end
  local wide = math.tointeger(2 ^ 53)
  local t = {math.maxinteger, math.mininteger, math.maxinteger - 1, math.mininteger + 1, wide + 1, -wide - 1}
  for i = 1, 40 do t[#t + 1] = wide * 512 + i end
  return {t, keys = {[math.maxinteger] = 1, [math.mininteger] = 2, [wide + 1] = 3}, floats = {1.0, 2.0, 3.0, 4.0, 2.0 ^ 53, wide}}
end

return support
