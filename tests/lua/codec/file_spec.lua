-- parallel.save and parallel.load: what was saved comes back, and no other file does.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local torch = require 'parallel.tensor'

local path

local function fails(pattern, f, ...)
  local good, message = pcall(f, ...)
  assert.is_false(good)
  assert.matches(pattern, tostring(message))
end

local function write(bytes)
  local handle = assert(io.open(path, 'wb'))
  handle:write(bytes)
  handle:close()
end

describe('a saved value', function()
  before_each(function() path = support.scratch '.value' end)
  after_each(function() os.remove(path) end)

  it('comes back as it was', function()
    local weights = torch.range(1, 6):resize(2, 3)
    local value = {name = 'net', layers = {weights, weights:t()}, text = ('\0\r\n\26'):rep(100), [3] = 0.1}
    value.self = value
    parallel.save(path, value)
    local got = parallel.load(path)
    assert.equal(got, got.self)
    assert.same({'net', value.text, 0.1}, {got.name, got.text, got[3]})
    got.layers[1]:fill(7)
    assert.equal(42, got.layers[2]:sum()) -- one storage still
    for _, plain in ipairs {false, 5, 'x', ''} do
      parallel.save(path, plain)
      assert.equal(plain, parallel.load(path))
    end
    parallel.save(path, nil)
    assert.is_nil(parallel.load(path))
  end)

  it('may be large', function()
    local tensor = torch.range(1, 1e6)
    parallel.save(path, tensor)
    assert.is_true(torch.equal(tensor, parallel.load(path)))
  end)

  it('is read by a child', function()
    parallel.save(path, {1, 2, {3}})
    assert.equal(3, parallel.run('return parallel.load(...)[3][1]', path):join())
  end)

  it('holds functions only for those who ask for them', function()
    parallel.save(path, {f = function(x) return x + 1 end})
    fails('parallel.load: .*function', parallel.load, path)
    assert.equal(3, parallel.load(path, {functions = true}).f(2))
    fails('parallel.save: .*function', parallel.save, path, print, {functions = false})
  end)

  it('stays when a newer one cannot be saved', function()
    parallel.save(path, 'old')
    fails('parallel.save: .*value%.log: cannot send', parallel.save, path, {log = io.stdout})
    assert.equal('old', parallel.load(path))
    assert.is_nil(io.open(('%s.%d.part'):format(path, parallel.pid)))
    fails('parallel.save: .*Not a directory', parallel.save, path .. '/no/such', 1)
  end)

  it('is refused when anything of it is not as it was written', function()
    parallel.save(path, {1, 2, 3, 'text'})
    local bytes = support.read_file(path)
    for i = 1, #bytes do
      write(bytes:sub(1, i - 1) .. string.char((bytes:byte(i) + 1) % 256) .. bytes:sub(i + 1))
      fails('parallel.load: ', parallel.load, path)
      write(bytes:sub(1, i - 1))
      fails('parallel.load: ', parallel.load, path)
    end
    write(bytes:sub(1, -2))
    fails('the file is cut off: at position %d+ of %d+', parallel.load, path)
    write(bytes:sub(1, -2) .. 'X')
    fails('the file is damaged', parallel.load, path)
    write((bytes:gsub('^parallel value %d+', 'parallel value 7')))
    fails('a file of version 7, and only 1 is known here', parallel.load, path)
    write('parallel value 1 9007199254740992 ' .. ('0'):rep(64) .. '\nx')
    fails('the file is cut off', parallel.load, path)
    write('something else')
    fails('this is not a file of parallel.save', parallel.load, path)
    os.remove(path)
    fails('parallel.load: .*No such file', parallel.load, path)
  end)

  it('is asked for with a path and options', function()
    fails('parallel.save: a path expected, got nil', parallel.save)
    fails('parallel.load: a path expected, got table', parallel.load, {})
    fails('parallel.load: a table of options expected, got string', parallel.load, path, 'functions')
  end)
end)
