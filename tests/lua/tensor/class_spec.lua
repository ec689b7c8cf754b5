-- Objects of torch.class in messages: by their fields, or as their write and read methods say.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local core = require 'parallel.core'
local parallel = require 'parallel'
local torch = require 'parallel.tensor'
local encode, decode = core.encode, core.decode

local function back(value) return decode(encode(value)) end

local function fails(...)
  local good, message = pcall(...)
  assert.is_false(good)
  return tostring(message)
end

local function contains(text, part) assert.truthy(text:find(part, 1, true), text) end

local here = {} -- the module of the classes
local function class(name, parent)
  local metatable, above = torch.class('class_spec.' .. name, parent and 'class_spec.' .. parent or here, parent and here)
  return metatable, above
end

describe('an object of a class', function()
  local Node = class 'Node'
  function Node:__init(value) self.value, self.cache = value, coroutine.wrap(function() end) end
  function Node:write(file) file:writeObject(self.value); file:writeObject(self.next) end
  function Node:read(file) self.value, self.next = file:readObject(), file:readObject() end

  it('travels as its class writes it', function()
    local got = back(here.Node {5})
    assert.equal('class_spec.Node', torch.typename(got))
    assert.same({5}, got.value)
    assert.is_nil(got.cache)
    assert.is_nil(got.next)
  end)

  it('keeps what is shared inside and outside, and cycles', function()
    local shared = {1}
    local a, b = here.Node(shared), here.Node(shared)
    a.next, b.next = b, a
    local got = back {a, shared, b, a}
    assert.equal(got[1], got[4])
    assert.equal(got[2], got[1].value)
    assert.equal(got[2], got[3].value)
    assert.equal(got[3], got[1].next)
    assert.equal(got[1], got[3].next)
    local own = here.Node(1)
    own.value = {own}
    got = back(own)
    assert.equal(got, got.value[1])
  end)

  it('inherits write and read', function()
    local Derived = class('Derived', 'Node')
    function Derived:double() return self.value * 2 end
    local got = back {here.Derived(4), here.Node(here.Derived(5))}
    assert.equal('class_spec.Derived', torch.typename(got[1]))
    assert.equal(8, got[1]:double())
    assert.equal(10, got[2].value:double())
    local Third, parent = class('Third', 'Derived')
    function Third:write(file) file:writeString('third'); parent.write(self, file) end
    function Third:read(file) self.text = file:readString('*a'); parent.read(self, file) end
    got = back(here.Third(6))
    assert.same({'third', 6, 12}, {got.text, got.value, got:double()})
  end)

  it('may lie a hundred thousand levels deep', function()
    local list
    for i = 1, 100000 do
      local node = here.Node(i)
      node.next, list = list, node
    end
    local got, n = back(list), 0
    while got do
      n, got = n + 1, got.next
    end
    assert.equal(100000, n)
  end)

  it('is a key, an upvalue and a function\'s argument like any other', function()
    local node = here.Node(3)
    local got = decode(encode({[node] = node, f = function() return node end}), {functions = true})
    local key = got.f()
    assert.equal(key, got[key])
    assert.equal(3, key.value)
  end)

  it('travels by its fields without such methods', function()
    class 'Plain'
    local plain = here.Plain()
    plain.x = {plain}
    local got = back(plain)
    assert.equal('class_spec.Plain', torch.typename(got))
    assert.equal(got, got.x[1])
  end)

  it('may have only one of the two, or hidden ones', function()
    local Written = class 'Written'
    function Written:write(file) file:writeObject {x = self.x, from = 'write'} end
    local Read = class 'Read'
    function Read:read(file) self.fields = file:readObject() end
    local Hidden = class 'Hidden'
    function Hidden.write() error 'not this one' end
    function Hidden.__write(self, file) file:writeObject(self.x + 1) end
    function Hidden.__read(self, file) self.x = file:readObject() end
    for _, name in ipairs {'Written', 'Read', 'Hidden'} do
      local object = here[name]()
      object.x = 1
      local got = back(object)
      assert.equal('class_spec.' .. name, torch.typename(got))
      if name == 'Written' then assert.same({1, 'write'}, {got.x, got.from}) end
      if name == 'Read' then assert.equal(1, got.fields.x) end
      if name == 'Hidden' then assert.equal(2, got.x) end
    end
  end)

  it('gets the version of the class that wrote it', function()
    local Versioned = class 'Versioned'
    Versioned.__version = 3
    function Versioned.write() end
    function Versioned:read(_, version) self.version = version end
    assert.equal(3, back(here.Versioned()).version)
  end)

  it('follows parallel.register when that was called for its class', function()
    local Own = class 'Own'
    function Own.write() error 'never called' end
    Own.read = Own.write
    local own = here.Own()
    own.x = 1
    core.register('class_spec.Own', {metatable = Own})
    assert.equal(1, back(own).x)
    core.register('class_spec.Own', {metatable = Own, encode = function(o) return o.x end,
      decode = function(x) return setmetatable({y = x}, Own) end})
    assert.equal(1, back(own).y)
  end)

  it('is not mixed up with a class that inherits write', function()
    local registry = debug.getregistry()
    local Parent = {write = function() error 'never called' end}
    local Child = setmetatable({n = 1}, Parent)
    for name, metatable in pairs {['class_spec.P'] = Parent, ['class_spec.C'] = Child} do
      registry[name], registry[metatable] = metatable, name
    end
    local got = back {Child}
    assert.equal(1, got[1].n)
    assert.equal(Parent, getmetatable(got[1]))
    contains(fails(encode, setmetatable({}, Child)), 'never called')
    contains(fails(encode, {Child, setmetatable({}, Parent)}), 'value[2]: writing')
  end)

  it('stands the collector running all the time', function()
    local pause = support.collector('pause', 0)
    local Made = class 'Made'
    function Made:write(file)
      file:writeObject {self.n, tostring(self.n)}
      file:writeObject(here.Node {self.n})
      collectgarbage()
    end
    function Made:read(file) self.list, self.node = file:readObject(), file:readObject(); collectgarbage() end
    local list = {}
    for i = 1, 100 do
      list[i] = here.Made()
      list[i].n = i
    end
    for i, got in ipairs(back(list)) do assert.same({i, tostring(i), i}, {got.list[1], got.list[2], got.node.value[1]}) end
    support.collector('pause', pause)
  end)

  it('may encode by itself while it is written and read', function()
    local Packed = class 'Packed'
    function Packed:write(file) file:writeString(encode {self.x, here.Node(9)}) end
    function Packed:read(file) self.x = decode(file:readString '*a') end
    local packed = here.Packed()
    packed.x = {1}
    local got = back {packed, 'a long text', packed, 'a long text'}
    assert.same({1}, got[1].x[1])
    assert.equal(9, got[1].x[2].value)
    assert.equal('a long text', got[4])
  end)
end)

