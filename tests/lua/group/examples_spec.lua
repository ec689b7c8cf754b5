-- The examples of groups run as they are written. They check their results themselves.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

describe('the example', function()
  for name, case in pairs{data_parallel = {'3 400', 'network .* 3 members'}, parameter_server = {'2 300', 'worker 3 sent %d+ gradients'}} do
    it(name .. ' runs', function()
      local out, status = support.shell(('tools/lua %s examples/%s.lua %s'):format(support.version, name, case[1]))
      assert.equal(0, status, out)
      assert.matches(case[2], out)
    end)
  end
end)
