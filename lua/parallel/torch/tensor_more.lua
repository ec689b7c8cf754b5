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

-- The dimension that is meant, or an error that says which there are.
local function check_dim(call, tensor, dim)
  dim = dim or 1
  if type(dim) == 'number' and dim >= 1 and dim <= tensor:dim() then return dim end
  error(('torch.%s: dimension %s out of range of %dD tensor'):format(call, tostring(dim), tensor:dim()), 3)
end

function both.split(tensor, size, dim)
  dim = check_dim('split', tensor, dim)
  if type(size) ~= 'number' or size < 1 then
    error('split: a positive size of the parts expected', 2)
  end
  local parts, length = {}, tensor:size(dim)
  for first = 1, length, size do
    parts[#parts + 1] = tensor:narrow(dim, first, math.min(size, length - first + 1))
  end
  return parts
end

function both.chunk(tensor, count, dim)
  dim = check_dim('chunk', tensor, dim)
  if type(count) ~= 'number' or count < 1 then
    error('chunk: a positive number of chunks expected', 2)
  end
  return both.split(tensor, math.ceil(tensor:size(dim) / count), dim)
end

function both.permute(tensor, ...)
  local order, n = {...}, tensor:dim()
  if #order ~= n then
    error(('permute: %d dimensions expected, got %d'):format(n, #order), 2)
  end
  local seen, sizes, strides = {}, tensor:size(), tensor:stride()
  local new_sizes, new_strides = sizes.new(n), strides.new(n)
  for i, from in ipairs(order) do
    if type(from) ~= 'number' or from < 1 or from > n or seen[from] then
      error(('permute: each dimension of %d must be named once, got %s'):format(n, tostring(from)), 2)
    end
    seen[from] = true
    new_sizes[i], new_strides[i] = sizes[from], strides[from]
  end
  return tensor.new(tensor:storage(), tensor:storageOffset(), new_sizes, new_strides)
end

-- The sizes in the arguments: numbers, or one LongStorage or table.
local function as_list(first, ...)
  if type(first) == 'number' or first == nil then
    return {first, ...}
  elseif type(first) == 'table' then
    return first
  end
  return first:totable()
end

-- torch.repeatTensor([result,] tensor, sizes)
function both.repeatTensor(tensor, first, ...)
  local torch = require('parallel.tensor')
  local result, counts
  if torch.isTensor(first) then
    result, tensor, counts = tensor, first, as_list(...)
  else
    result, counts = tensor.new(), as_list(first, ...)
  end
  local n, old = #counts, tensor:dim()
  if n < old then
    error(('torch.repeatTensor: Number of dimensions of repeat dims (%d) can not be smaller than number of dimensions of tensor (%d)')
      :format(n, old), 2)
  end
  for i, count in ipairs(counts) do
    if type(count) ~= 'number' then error(('torch.repeatTensor: %d is a %s, not a number of times'):format(i, type(count)), 2) end
  end
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
    if element and has_ffi and jit then -- luacheck: ignore
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
