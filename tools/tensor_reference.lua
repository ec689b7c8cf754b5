-- tools/tensor_reference.lua: writes types/tensor.lua, docs/tensor-reference.md and the first table of docs/tensor.md, from the module itself and
-- tools/tensor_words.txt. Run in the clone's folder: tools/lua 5.4 tools/tensor_reference.lua
package.path = 'tools/?.lua;' .. package.path
local words = require 'tensor_words'
local document = require 'document'

local sections = words.read 'tools/tensor_words.txt'

local class_of = {}
for _, place in ipairs(words.places) do class_of[place.owner] = place.class end
local variables = {torch = 'torch', t = 'Tensor', s = 'Storage', file = 'File', cmd = 'CmdLine', tester = 'Tester', timer = 'Timer'}

-- --- for editors ---

local head = [[
---@meta parallel.tensor
-- The contract of parallel.tensor, which answers require 'torch' as well: made by tools/tensor_reference.lua, do not edit it here. A call that
-- cannot be raises a text that names the function, the argument and the sizes.

--- Torch7's tensors, whose storages processes can share (docs/tensor.md).
---@class torch
---@field Tensor fun(...: any): torch.Tensor the default type, DoubleTensor
---@field Storage fun(...: any): torch.Storage its storage
---@field DiskFile fun(path: string, mode: string?, quiet: boolean?): torch.File
---@field MemoryFile fun(storage: torch.Storage|string|nil, mode: string?): torch.File
---@field PipeFile fun(command: string, mode: string?, quiet: boolean?): torch.File
---@field CmdLine fun(): torch.CmdLine
---@field Tester fun(): torch.Tester
---@field Timer fun(): torch.Timer
]]

local function put_classes(put)
  put(head)
  for _, kind in ipairs {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'} do
    for _, what in ipairs {'Tensor', 'Storage'} do put('---@field %s%s fun(...: any): torch.%s%s', kind, what, kind, what) end
  end
  put('local torch = {}\n')
  for _, class in ipairs {'Tensor', 'Storage', 'File', 'CmdLine', 'Tester', 'Timer'} do
    put('---@class torch.%s\nlocal %s = {}\n', class, class)
  end
  put('---@class torch.Generator\n')
  for _, kind in ipairs {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'} do
    put('---@class torch.%sTensor: torch.Tensor\n\n---@class torch.%sStorage: torch.Storage\n', kind, kind)
  end
end

local function overload(signature, way)
  local list = {}
  if signature.method then list[1] = 'self: ' .. class_of[signature.owner] end
  for _, argument in ipairs(way.arguments) do
    list[#list + 1] = ('%s: %s%s'):format(argument.name, argument.type, argument.optional and '?' or '')
  end
  return ('---@overload fun(%s): %s'):format(table.concat(list, ', '), table.concat(way.results, ', '))
end

local function put_signature(put, entry, signature)
  local first, names = signature.ways[1], {}
  put('--- %s%s', entry.text, entry.only and (' (%s)'):format(entry.only) or '')
  for i, argument in ipairs(first.arguments) do
    names[i] = argument.name
    put('---@param %s%s %s', argument.name, argument.optional and argument.name ~= '...' and '?' or '', argument.type)
  end
  for _, kind in ipairs(first.results) do put('---@return %s', kind) end
  local seen = {}
  for i = 2, #signature.ways do
    local line = overload(signature, signature.ways[i])
    if not seen[line] then put(line) end
    seen[line] = true
  end
  put('function %s%s%s(%s) end\n', variables[signature.owner], signature.method and ':' or '.', entry.name, table.concat(names, ', '))
end

local function types_text()
  local out = {}
  local function put(format, ...) out[#out + 1] = select('#', ...) > 0 and format:format(...) or format end
  put_classes(put)
  for _, section in ipairs(sections) do
    put('-- --- %s ---\n', section.name)
    for _, entry in ipairs(section) do
      for _, signature in ipairs(entry) do put_signature(put, entry, signature) end
    end
  end
  put('return torch\n')
  return table.concat(out, '\n')
end

-- --- for people ---

local function short(kind) return (kind:gsub('torch%.', ''):gsub('|', '\\|')) end

-- What comes out, each kind once: 'number' and 'Tensor, LongTensor' of a function that gives either.
local function results_cell(entry)
  local list, seen = {}, {}
  for _, signature in ipairs(entry) do
    for _, way in ipairs(signature.ways) do
      local text = short(table.concat(way.results, ', '))
      if not seen[text] and text ~= '' then list[#list + 1] = text end
      seen[text] = true
    end
  end
  return #list > 0 and '`' .. table.concat(list, '` or `') .. '`' or ''
end

local function row(entry)
  local calls = {}
  for _, signature in ipairs(entry) do
    for _, call in ipairs(signature.calls) do calls[#calls + 1] = '`' .. call .. '`' end
  end
  return ('| %s | %s | %s%s |'):format(table.concat(calls, '<br>'), results_cell(entry), entry.text:gsub('|', '\\|'),
    entry.only and (' (%s)'):format(entry.only) or '')
end

local function reference_text()
  local out = {'# Reference of tensors\n',
    'Every function of `parallel.tensor` with its arguments and results, made from the module itself by `tools/tensor_reference.lua`: do not edit',
    'it here. Editors with the Lua language server show the same when `types` is among their libraries. [tensor.md](tensor.md) says more.\n',
    'What stands in brackets may be left out. `t` is a tensor, `s` a storage. A method `r:name(t, ...)` with the arguments of a function puts the',
    'result into `r`; arguments have one type, that of the first. Integers of a type count as `number` here. What cannot be raises a text that',
    'names the function, the argument and the sizes. A type in parentheses is what the function exists for; without one it is all seven.\n'}
  for _, section in ipairs(sections) do
    out[#out + 1] = ('## %s\n'):format((section.name:gsub('^%l', string.upper)))
    if section.text then out[#out + 1] = section.text .. '\n' end
    out[#out + 1] = '| call | result | |\n|---|---|---|'
    for _, entry in ipairs(section) do out[#out + 1] = row(entry) end
    out[#out + 1] = ''
  end
  return table.concat(out, '\n')
end

local function overview()
  local out = {'| | |', '|---|---|'}
  for _, section in ipairs(sections) do
    local names, seen = {}, {}
    for _, entry in ipairs(section) do
      if not seen[entry.name] then names[#names + 1] = '`' .. entry.name .. '`' end
      seen[entry.name] = true
    end
    out[#out + 1] = ('| [%s](tensor-reference.md#%s) | %s |'):format(section.name, section.name:gsub(' ', '-'), table.concat(names, ' '))
  end
  return table.concat(out, '\n')
end

local made = {
  {path = 'types/tensor.lua', text = types_text()},
  {path = 'docs/tensor-reference.md', text = reference_text()},
  document.part('docs/tensor.md', '<!-- made by tools/tensor_reference.lua -->\n', overview()),
}
return document.finish(made, 'tensor_reference')
