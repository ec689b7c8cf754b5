-- The examples of pools run as they are written, in a folder of their own.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

describe('the example', function()
  local picture = support.scratch('.ppm')
  for name, args in pairs{mandelbrot = '60 ' .. support.quote(picture), word_count = 'README.md docs/*.md', pi = '500', kmeans = '400',
    task_queue = '', luv_futures = '', cqueues_futures = ''} do
    it(name .. ' runs', function()
      local out, status = support.shell(('tools/lua %s examples/%s.lua %s'):format(support.version, name, args))
      if status == 77 then return pending(out) end
      assert.equal(0, status, out)
      assert.matches('%d', out)
      if name == 'mandelbrot' then
        assert.equal(#'P6\n60 40\n255\n' + 60 * 40 * 3, #support.read_file(picture))
        os.remove(picture)
      end
    end)
  end
end)
