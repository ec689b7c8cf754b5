-- The stand-ins for libraries of the original's time: sys, paths and xlua.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

local function run(code, options)
  local out, status = support.script(code, options)
  assert.equal(0, status, out)
  return out
end

describe('sys', function()
  it('is a global that need not be required, as is torch, in every process', function()
    local out = run([[
      require 'parallel'
      print(type(sys.clock()), torch.ones(2):sum() == 2)
      print(parallel.run('return type(sys.clock()), torch.ones(2):sum() == 2'):join())
      print(require 'sys' == sys, rawget(_G, 'sys') == sys)
    ]])
    assert.equal('number\ttrue\nnumber\ttrue\ntrue\ttrue\n', out)
  end)

  it('yields to a module of that name', function()
    local out = run([[
      package.preload.sys = function() sys = {own = 'mine'} return sys end
      require 'parallel'
      print(sys.own, require 'sys'.own)
    ]])
    assert.equal('mine\tmine\n', out)
  end)

  local sys

  setup(function() sys = require 'sys' end)

  it('tells the time', function()
    assert.is_true(math.abs(sys.clock() - os.time()) < support.patience)
    sys.tic()
    sys.sleep(0.02)
    sys.usleep(10000)
    local passed = sys.toc()
    assert.is_true(passed >= 0.03)
    assert.is_true(sys.toc() >= passed)
  end)

  it('needs tic before toc', function()
    assert.matches('call sys.tic%(%) first', (run('local sys = require "sys" print(pcall(sys.toc))')))
  end)

  it('runs commands and returns what they print', function()
    assert.equal('a b\nc', sys.execute('echo; echo "a b"; echo c; echo'))
    assert.equal('err', sys.execute('echo err >&2'))
    assert.equal('x', sys.fexecute('echo x # with a comment'))
    assert.equal('', sys.execute('true'))
    assert.equal(sys.OS, sys.uname())
    assert.is_truthy(({linux = true, macos = true})[sys.OS])
  end)

  it('knows files and paths', function()
    local file = support.scratch('.txt')
    support.write_file(file, 'x')
    assert.is_true(sys.filep(file))
    assert.is_false(sys.dirp(file))
    assert.is_true(sys.dirp('/'))
    assert.is_false(sys.filep('/'))
    assert.is_false(sys.filep(file .. '.none'))
    assert.is_truthy(sys.ls(support.quote(file)):find(file, 1, true))
    os.remove(file)
    assert.equal('c.txt', sys.basename('/a/b/c.txt'))
    assert.equal('c', sys.basename('/a/b/c.txt', '.txt'))
    assert.equal('/a/b', sys.dirname('/a/b/c.txt'))
    assert.equal('/', sys.dirname('/a'))
    assert.equal('.', sys.dirname('a'))
    assert.equal('a/b/c', sys.concat('a', 'b/', 'c'))
    assert.equal('/c', sys.concat('a', '/c'))
    local folder, name = sys.fpath()
    assert.equal('stand_in_spec.lua', name)
    assert.matches('/tests/lua/tensor$', folder)
  end)

  it('splits text', function()
    assert.same({'a', 'b', '', 'c'}, sys.split('a,b,,c', ','))
    assert.same({'a', 'b'}, sys.split(',a,b', ','))
    assert.same({'whole'}, sys.split('whole', ','))
    assert.same({'a', 'b'}, sys.split('a  b  ', '%s+'))
    assert.same({}, sys.split('', ','))
    assert.is_true(sys.isNaN(0 / 0))
    assert.is_false(sys.isNaN(1))
  end)

  it('has colours', function()
    local c = sys.COLORS
    assert.equal('\27[0;31m', c.red)
    assert.equal('\27[1;31m', c.Red)
    assert.equal('\27[41m', c._red)
    assert.equal('\27[0;37m', c.white)
    assert.equal('\27[0m', c.none)
  end)
end)

describe('paths', function()
  local paths
  setup(function() paths = require 'paths' end)

  it('takes names apart and together', function()
    assert.equal('txt', paths.extname('/a.b/c.txt'))
    assert.is_nil(paths.extname('/a.b/c'))
    assert.is_nil(paths.extname('.hidden'))
    assert.equal(paths.cwd(), paths.concat())
    assert.equal('a/b', paths.concat('a', 'b'))
    assert.equal('/b/c', paths.concat('a', '/b', 'c'))
  end)

  it('makes, lists and removes folders', function()
    local folder = support.scratch(" it's a folder")
    assert.is_true(paths.mkdir(folder .. '/inner'))
    assert.is_true(paths.mkdir(folder .. '/inner'))
    support.write_file(folder .. '/file', '12345')
    assert.equal(5, paths.filesize(folder .. '/file'))
    assert.is_nil(paths.filesize(folder))
    assert.same({'.', '..', 'file', 'inner'}, paths.dir(folder))
    assert.is_false(paths.rmdir(folder))
    os.remove(folder .. '/file')
    assert.is_true(paths.rmdir(folder .. '/inner'))
    assert.is_true(paths.rmdir(folder))
    assert.is_nil(paths.dir(folder))
    assert.matches('there is no folder', tostring(select(2, pcall(paths.files, folder))))
  end)

  it('finds programs', function()
    assert.matches('/sh$', paths.findprogram('no-such-program', 'sh'))
    assert.is_nil(paths.findprogram('no-such-program', '/no/such/program'))
  end)

  it('is a global that need not be required', function()
    assert.equal('true\n', run("require 'parallel' print(paths.dirp('/'))"))
  end)
end)

describe('xlua.progress', function()
  it('draws a bar that ends its line', function()
    local out = run([[
      require 'xlua'
      for i = 1, 50 do xlua.progress(i, 50) end
      print 'after'
    ]])
    assert.matches('1/50', out)
    assert.matches('50/50', out)
    assert.matches('%[=+>%] 50/50 | [^\n]*\nafter\n$', out)
    local pictures = select(2, out:gsub('\r', ''))
    assert.is_true(pictures < 50, 'it does not draw every step')
  end)

  it('starts anew', function()
    local out = run([[
      require 'xlua'
      for _ = 1, 2 do
        for i = 1, 3 do xlua.progress(i, 3) end
      end
      xlua.progress(1, 1)
    ]])
    assert.equal(3, (select(2, out:gsub('\n', ''))))
  end)
end)
