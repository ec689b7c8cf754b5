-- Messages between processes of every two Luas: a parent of this one and a child of each, both ways.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local codec = require 'codec.support'
local parallel = require 'parallel'
local torch = require 'parallel.tensor'

local error_of = support.error_of
local programs = {}
for _, version in ipairs{'5.1', '5.2', '5.3', '5.4', '5.5', 'jit'} do programs[version] = support.interpreter(version) end
-- What a chunk returns that has the real globals: those of this file are the test runner's own.
local function compile(text) return (loadstring or load)(text)() end

local with_integers = {['5.3'] = true, ['5.4'] = true, ['5.5'] = true}

-- Says what came in words of its own, sends it back, or runs it.
local other = [[
  package.path = 'tests/lua/?.lua;' .. package.path
  local codec = require 'codec.support'
  while true do
    local message = parallel.parent:receive()
    local options = message.options
    if message.describe then
      parallel.parent:send(codec.describe(message.describe[1]))
    elseif message.echo then
      parallel.parent:send(message.echo[1])
    elseif message.make then
      local made = (loadstring or load)(message.make)
      local ok, failure = pcall(parallel.parent.send, parallel.parent, made(), options)
      if not ok then parallel.parent:send('refused: ' .. tostring(failure)) end
    else
      parallel.parent:send(message.call(message[1], message[2]))
    end
  end
]]

