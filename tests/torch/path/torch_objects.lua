-- Stand-ins for what a real Torch7 has beside tensors, with its names and calls; its own are userdata made in C.
local torch = require 'standin'
local registry = debug.getregistry()

local function class(name, parent)
  local metatable
  metatable = torch.newmetatable(name, parent, function() return setmetatable({}, metatable) end)
  return metatable, function(fields) return setmetatable(fields, metatable) end
end

-- In C, as Torch's: it wants a file of its own.
local needs_file = registry['torch.DoubleTensor'].write

function torch.pointer(object) return object.address or tostring(object.pointer and object:pointer() or object) end

-- --- HalfStorage and HalfTensor: here as FloatStorages, under other names ---

local HalfStorage, new_storage = class 'torch.HalfStorage'
HalfStorage.write, HalfStorage.read = needs_file, needs_file
function HalfStorage:size() return self.floats and self.floats:size() or 0 end

function torch.HalfStorage(n) return new_storage {floats = n and torch.FloatStorage(n), address = {}} end

local HalfTensor, new_tensor = class 'torch.HalfTensor'
HalfTensor.write, HalfTensor.read = needs_file, needs_file
function HalfTensor:dim() return #self.sizes end
-- A new object each time, as Torch's.
function HalfTensor:storage() return new_storage {floats = self.floats, address = self.address} end
function HalfTensor:storageOffset() return self.offset end
function HalfTensor:size() return self.sizes end
function HalfTensor:stride() return self.strides end
function HalfTensor:float() return torch.FloatTensor(self.floats, self.offset, self.sizes, self.strides) end

function torch.HalfTensor(storage, offset, sizes, strides)
  if not storage then return new_tensor {sizes = {}, strides = {}} end
  return new_tensor {floats = storage.floats, address = storage.address, offset = offset or 1, sizes = sizes or {storage:size()},
    strides = strides or {1}}
end

registry['torch.FloatTensor'].half = function(tensor)
  local storage = torch.HalfStorage(#tensor:numbers())
  for i, x in ipairs(tensor:numbers()) do storage.floats:set(i, x) end
  return torch.HalfTensor(storage)
end

-- --- Generator ---

local Generator, new_generator = class 'torch.Generator'
Generator.write, Generator.read = needs_file, needs_file
function torch.Generator() return new_generator {state = 1} end

function torch.random(generator)
  generator.state = generator.state * 16807 % 2147483647
  return generator.state
end

function torch.getRNGState(generator)
  local storage = torch.ByteStorage(4)
  for i = 1, 4 do storage:set(i, math.floor(generator.state / 256 ^ (i - 1)) % 256) end
  return torch.ByteTensor(storage, 1, {4}, {1})
end

function torch.setRNGState(generator, state)
  generator.state = 0
  for i, byte in ipairs(state:numbers()) do generator.state = generator.state + byte * 256 ^ (i - 1) end
end

-- --- MemoryFile ---

local MemoryFile, new_file = class 'torch.MemoryFile'
function torch.MemoryFile(storage, mode)
  return new_file {chars = storage, mode = mode, at = 1, is_binary = false, is_quiet = false, spacing = true, references = true}
end
function MemoryFile:storage() return self.chars end
function MemoryFile:isReadable() return self.mode:find('r') ~= nil end
function MemoryFile:isWritable() return self.mode:find('w') ~= nil end
function MemoryFile:position() return self.at end
function MemoryFile:seek(at) self.at = at end
function MemoryFile:isBinary() return self.is_binary end
function MemoryFile:binary() self.is_binary = true end
function MemoryFile:ascii() self.is_binary = false end
function MemoryFile:isQuiet() return self.is_quiet end
function MemoryFile:quiet() self.is_quiet = true end
function MemoryFile:isAutoSpacing() return self.spacing end
function MemoryFile:noAutoSpacing() self.spacing = false end
function MemoryFile:isReferenced() return self.references end
function MemoryFile:referenced(on) self.references = on end

-- --- what has no way ---

local PipeFile = class 'torch.PipeFile'
function torch.PipeFile()
  local file = torch.newcounter(0)
  debug.setmetatable(file, PipeFile)
  return file
end
