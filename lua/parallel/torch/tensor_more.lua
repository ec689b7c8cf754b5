-- The part of parallel.tensor that reads better in Lua than in C. The C side calls this once with the module table.
local function each_tensor_class(torch, action)
  for name, metatable in pairs(torch._metatables) do
    if name:match('Tensor$') then
      action(metatable)
    end
  end
end

-- Functions that are both torch.name(t, ...) and t:name(...).
local both = {}

-- Raised where the function was called that is named.
local function fail(call, format, ...) error(('torch.%s: ' .. format):format(call, ...), 4) end

local function check_tensor(call, tensor)
  if not require('parallel.tensor').isTensor(tensor) then fail(call, 'argument 1: tensor expected, got %s', type(tensor)) end
end

local function sizes_of(tensor) return '[' .. table.concat(tensor:size():totable(), ' x ') .. ']' end

-- The dimension that is meant, or an error that says which there are.
local function check_dim(call, tensor, dim)
  check_tensor(call, tensor)
  dim = dim or 1
  if type(dim) == 'number' and dim >= 1 and dim <= tensor:dim() then return dim end
  fail(call, 'argument 3: dimension %s out of range of %dD tensor %s', tostring(dim), tensor:dim(), sizes_of(tensor))
end

local function check_count(call, tensor, count, what)
  if type(count) == 'number' and count >= 1 then return end
  fail(call, 'argument 2: %s expected, got %s for a tensor of %s', what, tostring(count), sizes_of(tensor))
end

