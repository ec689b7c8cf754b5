-- Every block of Lua in README and docs runs as it stands and prints what its comments `-->` say. A `lua fragment` needs more than this machine
-- has: it compiles.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

-- The blocks of a file, with the lines where they begin.
local function blocks_of(path)
  local list, block, number = {}, nil, 0
  for line in io.lines(path) do
    number = number + 1
    if block and line:find('^```') then
      block.text = table.concat(block, '\n')
      list[#list + 1], block = block, nil
    elseif block then
      block[#block + 1] = line
    elseif line:find('^``` *lua') then
      block = {line = number, fragment = line:find('fragment', 1, true) ~= nil}
    end
  end
  return list
end

-- What the comments say that a block prints: words may be apart by any space.
local function expected_of(block)
  local lines = {}
  for _, line in ipairs(block) do
    local told = line:match('%-%->%s*(.*)$')
    if told then lines[#lines + 1] = told:gsub('%s+', ' ') end
  end
  return lines
end

local function check(path, block)
  local where = ('%s:%d'):format(path, block.line)
  local chunk, problem = (loadstring or load)(block.text, '=' .. where) -- luacheck: ignore
  assert.is_truthy(chunk, problem)
  if block.fragment then return end
  local folder = support.scratch('.folder')
  support.shell('mkdir -p ' .. support.quote(folder))
  local out, status = support.script(("require 'parallel.core'.set_directory(%q) "):format(folder) .. block.text)
  support.shell('rm -rf ' .. support.quote(folder))
  assert.equal(0, status, where .. ': ' .. out)
  local expected, at = expected_of(block), 1
  for line in out:gmatch('[^\n]+') do
    if expected[at] and line:gsub('%s+', ' ') == expected[at] then at = at + 1 end
  end
  assert.is_nil(expected[at], ('%s: it does not print "%s" but:\n%s'):format(where, tostring(expected[at]), out))
end

local listed = support.shell(('cd %s && ls README.md docs/*.md docs/design/*.md'):format(support.quote(support.root)))
for path in listed:gmatch('[^\n]+') do
  local blocks = blocks_of(path)
  if #blocks > 0 then
    describe('the Lua blocks of ' .. path, function()
      for _, block in ipairs(blocks) do
        it(('run: line %d'):format(block.line), function() check(path, block) end)
      end
    end)
  end
end
