-- Every kind of value, encoded and decoded while the garbage collector works at every step: what the codec held only by its address
-- would be freed under it. In a child, whose heap is small: there a cycle takes no longer than a message.
package.path = 'tests/lua/?.lua;' .. package.path
local parallel = require 'parallel'
local support = require 'support'

-- A step that does a whole cycle: 0 is without end in 5.1 and LuaJIT, and a whole cycle in 5.5; 5.3 does so with any, 5.4 goes on
-- at every allocation.
local multipliers = {['Lua 5.1'] = 0, ['Lua 5.2'] = 1000000, ['Lua 5.3'] = 1000, ['Lua 5.4'] = 1000, ['Lua 5.5'] = 0}
local set = support.set_collector
local ways = {
  ['never rests'] = {
    set = set('pause', 0) .. set('stepmul', multipliers[_VERSION]),
    rest = set('pause', 200) .. set('stepmul', 200),
  },
}
if _VERSION == 'Lua 5.4' then
  local way = ways['never rests']
  way.set, way.rest = way.set .. " collectgarbage('incremental', 0, 0, 1)", way.rest .. " collectgarbage('incremental', 0, 0, 13)"
  ways['is generational'] = {set = "collectgarbage('generational', 1, 100)", rest = ''} -- to change the mode is a cycle
elseif _VERSION == 'Lua 5.5' then
  local way = ways['never rests']
  way.set, way.rest = way.set .. set('stepsize', 100), way.rest .. set('stepsize', 9600)
  ways['is generational'] = {set = "collectgarbage('generational') " .. set('minormul', 1) .. set('majorminor', 0), rest = ''}
end

-- Cycles of the collector are counted by an object that makes its successor when it is finalised.
local prepare = [[
  package.path = 'tests/lua/?.lua;' .. package.path
  require 'parallel.core'.direct_state() -- the direct walk from the first message on
  local kinds = require 'codec.kinds'
  local cycles = 0
  local function watch()
    local object = rawget(_G, 'newproxy') and newproxy(true) or setmetatable({}, {})
    getmetatable(object).__gc = function() cycles = cycles + 1; watch() end
    if not rawget(_G, 'newproxy') then setmetatable(object, getmetatable(object)) end
  end
  watch()
  -- Of each kind as many values as it takes for some cycles of the collector, `set` as it is for the trip only. Returns a list of what
  -- did not arrive, how many values it was, and the cycles.
  local function trips(trip)
    local lost, values, all = {}, 0, 0
    for _, kind in ipairs(kinds) do
      local n, seen = 0, 0
      repeat
        n = n + 1
        local value = kind.make(n)
        cycles = 0
        set()
        local ok, got = pcall(trip, value)
        rest()
        seen = seen + cycles
        local right = ok and kind.check(got, n)
        if not right then lost[#lost + 1] = ('%s %d: %s'):format(kind.name, n, ok and 'changed' or tostring(got)) end
      until n >= 2 and seen >= 12 or n == 30
      values, all = values + n, all + seen
    end
    return table.concat(lost, '\n'), values, all
  end
]]

-- The collector set while values travel, and as it was while they are made and compared.
local function settings(way) return ('local function set() %s end local function rest() %s end\n'):format(way.set, way.rest) end

describe('a collector that', function()
  after_each(function() parallel.close() end)

  local function check(lost, values, cycles)
    assert.are.equal('', lost)
    assert.is_true(values > 30)
    assert.is_true(cycles >= 40, cycles .. ' cycles while ' .. values .. ' values travelled')
  end

  for name, way in pairs(ways) do
    it(name .. ' takes nothing from encode and decode', function()
      check(parallel.run(settings(way) .. prepare .. [[
        return trips(function(value) return parallel.decode(parallel.encode(value), {functions = true}) end)
      ]]):join())
    end)

    it(name .. ' takes nothing from messages, on either side', function()
      local echo = settings(way) .. prepare .. 'set() while true do parallel.parent:send((parallel.parent:receive())) end'
      check(parallel.run(settings(way) .. prepare .. [[
        local child = parallel.run((...))
        return trips(function(value) child:send(value); value = nil; return child:receive() end)
      ]], echo):join())
    end)
  end
end)
