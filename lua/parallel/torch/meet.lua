--- What a real Torch7 that a program loads gets from this library: share() and isShared() for its tensors and storages, and a way to
-- travel for those of its objects whose own is in C. Loaded once, when Torch is there.
local core = require 'parallel.core'

local registry = debug.getregistry()

local function loaded() return package.loaded.torch or require 'torch' end

-- A class that Torch made, to be sent by functions of ours. What the program registered for it itself comes first.
local function teach(name, encode, decode)
  local metatable = registry[name]
  if type(metatable) ~= 'table' or core.registered(name) then return end
  core.register(name, {metatable = metatable, encode = encode, decode = decode})
end

-- --- numbers of 16 bits ---

-- Each HalfTensor makes a new object for its storage: the same one has to stand for it in all of a message.
local storages = setmetatable({}, {__mode = 'v'})

local function one_storage(storage)
  local address = loaded().pointer(storage)
  if not storages[address] then storages[address] = storage end
  return storages[address]
end

-- A storage of this type can only be looked at through a tensor; floats hold all of its numbers.
local function encode_half_storage(storage)
  local torch = loaded()
  if storage:size() == 0 then return nil end
  return torch.HalfTensor(storage):float()
end

local function decode_half_storage(floats)
  local torch = loaded()
  return floats and floats:half():storage() or torch.HalfStorage()
end

local function encode_half_tensor(tensor)
  if tensor:dim() == 0 then return nil end
  return one_storage(tensor:storage()), tensor:storageOffset(), tensor:size(), tensor:stride()
end

local function decode_half_tensor(storage, ...)
  local torch = loaded()
  return storage and torch.HalfTensor(storage, ...) or torch.HalfTensor()
end

-- --- what has a state ---

local function encode_generator(generator) return loaded().getRNGState(generator) end

local function decode_generator(state)
  local torch = loaded()
  local generator = torch.Generator()
  torch.setRNGState(generator, state)
  return generator
end

local function encode_timer(timer)
  local time = timer:time()
  return core.torch_timer(timer), time.real, time.user, time.sys
end

--- It goes on from what it showed, if it was running.
local function decode_timer(running, ...)
  local timer = loaded().Timer()
  core.torch_timer(timer, running, ...)
  return timer
end

local function encode_file(file)
  local mode = (file:isReadable() and 'r' or '') .. (file:isWritable() and 'w' or '')
  return file:storage(), mode, file:position(), file:isBinary(), file:isQuiet(), file:isAutoSpacing(), file:isReferenced()
end

local function decode_file(storage, mode, position, binary, quiet, spacing, referenced)
  local file = loaded().MemoryFile(storage, mode)
  if binary then file:binary() else file:ascii() end
  if quiet then file:quiet() end
  if not spacing then file:noAutoSpacing() end
  file:referenced(referenced)
  file:seek(position)
  return file
end

teach('torch.HalfStorage', encode_half_storage, decode_half_storage)
teach('torch.HalfTensor', encode_half_tensor, decode_half_tensor)
teach('torch.Generator', encode_generator, decode_generator)
teach('torch.Timer', encode_timer, decode_timer)
teach('torch.MemoryFile', encode_file, decode_file)
require 'parallel.torch.tds'
core.torch_methods()
