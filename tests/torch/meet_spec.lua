-- What a real Torch7 (here its stand-in) gets from the library: shared storages, and a way to travel for its other objects.
package.path = 'tests/lua/?.lua;tests/torch/path/?.lua;tests/torch/luaffi/?.lua;' .. package.path -- LuaJIT has an ffi of its own
local support = require 'support'
local parallel = require 'parallel'
local core = require 'parallel.core'
local torch = require 'torch'
local folder, luaffi = core.real_path('tests/torch/path'), core.real_path('tests/torch/luaffi')

local types = {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double'}

local function sent(value) return core.decode(core.encode(value)) end

-- A child that finds the stand-in as `torch`.
local function start(code, ...)
  local before = ('package.path = %q .. "/?.lua;" .. %q .. "/?.lua;" .. package.path '):format(folder, luaffi)
  return parallel.run(before .. code, ...)
end

local function vector(n, type)
  local storage = torch[(type or 'Double') .. 'Storage'](n)
  return torch[(type or 'Double') .. 'Tensor'](storage, 1, {n}, {1}), storage
end

local function refuses(pattern, f, ...)
  local good, message = pcall(f, ...)
  assert.is_false(good)
  assert.matches(pattern, tostring(message))
end

describe("share() of Torch's tensors", function()
  for _, type in ipairs(types) do
    it('moves the elements of type ' .. type, function()
      local tensor, storage = vector(5, type)
      assert.is_false(tensor:isShared())
      assert.equal(tensor, tensor:share())
      assert.is_true(tensor:isShared() and storage:isShared())
      assert.same({1, 2, 3, 4, 5}, tensor:numbers())
      assert.equal(tensor, tensor:share()) -- again: nothing happens
      refuses('not resizable', storage.resize, storage, 9)
    end)
  end

  it('is of a storage or a tensor, empty ones too', function()
    local storage = torch.FloatStorage(3)
    assert.is_true(storage:share():isShared())
    assert.is_false(torch.FloatTensor():share():isShared())
    assert.is_false(torch.FloatStorage(0):share():isShared())
    refuses('tensor expected', storage.share, {})
  end)

  it('lets both sides see what the other writes', function()
    local tensor, storage = vector(4)
    tensor:share()
    local child = start([[
      local t, s = parallel.parent:receive(), nil
      s = t:storage()
      assert(t:isShared() and t:numbers()[2] == 2)
      s:set(2, 20)
      parallel.parent:send('written')
      assert(parallel.parent:receive() == 'more')
      return t:numbers()[3], t
    ]])
    child:send(tensor)
    assert.equal('written', child:receive())
    assert.equal(20, storage:get(2))
    storage:set(3, 30)
    child:send('more')
    local seen, back = child:join()
    assert.equal(30, seen)
    assert.is_true(back:isShared())
    back:storage():set(1, 10) -- it came back as the same memory
    assert.same({10, 20, 30, 4}, tensor:numbers())
  end)

  it('is kept in a group: what one member writes all see', function()
    local tensor, storage = vector(3)
    tensor:share()
    local children = {}
    for i = 1, 3 do
      children[i] = start([[
        local t = parallel.parent:receive()
        t:storage():set(..., 100 * ...)
      ]], i)
    end
    parallel.send(children, tensor)
    parallel.join(children)
    assert.same({100, 200, 300}, {storage:get(1), storage:get(2), storage:get(3)})
  end)

  it('is sent in constant time', function()
    local function bytes(n)
      local tensor = vector(n):share()
      return #core.encode(tensor)
    end
    assert.is_true(bytes(200000) > 1000000) -- a string holds it all
    local child = start('for _ = 1, 2 * 20 do parallel.parent:receive() end')
    local small, large = vector(10):share(), vector(4000000):share()
    local function time(tensor) -- the least of many: whatever else the machine does does not meet each of them
      local least = math.huge
      for _ = 1, 20 do
        local began = core.clock()
        child:send(tensor)
        least = math.min(least, core.clock() - began)
      end
      return least
    end
    time(small)
    local copied = vector(4000000)
    local first = time(large)
    child:join()
    child = start('for _ = 1, 20 do parallel.parent:receive() end')
    local other = time(copied)
    child:join()
    assert.is_true(first < other, ('%g %g'):format(first, other))
  end)

  it('leaves nothing behind', function()
    local function round()
      local tensor = vector(1000):share()
      sent {tensor, tensor:storage()}
    end
    for _ = 1, 4 do collectgarbage() end
    local storages, tensors = torch.live()
    for _ = 1, 100 do round() end
    for _ = 1, 4 do collectgarbage() end
    assert.same({storages, tensors}, {torch.live()})
  end)

  it('is refused for a view of the memory of another storage', function()
    local storage = torch.IntStorage(6)
    refuses('a view of the memory of another', storage.share, storage:view(2, 3))
  end)
end)

-- LuaJIT's ffi module makes the objects of tds, or luaffi, for which there is a stand-in.
describe('tds', function()
  local tds = require 'tds'

  it('sends hashes and vectors, and what is in them', function()
    local inner = tds.Vec()
    inner[1], inner[2] = 'a', torch.DoubleStorage(3)
    local hash = tds.Hash()
    hash.x, hash[2], hash.list, hash.again = 1.5, false, inner, inner
    local got = sent {hash = hash, inner = inner}
    assert.equal('tds_hash', tds.kind(got.hash))
    assert.same({1.5, false}, {got.hash.x, got.hash[2]})
    assert.equal(3, got.hash.list[2]:size())
    assert.equal(tds.id(got.hash.list), tds.id(got.hash.again))
    assert.equal(tds.id(got.inner), tds.id(got.hash.list))
    assert.is_true(tds.id(got.inner) ~= tds.id(inner))
    assert.equal(4, #got.hash)
  end)

  it('sends counters', function()
    local counter = tds.AtomicCounter()
    counter:set(41)
    local got = sent(counter)
    got:inc()
    assert.same({41, 42}, {counter:get(), got:get()})
  end)

  it('is loaded by a child that gets such a thing', function()
    local hash = tds.Hash()
    hash.x = 7
    assert.equal(7, start('return (...).x', hash):join())
  end)

  it('refuses what else is a cdata by its name', function()
    local ffi = require 'ffi'
    refuses('void %*', core.encode, {p = ffi.cast('void *', 0)})
  end)
end)

describe("other objects of Torch's", function()
  it('travel: HalfTensors and their storages', function()
    local storage = torch.HalfStorage(6)
    local a, b = torch.HalfTensor(storage, 2, {2, 2}, {2, 1}), torch.HalfTensor(storage)
    local got = sent {a = a, b = b, storage = storage, empty = torch.HalfTensor(), none = torch.HalfStorage()}
    assert.same({2, 3, 4, 5}, got.a:float():numbers())
    assert.same({1, 2, 3, 4, 5, 6}, got.b:float():numbers())
    assert.equal(0, got.empty:dim())
    assert.equal(0, got.none:size())
    assert.equal(debug.getmetatable(a), debug.getmetatable(got.a))
    got.a.floats:set(2, 20)
    assert.equal(20, got.b:float():numbers()[2]) -- one storage still
    local child = start([[
      local t = ...
      return t:float():numbers()[3], t
    ]], a)
    local third, back = child:join()
    assert.equal(4, third)
    assert.same({2, 2}, back:size())
  end)

  it('travel: generators, with their state', function()
    local generator = torch.Generator()
    torch.random(generator)
    local got = sent {generator, generator}
    assert.is_true(rawequal(got[1], got[2]))
    assert.equal(torch.random(generator), torch.random(got[1]))
  end)

  it('travel: timers, with what they counted', function()
    local timer = torch.Timer()
    local began = core.clock()
    repeat until core.clock() - began > 0.01
    local running = sent(timer)
    local shown = running:time().real
    assert.is_true(shown > 0.01 and shown <= timer:time().real) -- who has counted a little longer
    timer:stop()
    local stopped = sent(timer)
    assert.equal(timer:time().real, stopped:time().real)
    assert.equal(stopped:time().real, stopped:time().real)
    local at, later = running:time().real, core.clock() + 0.01
    repeat until core.clock() > later
    assert.is_true(running:time().real > at) -- goes on
    assert.is_false(pcall(core.torch_timer, io.stdout))
  end)

  it('travel: files in memory', function()
    local chars = torch.CharStorage(8)
    local file = torch.MemoryFile(chars, 'r')
    file:binary()
    file:seek(3)
    local got = sent(file)
    assert.same({8, 'r', 3, true, false, true, true}, {got:storage():size(), got.mode, got:position(), got:isBinary(), got:isQuiet(),
      got:isAutoSpacing(), got:isReferenced()})
    assert.equal(5, got:storage():get(5))
  end)

  it('that cannot travel name themselves', function()
    refuses('torch.PipeFile', core.encode, {log = torch.PipeFile()})
    refuses('torch.CudaTensor', core.encode, {weights = torch.CudaTensor()})
  end)

  it('travel as the program says, where it says so first', function()
    local out, status = support.script(([[
      package.path = %q .. '/?.lua;' .. package.path
      local parallel = require 'parallel'
      parallel.register('torch.Generator', {encode = function() return 1 end, decode = function() return 'mine' end})
      local torch = require 'torch'
      print(parallel.decode(parallel.encode(torch.Generator())))
    ]]):format(folder))
    assert.equal(0, status, out)
    assert.equal('mine\n', out)
  end)
end)
