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

local fractions = {0.5, -1.25, 1e300, -1e-300, 2 ^ 70, 1 / 3, math.huge, -math.huge, -1 / math.huge}
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

-- Text that says everything about a value, the same on every Lua.
function support.describe(value)
  local out, seen, n = {}, {}, 0
  local function add(v)
    if type(v) == 'number' then
      out[#out + 1] = v ~= v and 'nan' or v == 0 and (1 / v < 0 and '-0' or '0') or v == math.huge and 'inf'
        or v == -math.huge and '-inf' or ('%.17g'):format(v)
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
      table.sort(keys, function(a, b)
        if type(a) ~= type(b) then return type(a) < type(b) end
        return a < b
      end)
      out[#out + 1] = '{'
      for _, k in ipairs(keys) do
        add(k)
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

return support
