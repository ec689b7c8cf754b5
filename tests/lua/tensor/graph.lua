--- Random messages of tensors and storages: views of shared storages, empty ones, the same object many times and under several
-- userdata, as elements and as keys; and whether what arrived is made of the same objects in the same way.
--
-- lib tells how the tensors at hand are made and seen: storage(type, n), view(type, storage, offset, sizes, strides),
-- empty(type), storage_of(tensor), again(object) -> another userdata for it, id(object), numbers(tensor), elements(storage) -> list.
local assert = require 'luassert'

local graph = {}

local types = {'Byte', 'Int', 'Long', 'Float', 'Double'}

local function pick(list) return list[math.random(#list)] end

-- A few objects that the message is made of: {object = userdata, kind = 'tensor' or 'storage'}.
local function objects_of(lib)
  local objects, storages = {}, {}
  local function add(object, kind) objects[#objects + 1] = {object = object, kind = kind} end
  for i = 1, math.random(1, 6) do
    local type = pick(types)
    storages[i] = {type = type, size = math.random(0, 12), object = nil}
    storages[i].object = lib.storage(type, storages[i].size)
    if math.random(2) == 1 then add(storages[i].object, 'storage') end
  end
  for _ = 1, math.random(1, 12) do
    local storage = pick(storages)
    if storage.size == 0 or math.random(5) == 1 then
      add(lib.empty(storage.type), 'tensor')
    else
      local first = math.random(storage.size)
      local n = math.random(storage.size - first + 1)
      add(lib.view(storage.type, storage.object, first, {n}, {1}), 'tensor')
    end
  end
  return objects
end

local function random_value(lib, objects, tables, depth)
  local dice = math.random(10)
  if dice <= 5 then
    local one = pick(objects)
    return {kind = one.kind, object = math.random(4) == 1 and lib.again(one.object) or one.object}
  elseif dice <= 6 and #tables > 0 then
    return {kind = 'table', object = pick(tables)}
  elseif dice <= 8 and depth < 4 then
    return {kind = 'table', object = graph.table(lib, objects, tables, depth + 1)}
  end
  return {kind = 'plain', object = math.random(1000)}
end

--- A table of entries {kind, value} in a row, and of entries under tensors and storages as keys, which hold their key too.
function graph.table(lib, objects, tables, depth)
  local made = {list = {}, keyed = {}}
  tables[#tables + 1] = made
  for i = 1, math.random(0, 6) do
    local value = random_value(lib, objects, tables, depth)
    made.list[i] = {value.kind, value.object}
  end
  for i = 1, math.random(0, 2) do
    local one = pick(objects)
    made.keyed[one.object] = {n = depth * 10 + i, kind = one.kind, key = one.object}
  end
  return made
end

function graph.random(lib) return graph.table(lib, objects_of(lib), {}, 1) end

-- The comparison: each object of one side stands for one of the other, always the same, and both hold the same numbers.
local function new_pairing(lib)
  local there, back = {}, {}
  local pairing = {}

  local function same(kind, a, b)
    a, b = kind .. tostring(a), kind .. tostring(b)
    assert.equal(there[a] or b, b, 'an object became two')
    assert.equal(back[b] or a, a, 'two objects became one')
    local known = there[a] ~= nil
    there[a], back[b] = b, a
    return known
  end

  function pairing.storage(a, b)
    if not same('storage', lib.id(a), lib.id(b)) then assert.same(lib.elements(a), lib.elements(b)) end
  end

  function pairing.tensor(a, b)
    if same('tensor', lib.id(a), lib.id(b)) then return end
    assert.same(lib.numbers(a), lib.numbers(b))
    if #lib.numbers(a) > 0 then same('storage', lib.id(lib.storage_of(a)), lib.id(lib.storage_of(b))) end
  end

  local function by_number(keyed)
    local list = {}
    for key, value in pairs(keyed) do
      assert.equal(tostring(lib.id(key)), tostring(lib.id(value.key)))
      list[value.n] = value
    end
    return list
  end

  function pairing.table(a, b)
    if same('table', a, b) then return end
    assert.equal(#a.list, #b.list)
    for i, entry in ipairs(a.list) do
      assert.equal(entry[1], b.list[i][1])
      pairing[entry[1]](entry[2], b.list[i][2])
    end
    local keyed = by_number(b.keyed)
    for n, entry in pairs(by_number(a.keyed)) do pairing[entry.kind](entry.key, keyed[n].key) end
  end

  pairing.plain = assert.equal
  return pairing
end

--- Raises when `arrived` is not made as `message` is.
function graph.compare(lib, message, arrived) new_pairing(lib).table(message, arrived) end

--- `rounds` random messages through `send`, which returns what arrived.
function graph.check(lib, rounds, send)
  for seed = 1, rounds do
    math.randomseed(seed)
    local message = graph.random(lib)
    local good, why = pcall(graph.compare, lib, message, send(message))
    if not good then error(('message %d: %s'):format(seed, type(why) == 'table' and tostring(why.message) or tostring(why)), 0) end
  end
end

--- For everything that has Torch's face.
function graph.torch(torch)
  local lib = {id = torch.pointer}
  function lib.storage(type, n)
    local storage = torch[type .. 'Storage'](n)
    for i = 1, n do storage[i] = math.random(100) end
    return storage
  end
  function lib.view(type, storage, offset, sizes, strides)
    return torch[type .. 'Tensor'](storage, offset, torch.LongStorage(sizes), torch.LongStorage(strides))
  end
  function lib.empty(type) return torch[type .. 'Tensor']() end
  function lib.storage_of(tensor) return tensor:storage() end
  function lib.again(object) return object end
  function lib.elements(storage) return storage:totable() end
  function lib.numbers(tensor) return tensor:totable() end
  return lib
end

return graph
