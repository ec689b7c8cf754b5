-- Files in Torch7's formats: what it wrote (tests/torch/files) is read, what is written is the same to the byte; and every file that
-- is not as it should be is an error that says where.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local torch = require 'parallel.tensor'
local core = require 'parallel.core'

local function fails(pattern, f, ...)
  local good, message = pcall(f, ...)
  assert.is_false(good)
  assert.truthy(tostring(message):find(pattern), message)
  return message
end

local classes = {}
local Plain = torch.class('spec.file.Plain', classes) -- luacheck: ignore
local Own = torch.class('spec.file.Own', 'spec.file.Plain', classes)
function Own:write(file)
  file:writeObject(self.x)
  file:writeInt(42)
  file:writeDouble(self.y)
end
function Own:read(file, version)
  self.x = file:readObject()
  assert(file:readInt() == 42)
  self.y, self.version = file:readDouble(), version
end

local types = {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'}

-- What the files hold.
local function value()
  local s, tensors = torch.DoubleStorage(10), {}
  for i = 1, 10 do s[i] = i end
  local list = {1, 2.5, -0.25, 1 / 0, -1 / 0, 1e300, 'text', '', ('\0\1\n\255'):rep(3), true, false}
  for i, name in ipairs(types) do tensors[i] = {torch[name .. 'Tensor'] {{1, 2, 3}, {4, 5, 100}}:t(), torch[name .. 'Storage'] {7, 8}} end
  list[12] = tensors
  list[13] = {torch.DoubleTensor(s, 2, 3), torch.DoubleTensor(s, 4, 2), s, torch.FloatTensor()}
  list[14] = torch.LongTensor {-5, 2 ^ 30}
  list[15] = torch.FloatTensor {1e30, 0.1}
  list[16] = {torch.setmetatable({x = list[13], y = 0.125}, 'spec.file.Own'), torch.setmetatable({'field'}, 'spec.file.Plain')}
  list[17] = list
  return list
end

local function check(got)
  assert.same({1, 2.5, -0.25, 1 / 0, -1 / 0, 1e300, 'text', '', ('\0\1\n\255'):rep(3), true, false}, {(table.unpack or unpack)(got, 1, 11)}) -- luacheck: ignore
  for i, name in ipairs(types) do
    local tensor, storage = got[12][i][1], got[12][i][2]
    assert.equal('torch.' .. name .. 'Tensor', tensor:type())
    assert.same({{1, 4}, {2, 5}, {3, 100}}, tensor:totable())
    assert.same({1, 3}, tensor:stride():totable())
    assert.same({7, 8}, storage:totable())
  end
  local views = got[13]
  views[3][4] = 77
  assert.equal(77, views[1][3])
  assert.equal(77, views[2][1])
  assert.equal(0, views[4]:dim())
  assert.same({-5, 2 ^ 30}, got[14]:totable())
  assert.equal(2, got[15]:eq(torch.FloatTensor {1e30, 0.1}):sum())
  assert.equal('spec.file.Own', torch.type(got[16][1]))
  assert.equal(views, got[16][1].x)
  assert.same({0.125, 1}, {got[16][1].y, got[16][1].version})
  assert.equal('field', got[16][2][1])
  assert.equal(got, got[17])
  if math.type then assert.equal('integer', math.type(got[1])) end -- luacheck: ignore
end

local function bytes_of(name) return assert(support.read_file('tests/torch/files/' .. name .. '.t7')) end

local function scratch(text)
  local path = support.scratch('.t7')
  if text then support.write_file(path, text) end
  return path
end

describe('a file of Torch7', function()
  it('is read', function()
    check(torch.load('tests/torch/files/ascii.t7', 'ascii'))
    check(torch.load('tests/torch/files/binary.t7'))
    check(torch.load('tests/torch/files/binary.t7', 'b64'))
    check(torch.load('tests/torch/files/b32.t7', 'b32'))
    check(torch.deserialize(bytes_of 'ascii', 'ascii'))
    check(torch.deserialize(bytes_of 'binary'))
    check(torch.deserializeFromStorage(torch.CharStorage(bytes_of 'binary')))
    local file = torch.DiskFile('tests/torch/files/big.t7'):binary():bigEndianEncoding()
    check(file:readObject())
    file:close()
    local loose = torch.load('tests/torch/files/unreferenced.t7', 'binary', false)
    assert.same({2, 5}, {loose[1]:sum(), loose[2][1]})
  end)

  it('is what is written, to the byte', function()
    local path = scratch()
    for format, name in pairs {ascii = 'ascii', binary = 'binary'} do
      torch.save(path, value(), format)
      assert.is_true(support.read_file(path) == bytes_of(name), name)
      assert.is_true(torch.serialize(value(), format) == bytes_of(name), name)
    end
    for name, set in pairs {b32 = function(f) f:longSize(4) end, big = function(f) f:bigEndianEncoding() end} do
      local file = torch.DiskFile(path, 'w'):binary()
      set(file)
      file:writeObject(value())
      file:close()
      assert.is_true(support.read_file(path) == bytes_of(name), name)
    end
    torch.save(path, {torch.ones(2), {5}}, 'binary', false)
    assert.is_true(support.read_file(path) == bytes_of 'unreferenced')
    os.remove(path)
  end)

  it('is read and written by a child, and the class is found there', function()
    local parallel = require 'parallel'
    local path = scratch()
    torch.save(path, {weights = torch.ones(3), n = 4})
    local sum, n = parallel.run(function(p)
      local t = require 'torch'
      local saved = t.load(p)
      t.save(p, saved.weights * 2)
      return saved.weights:sum(), saved.n
    end, path):join()
    assert.same({3, 4}, {sum, n})
    assert.equal(6, torch.load(path):sum())
    os.remove(path)
  end)
end)

describe('what cannot be a file', function()
  local whole = {}
  setup(function()
    for _, name in ipairs {'ascii', 'binary'} do whole[name] = bytes_of(name) end
  end)

  for _, format in ipairs {'ascii', 'binary'} do
    it('is an error with its position wherever it ends, ' .. format, function()
      local text = whole[format]
      for n = 0, #text - 2, 7 do
        fails('torch.deserialize: .*position %d+%)$', torch.deserialize, text:sub(1, n), format)
      end
    end)
  end

  it('is named when it is of the other format or order of bytes', function()
    fails("looks like an ascii file, which torch.load%(path, 'ascii'%) reads", torch.load, 'tests/torch/files/ascii.t7')
    fails('the other order of bytes, see file:bigEndianEncoding', torch.load, 'tests/torch/files/big.t7')
    fails('read error', torch.load, 'tests/torch/files/binary.t7', 'ascii')
    fails('position', torch.load, 'tests/torch/files/b32.t7')
    fails('position', torch.load, 'tests/torch/files/binary.t7', 'b32')
    fails("format must be 'binary', 'b32', 'b64' or 'ascii', not text", torch.load, 'x', 'text')
    fails('cannot open <no/such/file> in mode r: No such file', torch.load, 'no/such/file')
    fails('torch.save: cannot open <no/such/file> in mode w', torch.save, 'no/such/file', 1)
  end)

  local function int(n)
    local file = torch.MemoryFile():binary()
    file:writeInt(n)
    return file:storage():string():sub(1, 4)
  end

  it('takes no memory for what is not there', function()
    local huge = int(2 ^ 31 - 1)
    local before = collectgarbage 'count'
    for _, text in ipairs {int(2) .. huge, int(3) .. int(1) .. huge, int(4) .. int(1) .. huge, int(4) .. int(1) .. int(3) .. 'V 1' .. huge} do
      fails('position', torch.deserialize, text)
    end
    local class = int(4) .. int(1) .. int(3) .. 'V 1' .. int(19) .. 'torch.DoubleStorage'
    fails('no more are left', torch.deserialize, class .. huge .. huge)
    fails('a storage of %-%d+ elements', torch.deserialize, class .. ('\255'):rep(8))
    local tensor = int(4) .. int(1) .. int(3) .. 'V 1' .. int(18) .. 'torch.DoubleTensor'
    fails('a tensor of 2147483647 dimensions', torch.deserialize, tensor .. huge)
    fails('a tensor of %-1 dimensions', torch.deserialize, tensor .. int(-1))
    assert.is_true(collectgarbage 'count' - before < 2000)
  end)

  it('is a tensor that leaves its storage, or has one that is none', function()
    local function tensor(edit)
      local file = torch.MemoryFile():binary()
      file:writeObject(torch.range(1, 4))
      edit(file)
      file:seek(1)
      return file:readObject()
    end
    local head = 4 + 4 + 4 + 3 + 4 + 18
    for _, change in ipairs {{head + 5, 5}, {head + 5, -1}, {head + 5, 2 ^ 62}, {head + 13, 2 ^ 40}, {head + 21, 2},
                             {head + 21, 0}, {head + 21, -9}} do
      fails('position', tensor, function(file) file:seek(change[1]):writeLong(change[2]) end)
    end
    fails('a tensor without a storage', tensor, function(file) file:seek(head + 29):writeInt(0) end)
    fails('a tensor whose storage is a torch.DoubleTensor', tensor, function(file) file:seek(head + 33):writeInt(1) end)
  end)

  it('is of a class that is not known', function()
    local text = torch.serialize(torch.setmetatable({1}, 'spec.file.Plain'))
    fails('class <spec.file.Plaim>, which is not known here: load the file that defines it', torch.deserialize, (text:gsub('Plain', 'Plaim')))
    text = torch.serialize(torch.ones(1))
    fails('no CUDA tensors here', torch.deserialize, (text:gsub('torch.DoubleTensor', 'torch.CudaaTensor')))
    fails('torch.DiskFile', torch.deserialize, (torch.serialize(torch.setmetatable({1}, 'spec.file.Plain')):gsub(
      int(15) .. 'spec.file.Plain', int(14) .. 'torch.DiskFile')))
  end)

  it('is a key that a table cannot have', function()
    local function with_key(write)
      local file = torch.MemoryFile():binary()
      file:writeInt(3) file:writeInt(1) file:writeInt(1)
      write(file)
      file:writeInt(0)
      file:seek(1)
      return file:readObject()
    end
    fails('a key of a table that is nil', with_key, function(file) file:writeInt(0) end)
    fails('a key of a table that is %-?nan', with_key, function(file) file:writeInt(1) file:writeDouble(0 / 0) end)
  end)

  it('is an error or a value however it was changed', function()
    for seed = 1, 2 do
      local out, status = support.shell(('tests/run-script.sh %s tests/lua/tensor/load_fuzz.lua %d %d'):format(support.version, seed,
        support.sanitized and 40000 or 10000))
      assert.equal(0, status, out)
      local good, bad = out:match('(%d+)%s+(%d+)')
      assert.is_true(tonumber(good) > 1000 and tonumber(bad) > 1000, out)
    end
  end)

  it('is nested until the stack ends', function()
    local file = torch.MemoryFile():binary()
    for i = 1, 250000 do
      file:writeInt(3) file:writeInt(i) file:writeInt(1) file:writeInt(5) file:writeInt(1)
    end
    file:seek(1)
    fails('.', file.readObject, file)
  end)
end)

describe('functions in a file', function()
  local function counter()
    local n = 0
    return {function() n = n + 1 return n end, function() return n end, function(x) return math.floor(x) end}
  end

  it('are refused unless they are asked for', function()
    local path = scratch()
    torch.save(path, counter())
    fails('refused unless you ask for them: torch.load%(path, format, {functions = true}%)', torch.load, path)
    fails('refused', torch.load, path, 'binary', {functions = false})
    fails('refused', torch.load, path, 'binary', true)
    fails('refused', function() return torch.DiskFile(path):binary():readObject() end)
    fails('refused', torch.deserialize, torch.serialize(print == nil or function() end))
    local got = torch.load(path, 'binary', {functions = true})
    assert.equal(2, got[3](2.5))
    assert.equal(1, got[1]())
    if debug.upvalueid then assert.equal(1, got[2]()) end
    fails('refused', torch.load, path) -- once is not for ever
    assert.equal(2, torch.DiskFile(path):binary():readObject({functions = true})[3](2.5))
    os.remove(path)
  end)

  it('of another kind of Lua say so', function()
    local text = torch.serialize(function() end)
    local at = text:find('\27', 1, true)
    local broken = text:sub(1, at) .. 'X' .. text:sub(at + 2)
    fails('a function that does not load here', torch.deserialize, broken, 'binary', {functions = true})
  end)
end)

describe('what cannot be written', function()
  it('is named with its place', function()
    fails('a thread cannot be written, at a.b', torch.serialize, {a = {b = coroutine.create(function() end)}})
    fails('at 2.x', torch.serialize, {1, {x = io.stdout}})
    if math.maxinteger then -- luacheck: ignore
      fails('9223372036854775807 at n is an integer that no double holds', torch.serialize, {n = math.maxinteger}) -- luacheck: ignore
    end
    assert.is_true(torch.deserialize(torch.serialize(0 / 0)) ~= torch.deserialize(torch.serialize(0 / 0)))
  end)

  it('goes to nowhere without silence', function()
    if not io.open '/dev/full' then return end
    fails('disk full', torch.save, '/dev/full', torch.ones(10))
    fails('disk full', torch.save, '/dev/full', torch.ones(100000))
  end)
end)

describe('a file of numbers', function()
  it('separates them in text and ends them with a line', function()
    local file = torch.MemoryFile()
    file:writeInt(5)
    file:writeInt(torch.IntStorage {1, -2, 3})
    file:writeDouble(0.1)
    file:writeString('text')
    file:writeChar(torch.CharStorage 'abc')
    file:writeFloat(torch.FloatStorage {0.1, 1e-30})
    file:writeBool(true)
    local text = file:storage():string()
    assert.equal('5\n1 -2 3\n0.10000000000000001\ntextabc\n0.100000001 1.00000000e-30\n1\n\0', (text:gsub('1e%-30', '1.00000000e-30')))
    file:seek(1)
    assert.equal(5, file:readInt())
    assert.same({1, -2, 3}, file:readInt(3):totable())
    assert.equal(0.1, file:readDouble())
    assert.equal('textabc', file:readString '*l')
    assert.equal(2, file:readFloat(torch.FloatStorage(2)))
    assert.is_true(file:readBool())
    fails('the file ends here', file.readString, file, '*a')
    file:noAutoSpacing():seek(1)
    file:writeInt(torch.IntStorage {1, 2})
    assert.equal('12', file:storage():string():sub(1, 2))
  end)

  it('is moved in, and may be read and written at once', function()
    local path = scratch 'abcdefgh'
    local file = torch.DiskFile(path, 'rw'):binary()
    assert.equal(97, file:readByte())
    assert.equal(2, file:position())
    file:writeByte(88)
    assert.equal(99, file:readByte())
    file:seekEnd()
    assert.equal(9, file:position())
    file:writeString('!')
    file:seek(1)
    assert.equal('aXcdefgh!', file:readString '*a')
    fails('greater than 0', file.seek, file, 0)
    file:close()
    fails('attempt to use a closed file', file.readInt, file)
    fails('attempt to use a closed file', file.seek, file, 1)
    fails('attempt to use a closed file', file.position, file)
    fails('attempt to use a closed file', file.close, file)
    assert.equal('torch.DiskFile on <' .. path .. '> [status: closed -- mode: rw]', tostring(file))
    os.remove(path)
  end)

  it('says what it is', function()
    local file = torch.MemoryFile 'w'
    assert.same({true, false, false, false, true, false, false},
      {file:isWritable(), file:isReadable(), file:isBinary(), file:isQuiet(), file:isAutoSpacing(), file:hasError(), not file:isReferenced()})
    assert.same({true, true, true}, {file:binary():isBinary(), file:quiet():isQuiet(), not file:noAutoSpacing():isAutoSpacing()})
    assert.is_true(torch.isTypeOf(file, 'torch.File') and torch.isTypeOf(torch.PipeFile('true'), 'torch.DiskFile'))
    assert.equal('torch.MemoryFile [status: open -- mode:  w]', tostring(file))
    fails('write%-only', torch.MemoryFile('w').readInt, torch.MemoryFile 'w')
    fails('read%-only', torch.MemoryFile('r').writeInt, torch.MemoryFile 'r', 1)
    fails("mode should be 'r', 'w' or 'rw', not 'x'", torch.MemoryFile, 'x')
    fails("mode should be 'r', 'w', not 'rw'", torch.PipeFile, 'true', 'rw')
    fails('a path expected, got number', torch.DiskFile, 5)
    fails('must be terminated by 0', torch.MemoryFile, torch.CharStorage 'abc')
    fails('torch.IntStorage expected', file.writeInt, file, 'x')
    fails('torch.IntStorage expected', file.writeInt, file, torch.LongStorage(2))
    assert.is_nil(torch.DiskFile('no/such/file', 'r', true))
  end)

  it('to a command that has ended is an error, not the end of the program', function()
    for _, end_of_it in ipairs {'', 'close', 'synchronize'} do
      local command = torch.PipeFile('exit 0', 'w')
      if end_of_it == '' then
        fails('write error.*exit 0.*nobody reads it any more', function()
          for i = 1, 1e6 do command:writeInt(i) end -- more than fits into a pipe and a buffer
        end)
        pcall(command.close, command)
      else -- the command may have been quick or slow
        command:writeInt(1)
        pcall(command[end_of_it], command)
      end
    end
  end)

  it('to a named pipe that nobody reads any more is an error as well', function()
    local path = scratch()
    for _, what in ipairs {'seek', 'seekEnd', 'synchronize', 'close'} do
      os.execute('mkfifo ' .. support.quote(path))
      local reader = io.popen(('exec 3< %s; read x'):format(support.quote(path)), 'w')
      local file = torch.DiskFile(path, 'w')
      reader:close()
      file:writeInt(1)
      assert.is_false((pcall(file[what], file, 1)), what)
      pcall(file.close, file)
      os.remove(path)
    end
  end)

  it('that is quiet says only that there was an error', function()
    local file = torch.MemoryFile(torch.CharStorage '1 2 x\0'):quiet()
    assert.same({1, 2}, file:readInt(5):totable())
    assert.is_true(file:hasError())
    assert.is_false(file:clearError():hasError())
    assert.equal(0, file:readInt(torch.IntStorage(1)))
    assert.is_true(file:hasError())
    fails('read error: read 0 blocks instead of 1', file.pedantic(file).readInt, file)
  end)

  it('may be in chars that are its own', function()
    local chars = torch.CharStorage '7 8\n\0'
    local file = torch.MemoryFile(chars)
    assert.same({7, 8}, file:readInt(2):totable())
    file:writeChar(chars) -- into itself, while it grows
    assert.equal('7 8\n7 8\n\0\n', (file:storage():string():gsub('%z$', '')))
    chars:resize(0)
    file:seek(1)
    fails('read error', file.readInt, file)
    file:writeInt(5)
    local binary = torch.MemoryFile():binary():quiet()
    binary:writeChar(torch.CharStorage 'abcd')
    binary:seek(1)
    assert.equal(4, binary:readChar(binary:storage()))
  end)

  it('may be a command', function()
    local out = scratch()
    local pipe = torch.PipeFile('cat >' .. support.quote(out), 'w')
    pipe:writeObject({1, torch.ones(2)})
    pipe:close()
    local got = torch.PipeFile('cat ' .. support.quote(out)):readObject()
    assert.same({1, 2}, {got[1], got[2]:sum()})
    local long = torch.PipeFile('cat ' .. support.quote(out) .. ' | head -c 100')
    fails('read error', long.readInt, long, 1e9)
    assert.is_nil(torch.PipeFile('true'):position())
    torch.save(out, torch.range(1, 300000))
    assert.equal(300000 * 300001 / 2, torch.PipeFile('cat ' .. support.quote(out)):binary():readObject():sum())
    os.remove(out)
  end)

  it('has longs of 4 bytes that must fit', function()
    local file = torch.MemoryFile():binary():longSize(4)
    file:writeLong(-5)
    file:writeLong(torch.LongStorage {2 ^ 31 - 1, -2 ^ 31})
    fails('2147483648 does not fit into a long of 4 bytes', file.writeLong, file, 2 ^ 31)
    file:seek(1)
    assert.same({-5, 2 ^ 31 - 1, -2 ^ 31}, file:readLong(3):totable())
    fails('4 or 8 bytes', file.longSize, file, 5)
  end)
end)

describe('a file in memory', function()
  it('travels, with what it is set to', function()
    local file = torch.MemoryFile():binary():quiet()
    file:writeInt(5)
    file:writeInt(6)
    file:seek(5)
    local got = core.decode(core.encode {file, file})
    assert.equal(got[1], got[2])
    assert.same({true, true, 5, 6}, {got[1]:isBinary(), got[1]:isQuiet(), got[1]:position(), got[1]:readInt()})
    assert.equal(9, file:seek(9):position()) -- the one that was sent goes on as before
  end)

  it('alone does: other files are refused by name', function()
    fails('torch.DiskFile', core.encode, {torch.DiskFile('tests/torch/files/ascii.t7')})
  end)
end)
