-- Calls every function and method of the tensors with random arguments of all kinds: each call returns or raises an error. Run as a
-- script of its own: calls.lua SEED ROUNDS [names]. With `names` each call is said before it is made.
local torch = require 'parallel.tensor'
local seed, rounds, names = tonumber(arg[1]), tonumber(arg[2]), arg[3]
local unpack = table.unpack or unpack -- luacheck: ignore

local types = {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'}
-- These change what other calls mean, make classes, or read and write files.
local left_out = {
  class = true, newmetatable = true, setmetatable = true, setdefaulttensortype = true, _register = true, save = true, load = true,
  DiskFile = true, PipeFile = true, blas = true, CmdLine = true, Tester = true, TestSuite = true,
}

local function pick(list) return list[math.random(#list)] end

local numbers = {0, 1, 1, 2, 2, 3, 4, -1, -2, 0.5, 0.9, 1.5, -0.5, 0 / 0, 1 / 0, -1 / 0, 2 ^ 53, -2 ^ 53, 2 ^ 62, 2 ^ 63, 1e300}
local texts = {'', 'x', 'V', 'F', 'U', 'L', 'N', 'T', 'ascii', 'torch.FloatTensor', 'torch.DoubleStorage', '3'}

local shapes = {
  function(t) return t(3) end,
  function(t) return t(4) end,
  function(t) return t(2, 2) end,
  function(t) return t(3, 3) end,
  function(t) return t(3, 4) end,
  function(t) return t(2, 3, 4) end,
  function(t) return t(2, 2, 3, 3) end,
  function(t) return t(1) end,
  function(t) return t(1, 1) end,
  function(t) return t() end,
  function(t) return t(5, 3):t() end,
  function(t) return t(4, 3):narrow(2, 2, 2) end,
  function(t) return t(3, 1):expand(3, 3) end,
  function(t) return t(4):unfold(1, 2, 1) end,
}

local function random_tensor(type)
  local t = pick(shapes)(torch[type .. 'Tensor'])
  for i = 1, t:storage() and t:storage():size() or 0 do t:storage()[i] = math.random(-1, 5) end
  if math.random(3) == 1 and t:nElement() > 0 then t:fill(math.random(0, 1)) end
  return t
end

local bad_view -- of a storage that was made smaller
do
  bad_view = torch.Tensor(9)
  bad_view:storage():resize(2)
end

local makers = {
  function() return pick(numbers) end,
  function() return pick(numbers) end,
  function() return math.random(1, 3) end,
  function() return math.random(1, 3) end,
  function() return random_tensor(pick(types)) end,
  function() return random_tensor('Double') end,
  function() return random_tensor('Double') end,
  function() return random_tensor('Double') end,
  function() return random_tensor('Byte') end,
  function() return random_tensor('Long') end,
  function() return torch[pick(types) .. 'Storage'](math.random(0, 4)) end,
  function() return torch.LongStorage {math.random(0, 3), math.random(1, 3)} end,
  function() return {} end,
  function() return {math.random(3), math.random(3)} end,
  function() return {random_tensor('Double'), random_tensor('Double')} end,
  function() return {{1, 2}, {math.random(2)}} end,
  function() return pick(texts) end,
  function() return math.random(2) == 1 end,
  function() return nil end,
  function() return torch.Generator() end,
  function() return function(x) return x end end,
  function() return io.stdout end,
  function() return bad_view end,
}

-- All functions: {name, function, type of the first argument or nil}.
local calls = {}
local function add(owner, list, type)
  for name, f in pairs(list) do
    if _G.type(f) == 'function' and not left_out[name] and name ~= '__gc' then
      calls[#calls + 1] = {owner .. '.' .. name, f, type}
    end
  end
end
add('torch', torch)
for _, type in ipairs(types) do
  add(type .. 'Tensor', torch._metatables['torch.' .. type .. 'Tensor'], type)
  add(type .. 'Storage', torch._metatables['torch.' .. type .. 'Storage'], type)
end
table.sort(calls, function(a, b) return a[1] < b[1] end)

local function describe(value)
  if torch.isTensor(value) then return torch.type(value) .. table.concat(value:size():totable(), 'x') end
  return torch.type(value) .. ' ' .. (type(value) == 'userdata' and '' or tostring(value))
end

local function arguments(type)
  local list, n = {}, math.random(0, 6)
  if type and math.random(8) > 1 then
    list[1] = math.random(8) == 1 and torch[type .. 'Storage'](math.random(0, 3)) or random_tensor(type)
    n = math.max(n, 1)
  end
  for i = list[1] and 2 or 1, n do
    -- Tensors of one type are what gets past the look at the arguments.
    if type and math.random(3) == 1 then list[i] = random_tensor(type) else list[i] = pick(makers)() end
  end
  return list, n
end

local function call(one)
  local list, n = arguments(one[3])
  if names then
    local texts_of = {}
    for i = 1, n do texts_of[i] = describe(list[i]) end
    io.stderr:write(one[1], '(', table.concat(texts_of, ', '), ')\n')
  end
  local results = {pcall(one[2], unpack(list, 1, n))}
  if not results[1] then
    if type(results[2]) ~= 'string' then error(one[1] .. ' raised ' .. type(results[2])) end
    return false
  end
  for i = 2, #results do pcall(tostring, results[i]) end
  return true
end

math.randomseed(seed)
local good = 0
for _ = 1, rounds do
  for _, one in ipairs(calls) do
    if call(one) then good = good + 1 end
  end
  collectgarbage()
end
print(#calls, good)
