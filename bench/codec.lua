-- The codec against the serialisers that a Lua user would take, in one run: tools/lua 5.4 bench/codec.lua [rounds] [out.tsv]
-- Each figure is the median of the rounds; peers and ours take turns, so that a busy machine is as unfair to all.
local core = require 'parallel.core'
local rounds, path = tonumber(arg[1]) or 9, arg[2]
local clock = os.clock

local codecs = {{name = 'parallel', encode = core.encode,
                 decode = function(s) return core.decode(s, {functions = true}) end, plain = core.decode}}
local function add(name, make)
  local ok, codec = pcall(make)
  if ok and codec then codec.name = name; codecs[#codecs + 1] = codec end
end
add('cjson', function()
  local cjson = require 'cjson'
  cjson.encode_max_depth(1000)
  cjson.decode_max_depth(1000)
  return {encode = cjson.encode, decode = cjson.decode}
end)
add('mpack', function()
  local mpack = require 'mpack'
  local pack, unpack = mpack.pack or mpack.encode, mpack.unpack or mpack.decode
  return {encode = pack, decode = unpack}
end)
add('messagepack', function()
  local mp = require 'MessagePack'
  return {encode = mp.pack, decode = mp.unpack}
end)
add('string.buffer', function()
  local buffer = require 'string.buffer'
  return {encode = buffer.encode, decode = buffer.decode}
end)

local function numbers(n, f)
  local t = {}
  for i = 1, n do t[i] = f(i) end
  return t
end

local function tree(depth)
  if depth == 0 then return {leaf = true, n = 1} end
  return {left = tree(depth - 1), right = tree(depth - 1), depth = depth}
end

local function record(i) return {id = i, name = 'name' .. i, x = i * 0.5, y = -i, ok = i % 2 == 0, tag = 'tag' .. i % 5} end

local function hash()
  local t = {}
  for i = 1, 10000 do t['key' .. i] = i % 3 == 0 and 'value' .. i or i % 3 == 1 and i or i + 0.5 end
  return t
end

local function closure()
  local a, b, c = 1, 'two', {3}
  return function(x) return a, b, c, x end
end

-- A name and what makes the value: the collector goes over one of them at a time, and not over those of other cases.
local cases = {
  {'number', function() return 42 end}, {'float', function() return 1.5 end}, {'short string', function() return 'hello world' end},
  {'small table', function() return {name = 'x', i = 1} end}, {'array of 3', function() return {1, 2, 3} end},
  {'1000 records', function() return numbers(1000, record) end}, {'10k mixed hash', hash},
  {'10k integers', function() return numbers(10000, function(i) return i * 7 end) end},
  {'100k doubles', function() return numbers(100000, function(i) return i + 0.25 end) end},
  {'10k strings', function() return numbers(10000, function(i) return 'string ' .. i end) end},
  {'tree of 2047', function() return tree(10) end}, {'closure', closure},
}

local function time(f, x, repeats)
  local start = clock()
  for _ = 1, repeats do f(x) end
  return (clock() - start) / repeats
end

local median = dofile(arg[0]:gsub('[^/]*$', '') .. 'median.lua')

-- As often as takes about 10 ms.
local function repeats_for(f, x)
  local n = 1
  while true do
    local t = time(f, x, n)
    if t * n > 0.002 then return math.max(1, math.floor(0.01 / t)) end
    n = n * 4
  end
end

local function measure(value)
  local rows = {}
  for _, codec in ipairs(codecs) do
    local ok, bytes = pcall(codec.encode, value)
    local decode = type(value) ~= 'function' and codec.plain or codec.decode
    if ok and pcall(decode, bytes) then
      rows[#rows + 1] = {name = codec.name, bytes = bytes, encode = codec.encode, decode = decode, enc = {}, dec = {},
                         n = repeats_for(codec.encode, value), m = repeats_for(decode, bytes)}
    end
  end
  for round = 1, rounds do
    for _, row in ipairs(rows) do
      collectgarbage()
      row.enc[round] = time(row.encode, value, row.n)
      collectgarbage()
      row.dec[round] = time(row.decode, row.bytes, row.m)
    end
  end
  return rows
end

local function show(seconds)
  return seconds < 1e-6 and ('%.0f ns'):format(seconds * 1e9) or seconds < 1e-3 and ('%.2f us'):format(seconds * 1e6)
    or ('%.2f ms'):format(seconds * 1e3)
end

local out = path and assert(io.open(path, 'w'))
if out then out:write('lua\tcase\tcodec\tencode_s\tdecode_s\tbytes\n') end
print(('%s, %d rounds, medians; ratio = peer / parallel (above 1: parallel is faster)'):format(jit and jit.version or _VERSION, rounds))
print(('%-15s %-14s %10s %7s %10s %7s %9s'):format('case', 'codec', 'encode', 'ratio', 'decode', 'ratio', 'bytes'))
for _, case in ipairs(cases) do
  local first
  for _, row in ipairs(measure(case[2]())) do
    local enc, dec = median(row.enc), median(row.dec)
    first = first or {enc, dec}
    print(('%-15s %-14s %10s %7.2f %10s %7.2f %9d'):format(case[1], row.name, show(enc), enc / first[1], show(dec),
      dec / first[2], #row.bytes))
    if out then out:write(('%s\t%s\t%s\t%.4g\t%.4g\t%d\n'):format(jit and 'jit' or _VERSION, case[1], row.name, enc, dec, #row.bytes)) end
  end
end
if out then out:close() end