describe('the file of write and read', function()
  local All = class 'All'
  local write, read -- of the test
  function All:write(file) write(file, self) end
  function All:read(file) read(file, self) end
  local function through(writer, reader)
    write, read = writer, reader
    return back(here.All())
  end

  it('takes all kinds of values', function()
    local storage = torch.ShortStorage {1, 2, 3}
    through(function(file)
      assert.is_true(file:isWritable() and not file:isReadable() and not file:isQuiet())
      file:writeByte(255.9)
      file:writeChar(-128)
      file:writeInt(-7.5)
      file:writeLong(2 ^ 53)
      file:writeFloat(0.1)
      file:writeDouble(-1 / 3)
      file:writeBool(true)
      file:writeBool(nil)
      file:writeString('two\nlines\n')
      file:writeString('and more')
      assert.equal(3, file:writeShort(storage))
      file:writeShort(4)
      file:writeObject(nil)
      file:writeObject(false)
    end, function(file)
      assert.is_true(file:isReadable() and not file:isWritable())
      assert.same({255, -128, -7}, {file:readByte(), file:readChar(), file:readInt()})
      assert.same({2 ^ 53, 0.1, -1 / 3}, {file:readLong(), file:readFloat(), file:readDouble()})
      assert.same({true, false}, {file:readBool(), file:readBool()})
      assert.equal('two', file:readString '*l')
      assert.equal('lines', file:readString '*l')
      assert.equal('and more', file:readString '*a')
      local first = file:readShort()
      local rest = file:readShort(3)
      assert.same({1, 2, 3, 4}, {first, rest[1], rest[2], rest[3]})
      assert.is_nil(file:readObject())
      assert.is_false(file:readObject())
    end)
  end)

  it('reads into storages, and storages as they were written', function()
    local storage = torch.DoubleStorage {1, 2, 3}
    through(function(file)
      file:writeDouble(storage)
      file:writeDouble(storage)
      file:writeChar(torch.CharStorage('text'))
      file:writeInt(torch.IntStorage())
    end, function(file)
      local a, b = file:readDouble(3), torch.DoubleStorage(3)
      assert.equal(3, file:readDouble(b))
      assert.same({3, 3}, {a[3], b[3]})
      assert.equal('text', file:readChar(4):string())
      assert.equal(0, file:readInt(0):size())
    end)
  end)

  it('refuses what does not fit', function()
    for _, writer in ipairs {
      function(file) file:writeByte(256) end, function(file) file:writeByte(-1) end, function(file) file:writeInt(0 / 0) end,
      function(file) file:writeInt 'x' end, function(file) file:writeInt(torch.LongStorage(1)) end,
      function(file) file:writeString(5) end, function(file) file:readInt() end,
    } do
      contains(fails(through, writer, function() end), "value: writing an object of class 'class_spec.All'")
    end
    local function writer(file)
      file:writeInt(1)
    end
    for _, reader in ipairs {
      function(file) file:readByte() end, function(file) file:readObject() end, function(file) file:readString '*a' end,
      function(file) file:readInt(2) end, function(file) file:readInt(-1) end, function(file) file:readInt(2 ^ 40) end,
      function(file) file:writeInt(1) end,
      function(file) file:readInt(); file:readInt() end, function(file) file:readInt(torch.IntStorage(2)) end,
    } do
      contains(fails(through, writer, reader), "value 1: reading an object of class 'class_spec.All'")
    end
    contains(fails(through, writer, function(file) file:readInt(); file:readInt() end), 'nothing is left')
    contains(fails(through, writer, function(file) file:readByte() end), 'written by writeInt')
  end)
end)

