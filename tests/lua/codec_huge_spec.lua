-- Lengths that do not fit in 32 bits, where there is the memory for them.
local core = require 'parallel.core'

describe('a string of more than 2^31 bytes', function()
  it('arrives', function()
    if _VERSION ~= 'Lua 5.4' then return pending 'one interpreter is enough for this' end
    if (os.getenv 'PARALLEL_SANITIZE' or '') ~= '' then return pending 'not under a sanitizer' end
    local available = 0
    local info = io.open '/proc/meminfo'
    if info then
      available = tonumber(info:read '*a':match 'MemAvailable:%s*(%d+)') or 0
      info:close()
    end
    if available < 12 * 2 ^ 20 then return pending 'it needs 12 GiB of memory' end
    local half = ('0123456789abcdef'):rep(2 ^ 26) -- string.rep makes no more than 2^31 - 1 bytes
    local s = half .. half .. half:sub(1, 16)
    half = nil -- luacheck: ignore
    local bytes = core.encode(s)
    collectgarbage()
    local r = core.decode(bytes)
    assert.are.equal(2 ^ 31 + 16, #r)
    assert.is_true(r == s)
  end)
end)
