-- Large tensors through pools, over and over: segments are returned while other channels are written to and waited for.
local parallel = require 'parallel'
local torch = require 'parallel.tensor'

describe('a pool', function()
  it('never loses or garbles a large tensor', function()
    local list = {}
    for i = 1, 4 do list[i] = torch.Tensor(200000):fill(i) end
    for _ = 1, 10 do
      local sums = parallel.map(function(t) return t:sum() end, list, {workers = 2, timeout = 60})
      assert.same({200000, 400000, 600000, 800000}, sums)
      local doubled = parallel.map(function(t) return t * 2 end, list, {workers = 2, timeout = 60})
      for i = 1, 4 do assert.equal(400000 * i, doubled[i]:sum()) end
    end
  end)
end)
