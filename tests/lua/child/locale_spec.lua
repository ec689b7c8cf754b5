-- A program whose locale has a decimal comma: what is written for others to read has a point all the same, and what they wrote is read.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

-- A locale with a comma, made of nothing that a system may lack, for the environment of a script; nil: there is no localedef, or
-- this C library has no locales.
local function comma_locale()
  local folder = support.scratch('.locales')
  os.execute('mkdir -p ' .. support.quote(folder))
  support.write_file(folder .. '/numbers', 'LC_NUMERIC\ndecimal_point ","\nthousands_sep ""\ngrouping -1\nEND LC_NUMERIC\n')
  local letters = {'<code_set_name> ASCII', '<escape_char> /', 'CHARMAP'}
  for i = 0, 127 do letters[#letters + 1] = ('<U%04X> /x%02x letter'):format(i, i) end
  support.write_file(folder .. '/letters', table.concat(letters, '\n') .. '\nEND CHARMAP\n')
  support.shell(('cd %s && localedef -c -i ./numbers -f ./letters ./comma'):format(support.quote(folder)))
  local env = ('LOCPATH=%s LC_ALL=comma'):format(support.quote(folder))
  local text = support.script([[os.setlocale('') io.write(('%.1f'):format(0.5))]], {env = env})
  return text == '0,5' and env or nil, folder
end

describe('a program with a decimal comma', function()
  local env, folder

  setup(function() env, folder = comma_locale() end)
  teardown(function() os.execute('rm -rf ' .. support.quote(folder)) end)

  local function script(code)
    local text, status = support.script("os.setlocale('')\nlocal parallel = require 'parallel'\n" .. code, {env = env})
    assert.equal(0, status, text)
    return text
  end

  it('saves tensors as text with a point, and reads them', function()
    if not env then return pending('no such locale can be made here') end
    local path = support.scratch('.t7')
    script(([[
      local torch = parallel.tensor
      local path = %q
      torch.save(path, {torch.Tensor{1.5, 0.25}, torch.FloatTensor{2.5}, 3.5}, 'ascii')
      local got = torch.load(path, 'ascii')
      assert(got[1][1] == 1.5 and got[1][2] == 0.25 and got[2][1] == 2.5 and got[3] == 3.5)
    ]]):format(path))
    local text = support.read_file(path)
    os.remove(path)
    assert.truthy(text:find('1.5 0.25', 1, true), text)
    assert.is_nil(text:find(',', 1, true), text)
  end)

  it('writes a timeline that is JSON', function()
    if not env then return pending('no such locale can be made here') end
    local path = support.scratch('.json')
    script(([[
      parallel.trace(%q)
      parallel.map(function(x) return x end, {1, 2, 3}, {workers = 2})
      parallel.close()
    ]]):format(path))
    local text = support.read_file(path)
    os.remove(path)
    assert.truthy(text:find('"ts":%d+%.%d%d%d,"'))
    assert.is_nil(text:find('":%d+,%d'))
  end)

  it('gives its children numbers in their environment with a point', function()
    if not env then return pending('no such locale can be made here') end
    local text = script([[io.write(parallel.run{code = 'return os.getenv("FACTOR")', env = {FACTOR = 1.5}}:join())]])
    assert.equal('1.5', text)
  end)
end)
