-- Long arrays of numbers through the codec: they are read by index when nothing else is in the table, so every way of
-- having something else there, or of missing an element, has to be noticed.
local core = require 'parallel.core'
package.path = 'tests/lua/?.lua;' .. package.path
local same = require 'codec.support'.same

local function back(value) return core.decode(core.encode(value)) end

local makers = {
  integers = function(i) return i * 7 end,
  floats = function(i) return i + 0.25 end,
  alternating = function(i) return i % 2 == 0 and i or i + 0.5 end,
  ['eights of each'] = function(i) return math.floor(i / 8) % 2 == 0 and i or i + 0.5 end,
  ['numbers and strings'] = function(i) return i % 11 == 10 and 'x' .. i or i end,
  ['numbers and tables'] = function(i) return i % 9 == 8 and {i} or i end,
  ['whole floats'] = function(i) return i * 1.0 end,
}

-- Filled upwards, the elements lie in the array part; downwards, in the hash part.
local function filled(n, make, downwards)
  local t = {}
  for k = 1, n do
    local i = downwards and n + 1 - k or k
    t[i] = make(i)
  end
  return t
end

describe('an array', function()
  for name, make in pairs(makers) do
    it('of ' .. name .. ' arrives, alone or with other keys', function()
      for _, n in ipairs {7, 8, 15, 16, 17, 23, 24, 511, 512, 513, 1031} do
        for _, downwards in ipairs {false, true} do
          local t = filled(n, make, downwards)
          assert.is_true(same(t, back(t)), n)
          t.key = 'value'
          assert.is_true(same(t, back(t)), n)
          t.key, t['1'], t[0.5] = nil, 1, {}
          assert.is_true(same(t, back(t)), n)
        end
      end
    end)
  end

  it('with as many other keys as holes keeps both', function()
    for hole = 2, 31 do
      local t = filled(32, makers.integers, false)
      t[hole], t[tostring(hole)] = nil, 'other'
      local r = back(t)
      assert.is_true(same(t, r), hole)
      assert.is_nil(r[hole])
      assert.are.equal('other', r[tostring(hole)])
      t = filled(32, makers.floats, true)
      t[hole], t[hole + 0.5] = nil, {hole}
      assert.is_true(same(t, back(t)), hole)
    end
  end)

  it('of ten million numbers arrives', function()
    local n, t = 10000000, {}
    for i = 1, n do t[i] = i end
    local r = back(t)
    assert.are.equal(n, #r)
    local wrong = 0
    for i = 1, n do if r[i] ~= i then wrong = wrong + 1 end end
    assert.are.equal(0, wrong)
  end)
end)
