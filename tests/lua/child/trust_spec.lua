-- functions=false: what a child or a worker that is not trusted may send, and what its parent makes of the rest.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local core = require 'parallel.core'

-- A module that the parent could load and may not: it would tell.
local function set_trap()
  _G.trap = nil
  package.preload.trust_trap = function()
    _G.trap = true
    return {f = print}
  end
end

-- In a child: things that would make the parent load or hold code. Wrapped up, so that each is sent alone.
local function hostile()
  package.loaded.trust_trap = setmetatable({}, {}) -- a module that has a name
  local up = 1
  return {
    {function() return up end, 'a function'}, {print, "'_G.print' by its name"}, {os.execute, "'os.execute' by its name"},
    {string, "the module 'string'"}, {_G, 'the globals'}, {package.loaded.trust_trap, "the module 'trust_trap'"},
  }
end

describe('functions=false', function()
  before_each(set_trap)
  after_each(function()
    parallel.close()
    package.preload.trust_trap, package.loaded.trust_trap = nil, nil
  end)

  local function run(code, ...) return parallel.run{code = code, args = {n = select('#', ...), ...}, functions = false} end

  local function refused(words, path, ok, err)
    assert.is_false(ok)
    assert.equal('unsupported', err.code)
    assert.is_truthy(err.message:find(('sent %s at %s, which functions=false forbids'):format(words, path), 1, true), err.message)
  end

  it('refuses code in messages wherever it stands, and takes the messages behind it', function()
    local child = run(function(make)
      local count = 0
      for _, pair in ipairs(make()) do
        local code, words = pair[1], pair[2]
        for path, value in pairs{['message'] = code, ['message.f'] = {f = code}, ['message[2].x[1]'] = {1, {x = {code}}},
          ['message<a key>'] = {[code] = 1}, ['message<metatable>.__index'] = setmetatable({}, {__index = code}),
          ['message<metatable>.__call'] = setmetatable({}, {__call = code})} do
          parallel.parent:send{words, path}
          parallel.parent:send(value)
          count = count + 1
        end
      end
      parallel.parent:send('end')
      return count
    end, hostile)
    local count = 0
    while true do
      local expected = child:receive()
      if expected == 'end' then break end
      refused(expected[1], expected[2], pcall(child.receive, child))
      count = count + 1
    end
    assert.equal(36, count)
    assert.equal(36, child:join())
    assert.is_nil(_G.trap)
  end)

  it('tells which child sent what, and where', function()
    local child = run('parallel.parent:send{f = print}')
    local ok, err = child:try_receive(support.patience)
    assert.is_false(ok)
    assert.equal(("child %d sent '_G.print' by its name at message.f, which functions=false forbids"):format(child.id), err.message)
    assert.equal(child.id, err.id)
    child:join()
  end)

  it('refuses code in results; the child has ended all the same', function()
    local child = run('return {f = function() end}')
    refused('a function', 'result.f', pcall(child.join, child))
    assert.is_nil(parallel.children[child.id])
    child = run('return 1, {function() end}')
    refused('a function', 'result 2[1]', pcall(child.join, child))
    local plain = run('return 1')
    run('return print')
    refused("'_G.print' by its name", 'result', pcall(parallel.children.join, parallel.children))
    assert.is_nil(next(parallel.children))
    assert.equal(1, plain:join())
  end)

  it('leaves an error without the value that holds code', function()
    local child = run('error{f = print, "broken"}')
    local err = support.error_of(child.join, child)
    assert.equal('failed', err.code)
    assert.is_nil(err.value)
    assert.matches("its error value cannot be received: child %d+ sent '_G.print' by its name at error.f", err.message)
    err = support.error_of(function() run('error{reason = 5}'):join() end)
    assert.equal(5, err.value.reason)
  end)

  it('takes error objects of this library', function()
    local child = run(function()
      local _, err = pcall(function() parallel.run('error("deep")'):join() end)
      parallel.parent:send(err)
      error(err, 0)
    end)
    assert.matches('deep', child:receive().message)
    local err = support.error_of(child.join, child)
    assert.equal('failed', err.value.code)
    assert.matches('deep', tostring(err.value))
  end)

  it('lets everything else travel as before', function()
    local class = {__index = {}}
    core.register('trust.class', {metatable = class})
    core.register('trust.hooked', {encode = function(t) return t.n end, decode = function(n) return {n = n, decoded = true} end,
      metatable = {}})
    local child = run(function()
      local tensor = parallel.tensor
      local cycle = {}
      cycle.me = cycle
      local own = setmetatable({}, {__index = {x = 5}, __mode = 'k'})
      local metatable = {}
      require 'parallel.core'.register('trust.class', {metatable = metatable})
      parallel.parent:send{1, 2.5, 'text', true, cycle, own, setmetatable({7}, metatable), tensor.ones(3), ('x'):rep(400000)}
      local hooked = {}
      require 'parallel.core'.register('trust.hooked', {encode = function(t) return t.n end, decode = function() end, metatable = hooked})
      parallel.parent:send(setmetatable({n = 3}, hooked))
      return nil, parallel.parent:receive()('got')
    end)
    local got = child:receive()
    assert.same({1, 2.5, 'text', true}, {got[1], got[2], got[3], got[4]})
    assert.equal(got[5], got[5].me)
    assert.equal(5, got[6].x)
    assert.equal(class, getmetatable(got[7]))
    assert.equal(3, got[8]:sum())
    assert.equal(400000, #got[9])
    assert.same({n = 3, decoded = true}, child:receive())
    child:send(function(text) return text .. ' it' end) -- the parent may send what it likes
    assert.same({n = 2, nil, 'got it'}, {n = select('#', child:join()), child:join()})
  end)

  it('holds for groups, messages, yield and children of the fork server', function()
    local good = run('parallel.parent:send("plain") parallel.parent:send("more")')
    local bad = run('parallel.parent:send(print) parallel.parent:send("after")')
    refused("'_G.print' by its name", 'message', pcall(parallel.children.receive, parallel.children))
    assert.same({'plain', 'after', 'more'}, {good:receive(), bad:receive(), good:receive()})
    parallel.children:join()
    local child = run('parallel.parent:send{print}')
    local step, state = parallel.children:messages()
    refused("'_G.print' by its name", 'message[1]', pcall(step, state))
    child:join()
    child = run('return parallel.yield()')
    child:join('go on')
    assert.equal('go on', child:join())
    parallel.start_method = 'forkserver'
    child = run('return print')
    parallel.start_method = nil
    refused("'_G.print' by its name", 'result', pcall(child.join, child))
  end)

  it('refuses source text of another kind of Lua', function()
    local other = support.other('5.4', '5.3')
    if not other then return pending 'there is no other Lua in this build' end
    local child = parallel.run{code = 'return loadstring("return 1")', lua = other, functions = false}
    refused('a function (as source text)', 'result', pcall(child.join, child))
  end)

  it('of a pool fails the tasks whose results or errors hold code, and only these', function()
    local pool = parallel.pool{workers = 2, functions = false}
    local pids = pool:everywhere(function() return parallel.pid end)
    local results, errors = pool:map(function(i)
      if i % 10 == 3 then return {f = print} end
      if i % 10 == 4 then error{f = print, 'four'} end
      return i
    end, {1, 2, 3, 4, 5, 13, 14, 6}, {on_error = 'skip'})
    assert.same({1, 2, nil, nil, 5, nil, nil, 6}, {results[1], results[2], results[3], results[4], results[5], results[6], results[7],
      results[8]})
    for _, task in ipairs{3, 6} do
      refused("'_G.print' by its name", 'result.f', false, errors[task])
      assert.matches('^task %d %(%d+%): worker %d sent ', tostring(errors[task]))
    end
    for _, task in ipairs{4, 7} do
      assert.equal('failed', errors[task].code)
      assert.is_nil(errors[task].value)
      assert.matches('four', errors[task].message)
    end
    local ok, err = pcall(function() return pool:submit(function() return 1, function() end end):result() end)
    refused('a function', 'result 2', ok, err)
    assert.equal(7, pool:submit(function(f) return f(3) end, function(x) return x + 4 end):result())
    assert.same(pids, pool:everywhere(function() return parallel.pid end)) -- no worker was ended for it
    pool:close()
    ok, err = pcall(parallel.map, function() return print end, {1}, {workers = 1, functions = false})
    refused("'_G.print' by its name", 'result', ok, err)
    assert.equal(print, parallel.map(function() return print end, {1}, {workers = 1})[1])
  end)

  it('is true or false', function()
    assert.matches("'functions' must be true or false, got number", support.message_of(parallel.run, {code = '', functions = 1}))
    assert.matches("'functions' must be true or false, got \"x\"", support.message_of(parallel.pool, {functions = 'x'}))
    assert.equal(print, parallel.run{code = 'return print', functions = true}:join())
  end)
end)
