-- Event loops that wait for children: the examples with luv and cqueues, and descriptors by themselves.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local function example(name)
  return support.shell(('%s/tools/lua %s %s/examples/%s.lua'):format(support.quote(support.root), support.version,
    support.quote(support.root), name))
end

local function runs_with(module)
  local has = pcall(require, module)
  local test = has and it or pending
  test('runs under ' .. module, function()
    local out, status = example(module)
    assert.equal(0, status, out)
    assert.matches('12 messages, 3 children, the timer ran: true', out)
    for id = 1, 3 do
      local at = 1
      for n = 1, 4 do -- each child's messages in its order
        at = assert(out:find(('message %d of child %d\n'):format(n, id), at, true), out)
      end
      assert.is_truthy(out:find(('child %d returned %d\n'):format(id, id * 100), at, true), out)
    end
  end)
end

describe('an event loop', function()
  after_each(function() parallel.close() end)

  runs_with 'luv'
  runs_with 'cqueues'

  it('is given descriptors that are numbers and stay the same', function()
    local child = parallel.run('parallel.parent:receive()')
    assert.equal('number', type(child:fd()))
    assert.equal(child:fd(), child:fd())
    assert.equal('number', type(parallel.fd()))
    assert.equal(parallel.fd(), parallel.fd())
  end)
end)

describe('the echo example', function()
  it('runs', function()
    local out, status = example('echo')
    assert.equal(0, status, out)
    assert.equal('string\thello\nnumber\t42\ntable\t3\nboolean\ttrue\nnothing more to echo\n', out)
  end)
end)
