-- No call with whatever arguments crashes: calls.lua, in processes of their own.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

-- Under a sanitizer it is the sanitizer that finds most, so it gets more rounds.
local ROUNDS, SEEDS = support.sanitized and 20 or 6, 3

describe('functions of tensors', function()
  local function run(seed, names)
    return support.shell(('tests/run-script.sh %s tests/lua/tensor/calls.lua %d %d %s'):format(support.version, seed, ROUNDS, names),
      10 * support.patience)
  end

  for seed = 1, SEEDS do
    it('return or raise an error for random arguments, seed ' .. seed, function()
      local out, status = run(seed, '')
      if status ~= 0 then out = run(seed, 'names'):sub(-4000) end
      assert.equal(0, status, out)
      local calls, good = out:match('(%d+)%s+(%d+)')
      assert.is_true(tonumber(calls) > 500 and tonumber(good) > ROUNDS * 100, out)
    end)
  end
end)
