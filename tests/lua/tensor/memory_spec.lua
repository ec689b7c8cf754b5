-- What tensors that are sent and received cost: nothing is held longer than a message needs it.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

local MB = 100 -- of a tensor

-- Runs code with the fields of /proc/self/status at hand: memory(field) in MB, and new(), a tensor of 100 MB. Returns the numbers that
-- it prints.
local function measure(code, torch)
  local out, status = support.script(([[
    local parallel = require 'parallel'
    local torch = require '%s'
    local n = %d * 2 ^ 20 / 8
    local function new() return torch.live and torch.DoubleTensor(torch.DoubleStorage(n), 1, {n}, {1}) or torch.Tensor(n):fill(1) end
    local function memory(field)
      for line in io.lines '/proc/self/status' do
        local kb = line:match('^' .. field .. ':%%s+(%%d+) kB')
        if kb then return tonumber(kb) / 1024 end
      end
    end
    local before = memory 'VmRSS'
  ]]):format(torch or 'parallel.tensor', MB) .. code)
  assert.equal(0, status, out)
  local numbers = {}
  for number in out:gmatch('%S+') do numbers[#numbers + 1] = tonumber(number) end
  return numbers
end

local echo = [[
    local child = parallel.run 'while true do local m = parallel.parent:receive() if not m then break end parallel.parent:send(m) end'
]]

describe('a large tensor', function()
  if support.sanitized or not support.read_file '/proc/self/status' then return end -- a sanitizer has memory of its own

  for name, step in pairs {
    ['and dropped'] = 'child:send(t) local got = child:receive() got = nil',
    ['and sent on'] = 'child:send(t) t = child:receive()',
    ['as part of a table, with a time limit'] = 'child:send({x = t}, {timeout = 60}) t = child:receive({timeout = 60}).x',
    ['through a group'] = 'parallel.children:send(t) t = parallel.children:receive()[child.id]',
    ['and taken by try_receive'] = 'child:send(t) parallel.select() t = select(2, child:try_receive(60))',
  } do
    it('costs four of it when it is echoed twenty times ' .. name, function()
      local peak = measure(echo .. [[
        local t = new()
        for i = 1, 20 do ]] .. step .. [[ end
        print(memory 'VmHWM' - before)
        child:send(false)
        child:join()
      ]])[1]
      assert.is_true(peak < 4.1 * MB, ('%.0f MB'):format(peak))
    end)
  end

  if pcall(require, 'standin') then -- a real Torch's, where this is run with it
    it('of a real Torch costs the same', function()
      local peak = measure(echo .. [[
        local t = new()
        for i = 1, 20 do child:send(t) t = child:receive() end
        print(memory 'VmHWM' - before)
        t:set(torch.DoubleTensor())
        collectgarbage()
        collectgarbage()
        print(memory 'RssAnon' - before)
        child:send(false)
        child:join()
      ]], 'standin')
      assert.is_true(peak[1] < 4.1 * MB, ('%.0f MB'):format(peak[1]))
      assert.is_true(peak[2] < 0.2 * MB, ('%.0f MB'):format(peak[2]))
    end)
  end

  it('costs four of it when it goes to a worker and comes back twenty times', function()
    local peak = measure([[
      local pool = parallel.pool {workers = 1}
      local t = new()
      for i = 1, 20 do t = pool:submit(function(x) return x end, t):result() end
      print(memory 'VmHWM' - before)
    ]])[1]
    assert.is_true(peak < 4.1 * MB, ('%.0f MB'):format(peak))
  end)

  it('is not held once it has been sent', function()
    local held = measure(echo .. [[
      local t = new()
      child:send(t)
      child:receive()
      t:set(torch.Tensor(1))
      collectgarbage()
      print(memory 'RssAnon' - before)
      child:send(false)
      child:join()
    ]])[1]
    assert.is_true(held < 0.2 * MB, ('%.0f MB'):format(held))
  end)
end)
