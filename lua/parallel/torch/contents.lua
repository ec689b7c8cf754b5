--- How tensors and storages write themselves to a file and read themselves back, whatever kind of file it is.
local function check_file(file, call)
  if type(file) ~= 'userdata' and type(file) ~= 'table' then error(('torch.%s: a file expected, got %s'):format(call, type(file)), 3) end
end

local function write_storage(storage, file)
  check_file(file, 'write')
  file:writeLong(storage:size())
  if storage:size() > 0 then file['write' .. storage:type():match('%.(%a+)Storage')](file, storage) end
end

local function read_storage(storage, file)
  check_file(file, 'read')
  local size = file:readLong()
  if size < 0 then error(('a storage of %s elements'):format(size), 0) end
  storage:_take(file['read' .. storage:type():match('%.(%a+)Storage')](file, size))
end

local function write_tensor(tensor, file)
  check_file(file, 'write')
  file:writeInt(tensor:dim())
  if tensor:dim() > 0 then
    file:writeLong(tensor:size())
    file:writeLong(tensor:stride())
  end
  file:writeLong(tensor:storageOffset())
  file:writeObject(tensor:storage())
end

local function read_tensor(tensor, file)
  check_file(file, 'read')
  local dims, torch = file:readInt(), require 'parallel.tensor'
  if dims < 0 or dims > 64 then error(('a tensor of %d dimensions'):format(dims), 0) end
  local sizes, strides = torch.LongStorage(), torch.LongStorage()
  if dims > 0 then sizes, strides = file:readLong(dims), file:readLong(dims) end
  local offset, storage = file:readLong(), file:readObject()
  if storage ~= nil then
    if not torch.isStorage(storage) then error('a tensor whose storage is a ' .. torch.type(storage), 0) end
    tensor:set(storage, offset, sizes, strides)
  elseif dims > 0 then
    error('a tensor without a storage', 0)
  end
end

return function(torch)
  for name, metatable in pairs(torch._metatables) do
    if name:match('Tensor$') then
      metatable.write, metatable.read = write_tensor, read_tensor
    else
      metatable.write, metatable.read = write_storage, read_storage
      function metatable.type() return name end
    end
  end
end