describe('what goes wrong', function()
  local Bad = class 'Bad'
  function Bad:write(file)
    if self.how == 'error' then error('no way') end
    if self.how == 'table' then error(setmetatable({}, {__tostring = function() return 'as an object' end})) end
    file:writeObject(self.how)
  end
  function Bad:read(file)
    self.how = file:readObject()
    if self.how == 'read' then error('not read') end
  end
  local function bad(how)
    local object = here.Bad()
    object.how = how
    return object
  end

  it('names the class and the path', function()
    local message = fails(encode, {a = {bad 'error'}})
    contains(message, "value.a[1]: writing an object of class 'class_spec.Bad'")
    contains(message, 'no way')
    contains(message, 'class_spec.lua')
    contains(fails(encode, {bad 'table'}), 'as an object')
    contains(fails(encode, {x = bad(coroutine.create(function() end))}), 'value.x<written>[1]: cannot send a coroutine')
    message = fails(decode, encode {b = {1, bad 'read'}})
    contains(message, "value 1.b[2]: reading an object of class 'class_spec.Bad'")
    contains(message, 'not read')
    assert.equal(5, back {5}[1])
  end)

  it('is a class that the receiver does not have', function()
    local bytes = encode {x = bad 'good'}
    local message = fails(decode, (bytes:gsub('class_spec%.Bad', 'class_spec.Bed')))
    contains(message, "value 1.x: an object of class 'class_spec.Bed', which is not known here")
  end)

  it('is a factory that fails', function()
    local Made = class 'Refusing'
    function Made.write() end
    Made.read = Made.write
    local bytes = encode(here.Refusing())
    Made.__factory = function() error 'none today' end
    contains(fails(decode, bytes), 'none today')
    Made.__factory = function() return {} end
    contains(fails(decode, bytes), 'its factory made a table')
  end)

  it('is any change of the bytes, without harm', function()
    local Node = class 'Fuzzed'
    function Node:write(file) file:writeObject(self.other); file:writeInt(3); file:writeString('x') end
    function Node:read(file) self.other, self.n, self.s = file:readObject(), file:readInt(), file:readString '*a' end
    local a, b = here.Fuzzed(), here.Fuzzed()
    a.other, b.other = {b, a}, {a, {b}}
    local bytes, refused = encode {a, b, {a}}, 0
    for i = 1, #bytes do
      for _, byte in ipairs {0, 1, 2, 0x80, 0xd0, 0xe0, 0xe9, 0xec, 0xf2, 0xf3, 0xff} do
        if not pcall(decode, bytes:sub(1, i - 1) .. string.char(byte) .. bytes:sub(i + 1)) then refused = refused + 1 end
      end
      assert.is_false(pcall(decode, bytes:sub(1, i - 1)))
    end
    assert.is_true(refused > #bytes)
    assert.equal('x', back(a).s)
  end)
end)

describe('between processes', function()
  local define = [[
    local torch = require 'torch'
    local Pair = torch.class('SpecPair')
    function Pair:__init(a, b) self.a, self.b, self.open = a, b, io.stdout end
    function Pair:write(file) file:writeObject(self.a); file:writeObject(self.b) end
    function Pair:read(file) self.a, self.b, self.arrived = file:readObject(), file:readObject(), true end
  ]]
  local loader = loadstring or load
  loader(define)()

  it('objects are sent, echoed and received', function()
    local child = parallel.run(define .. [[
      for _ = 1, 3 do parallel.parent:send(parallel.parent:receive()) end
      local ok, why = pcall(parallel.parent.send, parallel.parent, {SpecPair(coroutine.create(function() end))})
      assert(not ok)
      parallel.parent:send(tostring(why))
      return SpecPair(1, {2})
    ]])
    local pair = SpecPair(torch.range(1, 100000), nil) -- luacheck: ignore
    pair.b = SpecPair(pair, ('x'):rep(100)) -- luacheck: ignore
    for _ = 1, 3 do
      child:send {pair, pair.b, pair.a}
      local got = child:receive()
      assert.is_true(got[1].arrived)
      assert.equal(got[1], got[2].a)
      assert.equal(got[1].b, got[2])
      assert.equal(100000, got[1].a[100000])
      got[3][1] = 7
      assert.equal(7, got[1].a[1])
    end
    contains(child:receive(), 'cannot send a coroutine')
    local last = child:join()
    assert.equal(2, last.b[1])
  end)

  it('a class that sends while it is written does not disturb the message', function()
    local child = parallel.run [[
      local Sender = require 'torch'.class('SpecSender')
      function Sender:read(file)
        parallel.parent:send(('reading'):rep(100))
        self.x = file:readObject()
      end
      local first = parallel.parent:receive()
      return first, parallel.parent:receive()
    ]]
    local Sender = torch.class('SpecSender')
    function Sender:write(file)
      child:send('meanwhile')
      file:writeObject(self.x)
    end
    local object = SpecSender() -- luacheck: ignore
    object.x = 1
    child:send {('before'):rep(100), object, ('after'):rep(100)}
    assert.equal(('reading'):rep(100), child:receive())
    local first, message = child:join()
    assert.equal('meanwhile', first)
    assert.same({('before'):rep(100), 1, ('after'):rep(100)}, {message[1], message[2].x, message[3]})
  end)

  it('objects of a class that is not known there are refused by name', function()
    local child = parallel.run [[
      local ok, why = pcall(parallel.parent.receive, parallel.parent)
      return ok, tostring(why), parallel.parent:receive()
    ]]
    child:send {pair = SpecPair(1, 2)} -- luacheck: ignore
    child:send 'next'
    local ok, why, after = child:join()
    assert.is_false(ok)
    contains(why, "value 1.pair: an object of class 'SpecPair', which is not known here")
    assert.equal('next', after)
  end)

  it('tasks of a pool take and return them', function()
    local pool = parallel.pool {workers = 1, init = loader(define)}
    local future = pool:submit(function(pair) return {pair, pair.a + 1} end, SpecPair(4, 5)) -- luacheck: ignore
    local got = future:result()
    assert.same({5, 5, true}, {got[2], got[1].b, got[1].arrived})
    pool:close()
  end)
end)
