-- What came with Lua 5.5, in code and values that travel.
package.path = 'tests/lua/?.lua;' .. package.path
local parallel = require 'parallel'
local support = require 'support'

if _VERSION < 'Lua 5.5' then
  describe('Lua 5.5', function() pending 'is another one' end)
  return
end

local function compile(text) return assert(load(text))() end

describe('Lua 5.5', function()
  after_each(function() parallel.close() end)

  it('runs code with declared globals', function()
    local code = 'global parallel, x; x = 5; global function twice(n) return 2 * n end; return twice(x), parallel.id'
    assert.same({10, 1}, {parallel.run(code):join()})
    local f = compile 'global <const> *; return function(n) for i = 1, n do parallel.parent:send(i) end return math.type(n) end'
    local child = parallel.run(f, 3)
    assert.same({1, 2, 3}, {child:receive(), child:receive(), child:receive()})
    assert.equal('integer', child:join())
  end)

  it('sends functions with named varargs and attributes', function()
    local f = compile 'return function(...t) local n <const> = t.n; local s <close> = nil; return n, t[1] end'
    assert.same({2, 'a'}, {parallel.run(f, 'a', nil):join()})
    assert.same({2, 'a'}, {parallel.decode(parallel.encode(f), {functions = true})('a', nil)})
  end)

  it('sends functions with long strings, shared in their dump', function()
    local long = ('x'):rep(1000)
    local f = compile(("return function() return '%s', '%s', #'%s' end"):format(long, long, long))
    local a, b, n = parallel.run(f):join()
    assert.is_true(a == long and b == long and n == 1000)
  end)

  it('sends floats with all their digits', function()
    local values = {0.1, 1 / 3, 2 ^ 53, 1e308, 5e-324, 3.0}
    local back = parallel.run('return parallel.parent:receive()')
    back:send(values)
    local got = back:join()
    for i, value in ipairs(values) do assert.is_true(got[i] == value and math.type(got[i]) == math.type(value)) end
    assert.equal(tostring(0.1 + 0.2), parallel.run('return tostring(0.1 + 0.2)'):join())
  end)

  it('finds its new functions by name', function()
    local code = function(create, offset) return #create(10), select('#', offset('aä', 2)) end
    assert.same({0, 2}, {parallel.run(code, table.create, utf8.offset):join()}) -- luacheck: ignore 143
    local big = table.create(100000) -- luacheck: ignore 143
    for i = 1, 100000 do big[i] = i end
    assert.same({100000, 100000}, {parallel.run(function(t) return #t, t[#t] end, big):join()})
  end)

  it('exchanges data and text with other Luas, which refuse its own syntax', function()
    local other = support.interpreter('5.4') or support.interpreter('jit')
    if not other then return pending 'no other Lua is in this build' end
    assert.equal(6, parallel.run{code = 'return ...', args = {6}, lua = other}:join())
    local err = support.error_of(function() parallel.run{code = 'global x; x = 1', lua = other}:join() end)
    assert.matches('x', err.message)
  end)

  it('collects in its generational mode while messages come and go', function()
    local child = parallel.run [[
      collectgarbage 'generational'
      for i = 1, 2000 do parallel.parent:send{i, parallel.parent:receive()} end
    ]]
    local mode = collectgarbage 'generational'
    for i = 1, 2000 do
      child:send(('v'):rep(i % 50))
      local got = child:receive()
      assert.is_true(got[1] == i and #got[2] == i % 50)
    end
    collectgarbage(mode)
    child:join()
  end)
end)
