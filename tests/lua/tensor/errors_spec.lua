-- Errors say which function it was, which argument and of which sizes: every call of errors.lua with one argument after the other spoilt,
-- called by pcall, so that Lua knows no name.
local torch = require 'parallel.tensor'
local calls = dofile('tests/lua/tensor/errors.lua')
local make = dofile('tests/lua/tensor/stand_for.lua')
local unpack = table.unpack or unpack -- luacheck: ignore

local function sizes_of(text)
  local sizes = {}
  for n in text:gmatch('%d+') do sizes[#sizes + 1] = tonumber(n) end
  return sizes
end

local function is_tensor(argument) return type(argument) == 'string' and argument:sub(1, 1) ~= 'S' end
local function shape(text) return '[' .. table.concat(sizes_of(text), ' x ') .. ']' end

local function try(f, arguments, n)
  local values = {}
  for i = 1, n do values[i] = make(arguments[i]) end
  return pcall(f, unpack(values, 1, n))
end

local function has_one(message, texts)
  for _, text in ipairs(texts) do
    if message:find(text, 1, true) then return true end
  end
  return #texts == 0
end

-- The same call with argument k changed either works or says what is asked for: a list of texts, or of lists of which one has to be there.
local function spoil(call, f, k, by, asked)
  local arguments = {unpack(call, 2)}
  arguments[k] = by
  local good, message = try(f, arguments, #call - 1)
  if good then return end
  message = tostring(message)
  local what = ('%s, argument %d is %s: %s'):format(call[1], k, tostring(by), message)
  assert.truthy(message:find(call[1], 1, true), what)
  for _, texts in ipairs(asked) do
    assert.truthy(has_one(message, type(texts) == 'table' and texts or {texts}), what)
  end
end

local function other_shapes(call, k)
  local list = {}
  for i = 2, #call do
    if i ~= k + 1 and is_tensor(call[i]) then list[#list + 1] = shape(call[i]) end
  end
  return list
end

-- Where one of several tensors does not fit the others, both are named; where it could not be right anyway, it alone.
local function spoil_tensor(call, f, k)
  local kind, others = call[k + 1]:match('^%a?'), other_shapes(call, k)
  for _, alone in ipairs {'expected', 'should', 'must', 'dimension'} do
    if #others > 0 then others[#others + 1] = alone end
  end
  for _, by in ipairs {'7x5x3x2', '13', '5x7'} do spoil(call, f, k, (kind == 'E' and '' or kind) .. by, {shape(by), others}) end
  spoil(call, f, k, 'F' .. call[k + 1]:gsub('^%a', ''), {{'FloatTensor', 'Lapack Error'}})
end

local function spoil_number(call, f, k)
  local shapes = other_shapes(call, k)
  for _, alone in ipairs {'invalid size', 'must', 'bound', 'support', 'larger', '> 0', '< 1', 'expected'} do
    if #shapes > 0 then shapes[#shapes + 1] = alone end
  end
  for _, by in ipairs {-7, 99, 0} do spoil(call, f, k, by, {{'#', 'argument', tostring(by)}, shapes}) end
end

local function check_way(call, f)
  if not f or not try(f, {unpack(call, 2)}, #call - 1) then return 0 end
  for k = 1, #call - 1 do
    if is_tensor(call[k + 1]) then spoil_tensor(call, f, k) end
    if type(call[k + 1]) == 'number' then spoil_number(call, f, k) end
    for _, by in ipairs {io.stdout, {}, true} do spoil(call, f, k, by, {{'#', 'argument', 'size', 'repeat'}}) end
    spoil(call, f, k, nil, {{'#', 'argument', 'size', 'dim'}})
  end
  return 1
end

-- A call that needs a LAPACK, where there is none.
local function is_missing(call)
  local good, message = try(torch[call[1]], {unpack(call, 2)}, #call - 1)
  return not good and tostring(message):find('install OpenBLAS', 1, true) ~= nil
end

describe('errors', function()
  for _, call in ipairs(calls) do
    it('of ' .. call[1] .. ' name it, the argument and the sizes', function()
      if is_missing(call) then return pending 'there is no LAPACK here' end
      local method = is_tensor(call[2]) and make(call[2])[call[1]]
      assert.is_true(check_way(call, torch[call[1]]) + check_way(call, method or nil) > 0)
    end)
  end

  it('name a function that was called by another name, or as the last thing of another', function()
    local function last(t) return t:narrow(1, 9, 1) end
    local _, message = pcall(last, torch.ones(2, 3))
    assert.truthy(message:find("'narrow'", 1, true) and message:find('[2 x 3]', 1, true), message)
    local other = torch.mm
    local _, of_other = pcall(function() local r = other(torch.ones(2, 3), torch.ones(2, 3)) return r end)
    assert.truthy(of_other:find('torch.mm: size mismatch, m1: [2 x 3], m2: [2 x 3]', 1, true), of_other)
  end)
  it('name constructors, elements, files and generators too', function()
    local metatable, file = torch._metatables['torch.DoubleTensor'], torch.MemoryFile()
    local storage_methods, generator = torch._metatables['torch.CharStorage'], torch.Generator()
    for _, case in ipairs {
      {"argument #1 to 'DoubleTensor'", torch.Tensor, 0 / 0}, {"argument #2 to 'DoubleTensor'", torch.Tensor, 1, 'x'},
      {"argument #1 to 'IntTensor'", torch.IntTensor, 'x'}, {"argument #2 to 'LongTensor'", torch.LongTensor, torch.LongStorage(2), 9},
      {'torch.DoubleTensor: invalid size -1', torch.Tensor, -1}, {'torch.DoubleTensor: ', torch.Tensor, {1, {2}}},
      {"argument #1 to 'DoubleStorage'", torch.DoubleStorage, 0 / 0}, {"argument #1 to 'CharStorage'", torch.CharStorage, {'x'}},
      {"argument #2 to 'index'", metatable.__index, torch.ones(2), 3}, {"argument #2 to 'index'", metatable.__index, torch.ones(2), true},
      {"argument #3 to 'newindex'", metatable.__newindex, torch.ones(2), 1, 'x'},
      {"argument #2 to 'index'", storage_methods.__index, torch.CharStorage(2), 3},
      {"argument #2 to 'newindex'", storage_methods.__newindex, torch.CharStorage(2), 'x', 1},
      {"argument #2 to 'string'", storage_methods.string, torch.CharStorage(2), {}},
      {"argument #2 to 'type'", metatable.type, torch.ones(2), {}},
      {"argument #1 to 'setdefaulttensortype'", torch.setdefaulttensortype, {}},
      {"argument #1 to 'setdefaulttensortype'", torch.setdefaulttensortype, 'torch.HalfTensor'},
      {"argument #1 to 'pointer'", torch.pointer, 5}, {"argument #1 to 'manualSeed'", torch.manualSeed, 'x'},
      {"argument #1 to 'setRNGState'", torch.setRNGState, torch.ByteTensor(3)},
      {"argument #1 to 'tostring'", debug.getmetatable(generator).__tostring, io.stdout},
      {"argument #2 to 'seek'", file.seek, file, 'x'}, {"argument #1 to 'binary'", file.binary, io.stdout},
      {"argument #2 to 'writeInt'", file.writeInt, file, 'x'}, {"argument #2 to 'readString'", file.readString, file},
      {"argument #2 to 'writeString'", file.writeString, file, 5}, {"argument #2 to 'longSize'", file.longSize, file, 3},
      {"argument #1 to 'factory'", torch.factory}, {"argument #1 to 'class'", torch.class, 5},
      {'torch.write: a file expected', metatable.write, torch.ones(1)},
      {'torch.read: a file expected', storage_methods.read, torch.CharStorage(1), 5},
      {'torch.repeatTensor: argument 1', torch.repeatTensor, torch.IntTensor(), torch.ones(2), 2},
      {'file mode', torch.MemoryFile, torch.CharStorage '\0', {}}, {'file mode', torch.DiskFile, 'x', {}},
    } do
      local good, message = pcall(unpack(case, 2))
      assert.is_false(good)
      assert.truthy(message:find(case[1], 1, true), case[1] .. ' expected: ' .. message)
    end
  end)
  it('of methods count arguments without the object', function()
    local t = torch.ones(2, 3)
    local _, message = pcall(function() local r = t:narrow(3, 1, 1) return r end)
    assert.truthy(message:find("bad argument #1 to 'narrow' (out of range: dimension 3 of a tensor of [2 x 3])", 1, true), message)
    _, message = pcall(function() local r = t.narrow({}, 1, 1, 1) return r end)
    assert.truthy(message:find("to 'narrow' (tensor expected, got table)", 1, true), message)
  end)
end)
