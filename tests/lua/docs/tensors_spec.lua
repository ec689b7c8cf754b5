-- types/tensor.lua and docs/tensor-reference.md are made from the module: everything in it is told, they are not old, calls give what they say,
-- and children have the same.
local parallel = require 'parallel'
local torch = require 'parallel.tensor'
local made = {tensors = dofile 'tools/tensor_reference.lua', torch7 = dofile 'scripts/torch-table.lua'}
local document, words = require 'document', require 'tensor_words'
local sections = words.read 'tools/tensor_words.txt'
local calls = dofile 'tests/lua/tensor/errors.lua'
local make = dofile 'tests/lua/tensor/stand_for.lua'
local unpack = table.unpack or unpack -- luacheck: ignore

teardown(function() parallel.close() end)

local function signatures(owner)
  local set = {}
  for _, section in ipairs(sections) do
    for _, entry in ipairs(section) do
      for _, signature in ipairs(entry) do
        if signature.owner == owner then set[entry.name] = signature end
      end
    end
  end
  return set
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- Is the value of this type, as the Lua language server writes it?
local plain = {integer = 'number', any = true, table = 'table'}

local function is_one(value, kind)
  if kind:find('|', 1, true) then
    for one in kind:gmatch '[^|]+' do
      if is_one(value, one) then return true end
    end
    return false
  end
  if kind:find '%?$' then return value == nil or is_one(value, kind:sub(1, -2)) end
  if kind:find '%[%]$' then return type(value) == 'table' end
  if kind == 'torch.Tensor' then return torch.isTensor(value) end
  if kind == 'torch.Storage' then return torch.isStorage(value) end
  return plain[kind] == true or torch.type(value) == (plain[kind] or kind)
end

local function fits(way, n, values)
  local most, least = #way.arguments, 0
  for i, argument in ipairs(way.arguments) do
    if argument.name == '...' then most = math.huge elseif not argument.optional then least = i end
  end
  if n < least or n > most then return false end
  for i, kind in ipairs(way.results) do
    if not is_one(values[i], kind) then return false end
  end
  return values.n == #way.results
end

local function pack(...) return {n = select('#', ...), ...} end

-- The call as torch.name or as a method: true when it works, and gives what one of the ways says.
local function check(call, f, signature, first)
  local arguments = {}
  for i = 2, #call do arguments[i - 1] = make(call[i]) end
  local values = pack(pcall(f, unpack(arguments, 1, #call - 1)))
  if not values[1] then return false end
  values = pack(unpack(values, 2, values.n))
  for _, way in ipairs(signature.ways) do
    if fits(way, #call - 1 - first, values) then return true end
  end
  local kinds = {}
  for i = 1, values.n do kinds[i] = torch.type(values[i]) end
  error(('%s with %d arguments gives %s'):format(call[1], #call - 1, table.concat(kinds, ', ')))
end

describe('the contract of tensors', function()
  local there = words.there()

  for owner, names in pairs(there) do
    it('tells each function of ' .. owner, function() assert.same(sorted(names), sorted(signatures(owner))) end)
  end

  it('is in types, docs and the table of Torch7 what it is in the code', function()
    assert.is_nil(document.first_old(made.tensors), 'run tools/lua 5.4 tools/tensor_reference.lua')
    assert.is_nil(document.first_old(made.torch7), 'run tools/lua 5.4 scripts/torch-table.lua')
    assert.matches('`gesv`', made.torch7[1].text)
  end)

  local functions, methods = signatures 'torch', signatures 't'
  for _, call in ipairs(calls) do
    it('says what comes out of ' .. call[1], function()
      local name, good = call[1], false
      if functions[name] then good = check(call, torch[name], functions[name], 0) end
      local object = make(call[2])
      if methods[name] and torch.isTensor(object) then good = check(call, object[name], methods[name], 1) or good end
      assert.is_true(good)
    end)
  end

  it('holds in a child', function()
    local missing = parallel.run(function(names)
      local in_child, list = require 'parallel.tensor', {}
      local tensor = in_child.Tensor(1)
      for _, name in ipairs(names.functions) do
        if type(in_child[name]) ~= 'function' then list[#list + 1] = name end
      end
      for _, name in ipairs(names.methods) do
        if type(tensor[name]) ~= 'function' and type(in_child.LongTensor(1)[name]) ~= 'function' then list[#list + 1] = 't:' .. name end
      end
      return list
    end, {functions = sorted(functions), methods = sorted(methods)}):join()
    assert.same({}, missing)
  end)
end)