for version, program in pairs(programs) do
  if version ~= support.version and support.read_file(support.build .. '/lib/' .. version .. '/parallel/core.so') then
    describe('a child of ' .. version, function()
      local child
      before_each(function() child = parallel.run{code = other, lua = program} end)
      after_each(function() parallel.close() end)

      it('gets the same values and sends them back', function()
        local function check(value, name)
          local text = codec.describe(value)
          child:send{describe = {value}}
          assert.is_true(text == child:receive(), name)
          child:send{echo = {value}}
          assert.is_true(text == codec.describe(child:receive()), name)
        end
        for name, value in pairs(codec.edges()) do check(value, name) end
        for seed = 1000, 1060 do check(codec.value(seed), 'seed ' .. seed) end
      end)

      it('exchanges tensors', function()
        for _, n in ipairs{3, 100000} do
          local t = torch.range(1, n)
          child:send{echo = {{t, t:storage(), t}}}
          local r = child:receive()
          assert.is_true(t:equal(r[1]))
          assert.are.equal(n, r[2]:size())
          r[1][1] = 7
          assert.are.equal(7, r[3][1])
        end
      end)

      it('gets functions as source text, or an error says why not', function()
        local call = compile 'return function(a, b) return a .. type(b) end'
        child:send{call = call, 'x', {}}
        assert.are.equal('xtable', child:receive())
        local err = error_of(child.send, child, {call = {compile 'local n = 1 return function() return n end'}})
        assert.are.equal('unsupported', err.code)
        assert.matches('message%.call%[1%]: cannot send a function with upvalues', err.message)
        child:send{make = 'return function(a) return a * 2 end'}
        assert.are.equal(14, child:receive()(7))
        child:send{make = 'local n = 1 return {f = function() return n end}'}
        assert.matches('refused: .*message%.f: cannot send a function with upvalues', child:receive())
        child:send{echo = {'still works'}}
        assert.are.equal('still works', child:receive())
      end)

      it('never gets or gives a wrong integer', function()
        local wide = [[return {a = {1, 2, {y = math.tointeger(2 ^ 53) + 1}}}]]
        local runs = [[local t = {} for i = 1, 600 do t[i] = math.tointeger(2 ^ 53) * 8 + 1 end return {1, t}]]
        local keys = [[return {[math.tointeger(2 ^ 53) + 3] = 1}]]
        if math.type then -- from here to there
          for path, text in pairs{['message%.echo%[1%]%.a%[3%]%.y'] = wide, ['message%.echo%[1%]%[2%]%[1%]'] = runs,
                                  ['message%.echo%[1%]%[9'] = keys} do
            local value = compile(text)
            local function send() child:send{echo = {value}} end
            if with_integers[version] then
              send()
              assert.are.equal(codec.describe(value, true), codec.describe(child:receive(), true))
            else
              assert.matches(path .. '.*: the integer 9?%d+ does not fit the numbers of the receiver', error_of(send).message)
            end
          end
        end
        if with_integers[version] and not math.type then -- from there to here
          for path, text in pairs{['message%.a%[3%]%.y'] = wide, ['message%[2%]%[1%]'] = runs, ['message%[9'] = keys} do
            child:send{make = text}
            assert.matches('refused: .*' .. path .. '.*: the integer %d+ does not fit the numbers of the receiver', child:receive())
          end
        end
        child:send{echo = {2 ^ 53}}
        assert.are.equal(2 ^ 53, child:receive())
      end)

      it('gets or gives the nearest number where the loss is accepted', function()
        local text = [[local t = {} for i = 1, 600 do t[i] = math.tointeger(2 ^ 53) * 8 + 1 end
          return {t, [math.tointeger(2 ^ 60) + 1] = 'key', y = math.tointeger(2 ^ 60) + 1, z = {math.maxinteger}}]]
        local lossy = {lossy = true}
        local got
        if math.type then -- from here to there, and from there back
          child:send({echo = {compile(text)}}, lossy)
          got = child:receive()
          if with_integers[version] then
            assert.are.equal(codec.describe(compile(text), true), codec.describe(got, true))
            return
          end
          child:send({echo = {math.maxinteger}}, lossy)
          assert.is_true(child:receive() == 2 ^ 63)
        else
          if not with_integers[version] then return end
          child:send{make = text, options = lossy}
          got = child:receive()
          child:send{make = 'return math.maxinteger', options = lossy} -- a message of one number has a way of its own
          assert.are.equal(2 ^ 63, child:receive())
        end
        assert.are.equal(600, #got[1])
        for i = 1, 600 do assert.is_true(got[1][i] == 2 ^ 56) end
        assert.are.equal('key', got[2 ^ 60])
        assert.is_true(got.y == 2 ^ 60 and got.z[1] == 2 ^ 63)
        if math.type then -- accepted for that message only
          assert.matches('message%.echo%[1%]: the integer', error_of(child.send, child, {echo = {math.maxinteger}}).message)
        end
      end)
    end)
  end
end

describe('a group of children of different Luas', function()
  after_each(function() parallel.close() end)

  it('gets a message, or nobody does', function()
    if not support.other('5.1', '5.2', 'jit') then return pending 'there is no other Lua without integers in this build' end
    local echo = 'while true do parallel.parent:send(parallel.parent:receive()) end'
    parallel.run(echo)
    for version, program in pairs(programs) do
      if support.read_file(support.build .. '/lib/' .. version .. '/parallel/core.so') then parallel.run{code = echo, lua = program} end
    end
    local group, n = parallel.children, parallel.nchildren
    local err = error_of(group.send, group, {compile 'local n = 1 return function() return n end'})
    assert.matches('message%[1%]: cannot send a function with upvalues', err.message)
    if math.type then
      err = error_of(group.send, group, {x = math.maxinteger})
      assert.matches('message%.x: the integer 9223372036854775807 does not fit', err.message)
      group:send({x = math.maxinteger}, {lossy = true}) -- each gets as much of it as it can hold
      for id, value in pairs(group:receive()) do
        assert.is_true(value.x == math.maxinteger or value.x == 2 ^ 63, 'child ' .. id)
      end
    end
    group:send{1, 'two', {3}}
    local count = 0
    for _, value in pairs(group:receive()) do
      assert.same({1, 'two', {3}}, value)
      count = count + 1
    end
    assert.are.equal(n, count)
  end)
end)
