-- The original's own description: every complete block of Lua in it runs as written. The text is not part of this project; where
-- it is absent the blocks are skipped, and readme_spec covers the same behaviour.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

local function blocks_of(text)
  local list = {}
  for code in text:gmatch('```%s*lua\n(.-)```') do
    if (loadstring or load)(code) then list[#list + 1] = code end -- luacheck: ignore
  end
  return list
end

describe('the description of 2011', function()
  local text = support.read_file(support.root .. '/../shared/seed.md')
  if not text then
    pending('is not here: ../shared/seed.md')
    return
  end
  local blocks = blocks_of(text)

  local function block_with(pattern)
    for _, code in ipairs(blocks) do
      if code:find(pattern, 1, true) then return code end
    end
    error('no complete block with ' .. pattern)
  end

  it('has the complete blocks that we know', function() assert.equal(4, #blocks) end)

  it('loads', function()
    local out, status = support.script(block_with("require 'parallel'"))
    assert.equal('', out)
    assert.equal(0, status)
  end)

  it('joins children both ways', function()
    local out, status = support.script("require 'parallel'\n" .. block_with('parallel.children:join() -- join all'))
    assert.equal(('Im in a process\n'):rep(4), out)
    assert.equal(0, status)
  end)

  it('sends for ever until it is stopped', function()
    local code = "require 'parallel'\n" .. block_with('received object')
    local log = support.scratch('.log')
    local quoted = support.quote(log)
    local out = support.script(code, {args = ('>%s 2>&1 & pid=$!; ' ..
      'until grep -q "table: " %s && grep -q "arbitrary entries" %s; do sleep 0.02; done; ' ..
      'kill -TERM $pid; wait $pid 2>/dev/null; cat %s; rm %s'):format(quoted, quoted, quoted, quoted, quoted)})
    local first = out:match('<parallel#001>\treceived object:\ttable: ')
    local second = out:match('<parallel#002>\treceived object:\twith arbitrary entries\n')
    assert.is_truthy(first)
    assert.is_truthy(second)
    assert.is_nil(out:find('rror', 1, true))
  end)

  it('runs its example', function()
    local out, status = support.script(block_with('transmitting object with norm'))
    assert.equal(0, status, out)
    local sent = out:match('<parallel#000>\ttransmitting object with norm: \t([%d.]+)\n')
    assert.is_truthy(sent, out)
    for id = 1, 4 do
      local prefix = ('<parallel#%03d>\t'):format(id)
      assert.is_truthy(out:find(prefix .. 'Im a worker, my ID is: ' .. id .. '\n', 1, true), out)
      local n = 0
      for norm in out:gmatch(prefix .. 'received object with norm: \t([%d.]+)\n') do
        n = n + 1
        assert.equal(sent, norm)
      end
      assert.equal(5, n)
    end
    assert.is_truthy(out:match('<parallel#000>\tall processes terminated\n$'), out)
  end)
end)
