-- Reads files that were changed at random: each is a value or an error with its position, and takes no more memory than a file of its
-- size may. Run as a script: load_fuzz.lua SEED COUNT [verbose]
local torch = require 'parallel.tensor'
local seed, count, verbose = tonumber(arg[1]), tonumber(arg[2]), arg[3]

torch.class('fuzz.Class', {})
local Reader = torch.class('fuzz.Reader', 'fuzz.Class', {})
function Reader:write(file)
  file:writeObject(self.x)
  file:writeLong(torch.LongStorage {1, 2})
  file:writeString('line\n')
end
function Reader:read(file) self.x, self.l, self.s = file:readObject(), file:readLong(2), file:readString '*l' end

local function objects()
  local t = torch.range(1, 6):resize(2, 3)
  local cycle = {1, 'two'}
  cycle.self = cycle
  return {
    1, 'text', true, {}, {1, 2, 3}, {a = 1, b = {c = 'x'}}, cycle, t, {t, t:t(), t:storage()}, torch.FloatTensor(), torch.LongStorage {1, 2},
    torch.ByteTensor {1, 2, 3}, torch.setmetatable({x = 1}, 'fuzz.Class'), torch.setmetatable({x = {t, 2}}, 'fuzz.Reader'),
    {torch.IntTensor {1, 2}, torch.ShortTensor {3}, torch.CharStorage 'abc'}, function() return t end, torch.Timer(),
  }
end

local bases = {}
for _, format in ipairs {'binary', 'ascii'} do
  for _, object in ipairs(objects()) do bases[#bases + 1] = {format, torch.serialize(object, format)} end
  local file = io.open('tests/torch/files/' .. format .. '.t7', 'rb')
  if file then bases[#bases + 1] = {format, file:read '*a'} file:close() end
end

local function pick(list) return list[math.random(#list)] end

local words = {
  '\0\0\0\0', '\1\0\0\0', '\2\0\0\0', '\3\0\0\0', '\4\0\0\0', '\5\0\0\0', '\6\0\0\0', '\7\0\0\0', '\8\0\0\0', '\255\255\255\255',
  '\255\255\255\127', '\0\0\0\128', '\255\255\255\255\255\255\255\127', '\0\0\0\0\0\0\0\128', '\0\0\0\64\0\0\0\0', '0\n', '1\n', '3\n', '4\n',
  '8\n', '-1\n', '2147483647\n', '9223372036854775807\n', '99999999999999999999\n', 'nan\n', 'inf\n', ' ', '\n', 'V 1', 'torch.DoubleStorage',
  'torch.DoubleTensor', 'torch.PipeFile', 'torch.MemoryFile', 'torch.Timer', 'fuzz.Reader', '',
}

local edits = {
  function(text, at) return text:sub(1, at - 1) .. string.char(math.random(0, 255)) .. text:sub(at + 1) end,
  function(text, at) return text:sub(1, at - 1) ..
    string.char((text:byte(at) or 0) % 256 - math.random(0, 1) * ((text:byte(at) or 0) % 2)) .. text:sub(at + 1) end,
  function(text, at) return text:sub(1, at - 1) .. pick(words) .. text:sub(at) end,
  function(text, at) local w = pick(words) return text:sub(1, at - 1) .. w .. text:sub(at + #w) end,
  function(text, at) local w = pick(words) return text:sub(1, at - 1) .. w .. text:sub(at + #w) end,
  function(text, at) return text:sub(1, at - 1) .. text:sub(at + math.random(1, 9)) end,
  function(text, at) return text:sub(1, at) .. text:sub(at - math.random(0, 20)) end,
  function(text) local other = pick(bases)[2] local at = math.random(#other) return text .. other:sub(at, at + 60) end,
  function(text, at) local other = pick(bases)[2] return text:sub(1, at) .. other:sub(math.random(#other)) end,
  function(text, at) return text:sub(1, at) end,
}

-- Looks at what came: its elements are really there.
local function touch(value, depth)
  if torch.isTensor(value) then
    local n = value:nElement() -- elements may be few that stand for many, by a stride of 0
    if n > 0 and n < 1e5 then value:sum() end
  elseif torch.isStorage(value) then
    for i = 1, math.min(value:size(), 3) do local _ = value[i] end
  elseif type(value) == 'table' and depth < 5 then
    for key, element in next, value do touch(key, depth + 1) touch(element, depth + 1) end
  end
end

math.randomseed(seed)
local good, bad = 0, 0
collectgarbage()
for i = 1, count do
  local base = pick(bases)
  local text = base[2]
  for _ = 1, math.random(1, 4) do
    if #text > 0 then text = pick(edits)(text, math.random(#text)) end
  end
  if verbose then io.stderr:write(i, ' ', base[1], ' ', (text:gsub('.', function(c) return ('%02x'):format(c:byte()) end)), '\n') end
  local before = collectgarbage 'count'
  local read, result = pcall(torch.deserialize, text, base[1])
  local grown = collectgarbage 'count' - before
  if grown > 3000 + #text then error(('input %d took %d KB'):format(i, grown)) end
  if read then
    good = good + 1
    touch(result, 0)
  else
    bad = bad + 1
    if type(result) ~= 'string' or not result:find('position', 1, true) then error(('input %d: %s'):format(i, tostring(result))) end
  end
  if i % 500 == 0 then collectgarbage() end
end
print(good, bad)