local function parts_of(tensor, size, dim)
  local parts, length = {}, tensor:size(dim)
  size = math.min(size, length) -- no infinite step, which Lua 5.1 does not take
  for first = 1, length, size do
    parts[#parts + 1] = tensor:narrow(dim, first, math.min(size, length - first + 1))
  end
  return parts
end

function both.split(tensor, size, dim)
  dim = check_dim('split', tensor, dim)
  check_count('split', tensor, size, 'a positive size of the parts')
  return parts_of(tensor, math.floor(size), dim)
end

function both.chunk(tensor, count, dim)
  dim = check_dim('chunk', tensor, dim)
  check_count('chunk', tensor, count, 'a positive number of chunks')
  return parts_of(tensor, math.max(1, math.ceil(tensor:size(dim) / count)), dim)
end

local function check_order(tensor, n, order)
  check_tensor('permute', tensor)
  if n ~= tensor:dim() then fail('permute', '%d dimensions expected for a tensor of %s, got %d', tensor:dim(), sizes_of(tensor), n) end
  local seen = {}
  for i = 1, n do
    local from = order[i]
    if type(from) ~= 'number' or from % 1 ~= 0 or from < 1 or from > n or seen[from] then
      fail('permute', 'argument %d: each dimension of %s must be named once, got %s', i + 1, sizes_of(tensor), tostring(from))
    end
    seen[from] = true
  end
end

function both.permute(tensor, ...)
  local order, n = {...}, select('#', ...)
  check_order(tensor, n, order)
  if n == 0 then return tensor.new(tensor) end
  local sizes, strides = tensor:size(), tensor:stride()
  local new_sizes, new_strides = sizes.new(n), strides.new(n)
  for i, from in ipairs(order) do
    new_sizes[i], new_strides[i] = sizes[from], strides[from]
  end
  return tensor.new(tensor:storage(), tensor:storageOffset(), new_sizes, new_strides)
end

-- The sizes in the arguments: numbers, or one LongStorage or table.
local function as_list(first, ...)
  if type(first) == 'table' then return first end
  if require('parallel.tensor').isStorage(first) then return first:totable() end
  local list = {first, ...}
  list.n = 1 + select('#', ...) -- a nil among them counts
  return list
end

local function check_repeats(tensor, counts)
  check_tensor('repeatTensor', tensor)
  for i = 1, counts.n or #counts do
    local count = counts[i]
    if type(count) ~= 'number' or count % 1 ~= 0 or count < 0 then
      fail('repeatTensor', 'argument %d: a number of times expected, got %s for a tensor of %s', i + 1, tostring(count), sizes_of(tensor))
    end
  end
  if #counts < tensor:dim() then
    fail('repeatTensor', 'Number of dimensions of repeat dims (%d) can not be smaller than number of dimensions of tensor (%d): %s',
      #counts, tensor:dim(), sizes_of(tensor))
  end
end

-- torch.repeatTensor([result,] tensor, sizes)
function both.repeatTensor(tensor, first, ...)
  local torch = require('parallel.tensor')
  local result, counts
  if torch.isTensor(first) then
    result, tensor, counts = tensor, first, as_list(...)
  else
    counts = as_list(first, ...)
  end
  check_repeats(tensor, counts)
  result = result or tensor.new()
  if torch.type(result) ~= torch.type(tensor) then
    fail('repeatTensor', 'argument 1: %s expected, got %s', torch.type(tensor), torch.type(result))
  end
  local n, old = #counts, tensor:dim()
  local source, sizes = tensor:contiguous(), {}
  for i = 1, n do
    sizes[i] = i > n - old and tensor:size(i - (n - old)) or 1
  end
  -- Each dimension i becomes two, counts[i] and sizes[i]; the first is filled by expansion.
  local spread, wide, final = {}, {}, {}
  for i = 1, n do
    spread[2 * i - 1], spread[2 * i] = 1, sizes[i]
    wide[2 * i - 1], wide[2 * i] = counts[i], sizes[i]
    final[i] = counts[i] * sizes[i]
  end
  local filled = source:view(torch.LongStorage(spread)):expand(torch.LongStorage(wide)):contiguous()
  return result:set(filled:view(torch.LongStorage(final)))
end

local function add_timer(torch)
  local Timer = torch.class('torch.Timer', torch)
  function Timer:__init()
    self:reset()
  end
  -- Sums up what ran since the last resume.
  local function running(self)
    local total = {}
    for i, now in ipairs {torch._clock()} do
      total[i] = self.kept[i] + (self.started and now - self.started[i] or 0)
    end
    return total
  end
  function Timer:reset()
    self.kept, self.started = {0, 0, 0}, {torch._clock()}
    return self
  end
  function Timer:stop()
    self.kept, self.started = running(self), nil
    return self
  end
  function Timer:resume()
    self.started = self.started or {torch._clock()}
    return self
  end
  function Timer:time()
    local t = running(self)
    return {real = t[1], user = t[2], sys = t[3]}
  end
  function Timer.__tostring__()
    return 'torch.Timer'
  end
  -- It goes on at the receiver from what it has counted: clocks of two processes have nothing in common.
  function Timer:write(file)
    file:writeBool(self.started ~= nil)
    for _, seconds in ipairs(running(self)) do file:writeDouble(seconds) end
  end
  function Timer:read(file)
    local runs = file:readBool()
    self.kept = {file:readDouble(), file:readDouble(), file:readDouble()}
    self.started = runs and {torch._clock()} or nil
  end
end

local function teach_generator(torch)
  local core = require 'parallel.core'
  if core.registered('torch.Generator') then return end
  core.register('torch.Generator', {metatable = debug.getmetatable(torch.Generator()), encode = torch.getRNGState,
    decode = function(state)
      local generator = torch.Generator()
      torch.setRNGState(generator, state)
      return generator
    end})
end

local function add_counters(torch)
  function torch.tic()
    return (torch._clock())
  end
  function torch.toc(since)
    return torch._clock() - since
  end
  function torch.getnumthreads()
    return 1
  end
  function torch.setnumthreads() end
  torch.getnumcores = require 'parallel.core'.cores
end

-- LuaJIT: t:data() and s:data() are FFI pointers to the elements, good as long as the storage lives and keeps its size.
local function add_data(torch)
  local types = {
    Byte = 'uint8_t *', Char = 'int8_t *', Short = 'int16_t *', Int = 'int32_t *', Long = 'int64_t *',
    Float = 'float *', Double = 'double *',
  }
  local has_ffi, ffi = pcall(require, 'ffi')
  for name, metatable in pairs(torch._metatables) do
    local element = types[name:match('^torch%.(%u%l+)[TS]%l+$')]
    if element and has_ffi and rawget(_G, 'jit') then
      local pointer = ffi.typeof(element)
      function metatable.data(self)
        return ffi.cast(pointer, torch._address(self))
      end
    elseif element then
      function metatable.data()
        error('data() gives an FFI pointer and so needs LuaJIT', 2)
      end
    end
  end
end

-- What Torch7 has and we have not: there, so that a call says so.
local missing = {
  'multinomialAliasSetup', 'multinomialAlias', 'updatethreadlocals', 'updateerrorhandlers', 'setheaptracking', 'HalfTensor',
  'HalfStorage', 'CudaTensor', 'CudaStorage',
}

local function add_missing(torch)
  torch._missing = {}
  for _, name in ipairs(missing) do
    torch._missing[name] = true
    local function refuse()
      error(('torch.%s is not part of parallel.tensor; docs/tensor.md lists what is'):format(name), 2)
    end
    torch[name] = refuse
    each_tensor_class(torch, function(metatable)
      if metatable[name] == nil and name:match('^%l') then
        metatable[name] = refuse
      end
    end)
  end
end

return function(torch)
  require('parallel.torch.real').refuse()
  torch._VERSION = require('parallel.core')._VERSION
  require('parallel.torch.later')(torch)
  require('parallel.torch.tensor_class')(torch)
  require('parallel.torch.contents')(torch)
  for name, f in pairs(both) do
    torch[name] = f
    each_tensor_class(torch, function(metatable)
      metatable[name] = f
    end)
  end
  add_timer(torch)
  add_counters(torch)
  add_data(torch)
  add_missing(torch)
  teach_generator(torch)
end
