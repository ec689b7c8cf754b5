-- The memory of large strings is used again: parallel.block_cache. tests/state/blocks.c has the states and hosts.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local default = parallel.block_cache
local usable = not parallel.info().block_cache:find '^off: addresses'

describe('blocks that are used again', function()
  after_each(function()
    parallel.close()
    parallel.block_cache = default
  end)

  it('arrive whole, whatever is freed and kept in between', function()
    local child = parallel.run(function(n)
      local parent, kept = parallel.parent, {}
      for i = 1, n do
        local text = parent:receive()
        kept[i % 5] = text
        parent:send(text .. i)
      end
      return parallel.info().block_cache, #kept
    end, 60)
    local kept = {}
    for i = 1, 60 do
      local text = string.char(65 + i % 26):rep(100000 + (i * 77777) % 900000)
      child:send(text)
      kept[i % 3] = child:receive()
      assert.is_true(kept[i % 3] == text .. i)
    end
    local told, n_kept = child:join()
    assert.equal(4, n_kept) -- and one at 0
    if usable then
      assert.is_truthy(told:find '^on: %d+ bytes are idle')
      assert.is_truthy(parallel.info().block_cache:find '^on: %d+ bytes are idle')
    end
  end)

  it('come from tables and results of tasks as well', function()
    local pool = parallel.pool{workers = 2}
    local results = pool:map(function(i) return {('r'):rep(300000 + i), i} end, support.numbers(24))
    for i = 1, 24 do assert.is_true(#results[i][1] == 300000 + i and results[i][2] == i) end
    pool:close()
  end)

  it('are bounded by what is set, in children as well', function()
    parallel.block_cache = 3 * 2 ^ 20
    assert.equal(3 * 2 ^ 20, parallel.block_cache)
    local child = parallel.run(function()
      for _ = 1, 40 do parallel.parent:receive() end
      collectgarbage()
      return parallel.block_cache, tonumber(parallel.info().block_cache:match '^on: (%d+)')
    end)
    for i = 1, 40 do child:send(('x'):rep(2 ^ 20) .. i) end
    local bound, idle = child:join()
    assert.equal(3 * 2 ^ 20, bound)
    if usable then assert.is_true(idle <= bound, tostring(idle)) end
  end)

  it('are not kept when it is turned off', function()
    parallel.block_cache = 0
    local child = parallel.run(function()
      local size = #parallel.parent:receive()
      return size, parallel.info().block_cache
    end)
    child:send(('x'):rep(1e6))
    local size, told = child:join()
    assert.equal(1e6, size)
    assert.equal('off: parallel.block_cache is 0', told)
    assert.equal(told, parallel.info().block_cache)
  end)

  it('leave most of a memory limit to others', function()
    if support.sanitized then return end
    local child = parallel.run{code = 'return parallel.block_cache', memory_limit = 512 * 2 ^ 20}
    assert.equal(math.min(default, 32 * 2 ^ 20), child:join())
  end)

  it('come from strings that are decoded as well', function()
    local text = support.script([[
      local parallel = require 'parallel'
      print(parallel.info().block_cache)
      local numbers = {}
      for i = 1, 1e5 do numbers[i] = i + 0.5 end
      local bytes = parallel.encode(numbers)
      for _ = 1, 30 do
        local copy = parallel.decode(bytes)
        assert(#copy == 1e5 and copy[1] == 1.5 and copy[1e5] == 1e5 + 0.5)
      end
      print(parallel.info().block_cache)
    ]])
    local before, after = text:match('^(.-)\n(.-)\n$')
    if usable then
      assert.equal('on: from the first large message on', before)
      assert.is_truthy(after:find '^on: %d+ bytes are idle', after)
    end
  end)

  it('are no hindrance when the program ends with large strings', function()
    local text, status = support.script([[
      local parallel = require 'parallel'
      kept = {('a'):rep(1e6)}
      local child = parallel.run('for i = 1, 20 do parallel.parent:send(("x"):rep(1e6) .. i) end')
      for i = 1, 20 do kept[i % 7] = child:receive() end
      child:join()
      print 'end'
    ]])
    assert.equal('end\n', text)
    assert.equal(0, status)
  end)

  it('want a number of bytes', function()
    for _, bad in ipairs{'1', -1, 0 / 0, 1 / 0} do
      local message = support.message_of(function() parallel.block_cache = bad end)
      assert.is_truthy(message:find('parallel.block_cache: a number of bytes from 0 to 2^53 expected, got ' .. tostring(bad), 1, true), message)
      assert.is_truthy(message:find('blocks_spec', 1, true), message)
    end
    assert.equal(default, parallel.block_cache)
    parallel.something_else = 5
    assert.equal(5, parallel.something_else)
  end)
end)
