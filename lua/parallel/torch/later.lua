--- Parts of the module that are loaded when they are first used: by a field of torch, or by the name of a class.
local files = {'file', 'object_file', 'save'}

local parts = {
  {
    modules = files,
    fields = {'File', 'DiskFile', 'MemoryFile', 'PipeFile', 'save', 'load', 'saveobj', 'loadobj', 'serialize', 'deserialize',
              'serializeToStorage', 'deserializeFromStorage'},
    classes = {'torch.File', 'torch.DiskFile', 'torch.MemoryFile', 'torch.PipeFile'},
  },
  {modules = {'cmd_line'}, fields = {'CmdLine'}, classes = {'torch.CmdLine'}},
  {modules = {'tester'}, fields = {'Tester', 'TestSuite'}, classes = {'torch.Tester'}},
}

return function(torch)
  local fields, classes = {}, {}
  for _, part in ipairs(parts) do
    local function load()
      if part.loaded then return end
      part.loaded = true
      for _, module in ipairs(part.modules) do require('parallel.torch.' .. module)(torch) end
    end
    for _, name in ipairs(part.fields) do fields[name] = load end
    for _, name in ipairs(part.classes) do classes[name] = load end
  end
  torch._later = classes
  setmetatable(torch, {
    __index = function(_, name)
      local load = fields[name]
      if not load then return nil end
      load()
      return rawget(torch, name)
    end,
  })
end
