--- torch.File and its kinds DiskFile, PipeFile, MemoryFile: classes around the files of the C half. object_file.lua adds objects.
return function(torch)
  local DISK, COMMAND, MEMORY = 0, 1, 2
  local open, describe = torch._file.open, torch._file.describe

  local File = torch.newmetatable('torch.File', nil, nil, nil, nil, torch)
  for name, method in pairs(torch._file.methods) do File[name] = method end
  File.__gc = nil -- it is not inherited: each kind has its own

  -- Torch writes a boolean as an Int.
  function File:writeBool(value) self:writeInt(value and 1 or 0) end
  function File:readBool() return self:readInt() == 1 end

  -- A kind of file: `construct` gets its metatable and the arguments. Only one that can be made without any is made by readers.
  local function kind(name, parent, construct, factory)
    local metatable
    local function make(...) return construct(metatable, ...) end
    metatable = torch.newmetatable(name, parent, make, nil, factory and make, torch)
    metatable.__gc = torch._file.methods.__gc
    function metatable:__tostring__() return describe(self, name) end
    return metatable
  end

  kind('torch.DiskFile', 'torch.File', function(metatable, path, mode, quiet)
    if type(path) ~= 'string' then error('torch.DiskFile: a path expected, got ' .. torch.type(path), 3) end
    return open(metatable, DISK, path, mode or 'r', quiet)
  end)

  kind('torch.PipeFile', 'torch.DiskFile', function(metatable, command, mode, quiet)
    if type(command) ~= 'string' then error('torch.PipeFile: a command expected, got ' .. torch.type(command), 3) end
    return open(metatable, COMMAND, command, mode or 'r', quiet)
  end)

  -- torch.MemoryFile([storage,] [mode])
  local MemoryFile = kind('torch.MemoryFile', 'torch.File', function(metatable, storage, mode)
    if not torch.isStorage(storage) then storage, mode = nil, storage end
    return open(metatable, MEMORY, storage, mode or 'rw')
  end, true)

  -- In a message it is its chars, its position and what it is set to.
  local settings = {'binary', 'ascii', 'autoSpacing', 'noAutoSpacing', 'quiet', 'pedantic'}

  function MemoryFile:__write(file)
    local set = {}
    for i, on in ipairs {self:isBinary(), not self:isBinary(), self:isAutoSpacing(), not self:isAutoSpacing(), self:isQuiet(),
                         not self:isQuiet()} do
      if on then set[#set + 1] = settings[i] end
    end
    local mode = (self:isReadable() and 'r' or '') .. (self:isWritable() and 'w' or '')
    file:writeObject({storage = self:storage(), mode = mode, position = self:position(), set = set})
  end

  function MemoryFile:__read(file)
    local from = file:readObject()
    self:_reopen(from.storage, from.mode)
    self:seek(from.position)
    for _, name in ipairs(settings) do
      for _, wanted in ipairs(from.set) do if name == wanted then self[name](self) end end
    end
  end

  return File
end
