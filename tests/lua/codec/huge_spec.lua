-- Lengths that do not fit in 32 bits, and tables of ten million entries, where there is the memory for them.
package.path = 'tests/lua/?.lua;' .. package.path
local parallel = require 'parallel'
local support = require 'support'

-- Why a test that needs so many GiB is not run here, or nil.
local function excuse(gibibytes)
  if _VERSION ~= 'Lua 5.4' then return 'one interpreter is enough for this' end
  if support.sanitized then return 'not under a sanitizer' end
  if string.packsize('T') < 8 then return 'addresses have 32 bits here' end
  local info = support.read_file '/proc/meminfo' or ''
  local available = tonumber(info:match 'MemAvailable:%s*(%d+)') or 0
  if available < gibibytes * 2 ^ 20 then return ('it needs %d GiB of memory'):format(gibibytes) end
end

describe('a string of more than 2^31 bytes', function()
  local s
  local pattern = '0123456789abcdefg' -- 17 bytes: what is lost or doubled in blocks shifts the rest
  local function make()
    local half = pattern:rep(2 ^ 26) -- string.rep makes no more than 2^31 - 1 bytes
    s = s or half .. half
    half = nil -- luacheck: ignore
    collectgarbage()
  end
  after_each(function() parallel.close() end)
  teardown(function() s = nil; collectgarbage() end)

  it('arrives', function()
    local why = excuse(12)
    if why then return pending(why) end
    make()
    local bytes = parallel.encode(s)
    collectgarbage()
    local r = parallel.decode(bytes)
    assert.are.equal(17 * 2 ^ 27, #r)
    assert.is_true(r == s)
  end)

  it('goes through a channel', function()
    local why = excuse(12)
    if why then return pending(why) end
    make()
    local child = parallel.run([[
      local pattern, s = ..., parallel.parent:receive()
      for at = 1, #s - #pattern, 4999 * #pattern do
        if s:sub(at, at + #pattern - 1) ~= pattern then error('other bytes from ' .. at .. ' on') end
      end
      return #s, s:sub(-#pattern)
    ]], pattern)
    child:send(s, {timeout = 10 * support.patience})
    s = nil
    local len, last = child:join()
    assert.are.equal(17 * 2 ^ 27, len)
    assert.are.equal(pattern, last)
  end)
end)

describe('a hash of ten million entries', function()
  it('arrives', function()
    local why = excuse(8)
    if why then return pending(why) end
    collectgarbage()
    collectgarbage 'stop' -- nothing here is garbage
    local n, t = 10000000, {}
    for i = 1, n do t[i * 3.5] = i end
    local bytes = parallel.encode(t)
    local got, count = parallel.decode(bytes), 0
    for key, value in next, got do
      if key ~= value * 3.5 then error(('%s is the value of %s'):format(value, key)) end
      count = count + 1
    end
    collectgarbage 'restart'
    assert.are.equal(n, count)
  end)
end)
