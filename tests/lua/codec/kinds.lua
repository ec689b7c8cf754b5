-- Values of every kind that can be sent, for the specs of the codec: what makes them, and what says that one arrived as it was.
-- Both sides have to load this file, since it names the types.
local codec = require 'codec.support'
local parallel = require 'parallel'
local torch = require 'parallel.tensor'


local types = {}
types.named = {__index = {double = function(self) return self.x * 2 end}}
parallel.register('kinds.named', {metatable = types.named})
types.hooked = {}
parallel.register('kinds.hooked', {metatable = types.hooked,
  encode = function(o) return o.name .. '!', {o.list, 'list of ' .. o.name}, o.name:rep(50) end,
  decode = function(name, lists, many)
    assert(#many == 50 * (#name - 1) and lists[2] == 'list of ' .. name:sub(1, -2))
    return setmetatable({name = name:sub(1, -2), list = lists[1]}, types.hooked)
  end})
types.Written = torch.class 'KindsWritten'
function types.Written:write(file)
  file:writeInt(#self.name)
  file:writeObject{self.other, '<' .. self.name .. '>'}
  file:writeDouble(torch.DoubleStorage(8):fill(self.n))
end
function types.Written:read(file)
  local len, object = file:readInt(), file:readObject()
  self.other, self.name = object[1], object[2]:sub(2, len + 1)
  self.n = file:readDouble(8)[8]
end
types.Plain = torch.class 'KindsPlain'
if jit then
  require 'ffi'.cdef 'typedef struct kinds_point { int x; double y[2]; } kinds_point;'
end

-- Each kind with what makes it and what says that it arrived as it was. `n` makes every value another one.
local kinds = {}
local function kind(name, make, check) kinds[#kinds + 1] = {name = name, make = make, check = check} end

-- What only has data in it is compared with what is made once more.
local function data(name, make)
  kind(name, make, function(got, n) return codec.describe(got, true) == codec.describe(make(n), true) end)
end

data('strings', function(n)
  local t = {}
  for i = 1, 40 do t[i] = ('s%d\0'):format(n + i):rep(i * i % 70) end
  t.long, t.again = ('long' .. n):rep(3000), ('long' .. n):rep(3000)
  return t
end)
data('a dictionary', function(n)
  local t = {}
  for i = 1, 150 do t[i] = {['key ' .. n + i % 75] = 'word ' .. n + i % 66} end
  return t
end)
data('runs of numbers', function(n)
  local t = {{}, {}, {}}
  for i = 1, 100 do t[1][i], t[2][i], t[3][i] = n + i, n + i / 2, i % 9 == 0 and i / 2 or n * 2 ^ 31 + i end
  return t
end)
data('numbers as keys', function(n)
  local t = {}
  for i = 1, 60 do t[n + i * 1.5] = {i, [i * n] = -i / 8} end
  return t
end)
data('sharing, cycles and depth', function(n)
  local t, shared = {}, {'shared ' .. n}
  t.self = t
  local at = t
  for i = 1, 200 do -- more levels than the Lua stack takes
    at[1], at.shared = {n + i .. 'level'}, shared
    at = at[1]
  end
  return t
end)
for seed = 1, 6 do data('random ' .. seed, function(n) return codec.value(seed * 1000 + n) end) end

kind('tables as keys', function(n)
  local t = {}
  for i = 1, 30 do t[{n + i}] = {i .. 'value'} end
  return t
end, function(got, n)
  local sum = 0
  for key, value in pairs(got) do
    if value[1] ~= key[1] - n .. 'value' then return false end
    sum = sum + 1
  end
  return sum == 30
end)

kind('functions with upvalues', function(n)
  local count, name, list = n, 'name' .. n, {n, {}}
  local function get() return count, name, list, math.floor(2.5) end
  local function step(by) count = count + by; return get() end
  list[2].get, list[3] = get, function() return function() return name .. #list end end
  return {get = get, step = step, list = list, print = print, lib = string}
end, function(got, n)
  local count, name, list, two = got.step(5)
  local shared = debug.upvaluejoin and n + 5 or n
  return count == shared and got.get() == shared and name == 'name' .. n and list[1] == n and two == 2
    and (got.list[2].get == got.get) and got.list[3]()() == name .. 3 and got.print == print and got.lib == string
end)

kind('metatables', function(n)
  local class = {__index = {twice = function(self) return self.x * 2 end}, name = 'class' .. n}
  local t = {}
  for i = 1, 20 do
    t[i] = {setmetatable({x = n + i}, class), setmetatable({x = n - i}, types.named)}
  end
  return t
end, function(got, n)
  for i = 1, 20 do
    local copied, named = got[i][1], got[i][2]
    if copied:twice() ~= 2 * (n + i) or named:double() ~= 2 * (n - i) then return false end
    if getmetatable(copied) ~= getmetatable(got[1][1]) or getmetatable(copied).name ~= 'class' .. n then return false end
    if getmetatable(named) ~= types.named then return false end
  end
  return true
end)

kind('registered types', function(n)
  local t, shared = {}, {'in all ' .. n}
  for i = 1, 20 do t[i] = setmetatable({name = 'hooked' .. n + i, list = {i, shared}}, types.hooked) end
  t[21] = t[1]
  return t
end, function(got, n)
  for i = 1, 20 do
    local o = got[i]
    if getmetatable(o) ~= types.hooked or o.name ~= 'hooked' .. n + i or o.list[1] ~= i then return false end
    if o.list[2] ~= got[1].list[2] or o.list[2][1] ~= 'in all ' .. n then return false end
  end
  return got[21] == got[1]
end)

kind('objects of classes', function(n)
  local t = {}
  for i = 1, 15 do
    local written, plain = KindsWritten(), KindsPlain() -- luacheck: ignore
    written.name, written.n, written.other = 'written' .. n + i, n + i / 2, {plain}
    plain.back, plain.text = written, 'plain' .. n + i
    t[i] = {written, plain}
  end
  return t
end, function(got, n)
  for i = 1, 15 do
    local written, plain = got[i][1], got[i][2]
    if torch.typename(written) ~= 'KindsWritten' or torch.typename(plain) ~= 'KindsPlain' then return false end
    if written.name ~= 'written' .. n + i or written.n ~= n + i / 2 or written.other[1] ~= plain then return false end
    if plain.back ~= written or plain.text ~= 'plain' .. n + i then return false end
  end
  return true
end)

kind('tensors', function(n)
  local t = {}
  for i = 1, 10 do
    local tensor = torch.range(n + 1, n + 20)
    t[i] = {tensor, tensor:narrow(1, 5, 3), tensor:storage(), torch.IntTensor{i, n}}
  end
  t.large, t.shared = torch.range(n + 1, n + 50000), torch.range(1, n + 5):share()
  return t
end, function(got, n)
  for i = 1, 10 do
    local whole, part, storage, ints = got[i][1], got[i][2], got[i][3], got[i][4]
    if not whole:equal(torch.range(n + 1, n + 20)) or part[1] ~= n + 5 or storage[20] ~= n + 20 then return false end
    part[1] = -1 -- they still share their storage
    if whole[5] ~= -1 or storage[5] ~= -1 or ints[1] ~= i or ints[2] ~= n then return false end
  end
  return got.large:equal(torch.range(n + 1, n + 50000)) and got.shared:equal(torch.range(1, n + 5))
end)

if jit then
  local ffi = require 'ffi'
  kind('cdata', function(n)
    local t = {}
    for i = 1, 20 do
      local point = ffi.new('kinds_point', {n + i, {i, -i}})
      t[i] = {point, point, ffi.new('int64_t', n) + 2 ^ 40, ffi.new('complex', n, i), ffi.new('double[?]', 5, 1, 2, 3, 4, n)}
    end
    return t
  end, function(got, n)
    for i = 1, 20 do
      local point, again, wide, complex, array = got[i][1], got[i][2], got[i][3], got[i][4], got[i][5]
      if point.x ~= n + i or point.y[1] ~= -i or again ~= point or wide ~= ffi.new('int64_t', n) + 2 ^ 40 then return false end
      if complex.re ~= n or complex.im ~= i or array[4] ~= n then return false end
    end
    return true
  end)
end

return kinds
