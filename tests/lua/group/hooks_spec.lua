-- What runs in the middle of calls on groups and shared tables: hooks of registered types, finalizers, options that are no plain table. They
-- may leave the group, regroup, or use the same table; the call ends as it should, and nothing is used after it was freed.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

-- --- in members ---

-- What each member has at hand: a type whose hooks call what stands in `on`, and finalizers that run once, at some moment.
local function with_tools(f, ...)
  local p = require 'parallel'
  local on = {}
  p.register('FILE*', {
    encode = function()
      if on.encode then on.encode() end
      return 1
    end,
    decode = function()
      if on.decode then on.decode() end
      return 'a file'
    end,
  })
  function on.finalizer(call)
    local done = false
    local function finalize()
      if not done then call() end
      done = true
    end
    if newproxy then getmetatable(newproxy(true)).__gc = finalize -- luacheck: ignore
    else setmetatable({}, {__gc = finalize}) end
    return function() return done end
  end
  return f(p.group(), on, ...)
end

-- Runs f(g, on) in three members of a group and gives what they return.
local function members(f, ...)
  local list = {}
  for i = 1, 3 do list[i] = parallel.run(with_tools, f, ...) end
  parallel.group(list)
  local results = {}
  for i = 1, 3 do results[i] = {list[i]:join{timeout = support.patience}} end
  return results
end

-- The first member does it, so it is told so; what the others are told.
local function check_left(others, f, ...)
  local results = members(f, ...)
  assert.matches('this member has left the group', results[1][1])
  for i = 2, 3 do assert.matches(others, tostring(results[i][1])) end
end

local LEFT = 'member 1 %(child %d+%) has left the group'

describe('a group that is left in the middle of a call', function()
  after_each(function() parallel.close() end)

  it('by an encode hook', function()
    local function call(g, on, name, ...)
      if g.rank == 1 then on.encode = function() g:leave() end end
      local _, failure = pcall(g[name], g, name == 'scatter' and {io.stdout, io.stdout, io.stdout} or {io.stdout}, ...)
      return tostring(failure)
    end
    check_left('^allgather: ' .. LEFT, call, 'allgather')
    check_left('^gather: ' .. LEFT, call, 'gather', 2)
    check_left('^broadcast: ' .. LEFT, call, 'broadcast', 1)
    check_left('^scatter: ' .. LEFT, call, 'scatter', 1)
    check_left('^reduce: ' .. LEFT, call, 'reduce', function(a) return a end, 2)
  end)

  it('by a decode hook: the others have their values', function()
    check_left('^3$', function(g, on)
      if g.rank == 1 then on.decode = function() g:leave() end end
      local ok, list = pcall(g.allgather, g, {io.stdout, g.rank})
      return ok and #list or tostring(list)
    end)
  end)

  it('by regroup in a decode hook: the new group works', function()
    local function anew(g, on)
      local p, renewed, said = require 'parallel', nil, nil
      on.decode = function()
        on.decode = nil
        renewed = g:regroup()
      end
      local ok, failure = pcall(g.allgather, g, {io.stdout})
      if not ok then said = tostring(failure) end
      return said, renewed:allreduce(1), p.group() == renewed
    end
    for _, result in ipairs(members(anew)) do
      assert.matches('was made anew by regroup', result[1])
      assert.same({3, true}, {result[2], result[3]})
    end
  end)

  it('by options that run code', function()
    check_left('^barrier: ' .. LEFT, function(g)
      local options = setmetatable({}, {__index = function(_, name) if name == 'inplace' then g:leave() end end})
      local _, failure
      if g.rank == 1 then _, failure = pcall(g.reduce, g, 1, 'sum', 1, options)
      else _, failure = pcall(g.barrier, g) end
      return tostring(failure)
    end)
  end)

  it('by the function that reduces: the result is there', function()
    for _, result in ipairs(members(function(g)
      return g:allreduce({g.rank}, function(a, b)
        if g.rank == 1 then g:leave() end
        return {a[1] + b[1]}
      end)[1]
    end)) do assert.same({6}, result) end
  end)

  it('by a finalizer', function()
    for _ = 1, support.sanitized and 4 or 12 do
      check_left(LEFT, function(g, on)
        local torch, value, ok, failure = require 'parallel.tensor', {}, true, nil
        for i = 1, 60 do value[i] = {name = 'entry ' .. i} end
        if g.rank == 1 then on.finalizer(function() pcall(g.leave, g) end) end
        while ok do
          ok, failure = pcall(function()
            assert(#g:allgather(value) == g.size)
            g:allreduce(torch.Tensor(3), {inplace = false})
            g:alive()
          end)
        end
        return tostring(failure)
      end)
      parallel.close()
    end
  end)
end)

describe('an allreduce of shared tensors', function()
  after_each(function() parallel.close() end)

  it('in hooks of messages between members goes on without their channels', function()
    for _, result in ipairs(members(function(g, on)
      local torch, said = require 'parallel.tensor', {}
      local function reduce(hook)
        on[hook] = nil
        said[#said + 1] = g:allreduce(torch.Tensor(40000):fill(g.rank):share()):sum() / 40000
      end
      on.encode, on.decode = function() reduce 'encode' end, function() reduce 'decode' end
      g:send(g.rank % 3 + 1, {io.stdout, 'and more'})
      local came = g:receive((g.rank - 2) % 3 + 1)
      return said[1], said[2], came[2], require 'parallel.core'.group.in_place(g) <= 2
    end)) do assert.same({6, 6, 'and more', true}, result) end
  end)
end)

-- --- shared tables ---

describe('a shared table', function()
  it('is whole for a call in the middle of which finalizers use it', function()
    local shared, ran = parallel.table{bytes = 2 ^ 21}, 0
    local function long(i) return ('value %d '):format(i):rep(50) end
    for i = 1, 200 do shared:set('key ' .. i, long(i)) end
    local function finalize()
      ran = ran + 1
      shared:set('another', ('x'):rep(20000 + ran % 7 * 1000))
      assert(#shared:get('another') >= 20000)
      local n = 0
      for _ in shared:pairs() do n = n + 1 end
      assert(n == 201)
    end
    local function drop()
      if newproxy then getmetatable(newproxy(true)).__gc = finalize -- luacheck: ignore
      else setmetatable({}, {__gc = finalize}) end
    end
    local pause, speed = support.collector('pause', 100), support.collector('stepmul', 1000) -- it is at work all the time
    for round = 1, support.sanitized and 60 or 200 do
      for _ = 1, 5 do drop() end
      for key, value in shared:pairs() do
        local i = tonumber(key:match('^key (%d+)$'))
        if i then assert(value == long(i), 'what came is not what is there') else assert(value:match('^x+$')) end
      end
      for i = round % 10 + 1, 200, 10 do assert(shared:get('key ' .. i) == long(i), 'what came is not what is there') end
    end
    support.collector('pause', pause)
    support.collector('stepmul', speed)
    collectgarbage()
    assert.is_true(ran > 0)
  end)
end)
