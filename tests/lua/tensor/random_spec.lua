-- Every way to call the functions that draw random numbers, with the numbers that Torch7 draws after torch.manualSeed(123).
local torch = require 'parallel.tensor'
local core = require 'parallel.core'
local load_text = loadstring or load -- luacheck: ignore

local drawn = {
  {'torch.uniform(torch.Tensor(3))', '0.6965 0.7130 0.2861'},
  {'torch.uniform(torch.FloatTensor(3), 0.1, 0.3)', '0.2393 0.2426 0.1572'},
  {'torch.normal(torch.Tensor(3), 1, 2)', '-0.0429 -1.9828 0.5237'},
  {'torch.exponential(torch.FloatTensor(3), 0.3)', '3.9742 4.1604 1.1236'},
  {'torch.cauchy(torch.FloatTensor(3), 0.1, 0.7)', '0.5968 0.6535 -0.4567'},
  {'torch.logNormal(torch.FloatTensor(3), 0.1, 0.7)', '0.7672 0.3891 0.9355'},
  {'torch.logNormal(torch.Tensor(2))', '0.9580 0.1377'},
  {'torch.logNormal(0.3, 0.2)', '1.21617585107293'},
  {'torch.logNormal()', '0.958020478030629'},
  {'torch.geometric(torch.IntTensor(4), 0.3)', '1 2 1 1'},
  {'torch.bernoulli(torch.Tensor{0.1,0.9,0.5,0.5})', '0 0 1 1'},
  {'torch.bernoulli(torch.Tensor{0.1,0.9,0.5,0.5}, 0.9)', '1 1 1 1'},
  {'torch.bernoulli(torch.ByteTensor(4), torch.Tensor{0.1,0.9,0.5,0.5})', '0 1 1 1'},
  {'torch.FloatTensor(4):bernoulli(torch.FloatTensor{0.1,0.9,0.5,0.5})', '0 1 1 1'},
  {'torch.bernoulli(torch.LongTensor(3), 1)', '1 1 1'},
  {'torch.random(torch.LongTensor(3))', '2.9913e+09 3.0621e+09 1.2290e+09'},
  {'torch.random(torch.ByteTensor(3), 5)', '3 5 3'},
  {'torch.random(torch.FloatTensor(3), 5, 9)', '7 9 7'},
  {'torch.FloatTensor(2):random()', '4967756 8666295'},
  {'torch.CharTensor(3):random()', '126 109 126'},
  {'torch.ShortTensor(3):random()', '19966 15725 28030'},
  {'torch.random(5)', '3'},
  {'torch.random(2,4)', '3'},
  {'torch.Tensor(2):random(3)', '2 2'},
}

local function text_of(value)
  if type(value) == 'number' then return ('%.15g'):format(value) end
  return (tostring(value):gsub('%[torch.-%]', ''):gsub('^%s+', ''):gsub('%s+$', ''):gsub('%s*\n%s*', ' '))
end

describe('drawing', function()
  for _, pair in ipairs(drawn) do
    it(pair[1], function()
      torch.manualSeed(123)
      assert.equal(pair[2], text_of(assert(load_text('local torch = ... return ' .. pair[1]))(torch)))
    end)
  end

  it('is refused for parameters that no distribution has', function()
    for _, call in ipairs {
      'torch.Tensor(3):bernoulli(2)', 'torch.Tensor(3):bernoulli(torch.Tensor {1, 1, 2})', 'torch.Tensor(3):logNormal(1, 0)',
      'torch.bernoulli(torch.Tensor(2), torch.Tensor {1})', 'torch.logNormal(1, -1)', 'torch.geometric(1)', 'torch.random(0)',
      'torch.random(3, 2)', 'torch.uniform("x")', 'torch.bernoulli(torch.Tensor(2), torch.LongTensor {0, 1})',
      'torch.uniform(torch.LongTensor(2))', 'torch.Tensor(3).bernoulli(torch.Tensor {1, 0, 1}, 1, 1)', 'torch.uniform(1, 2, 3)',
    } do
      assert.is_false((pcall(assert(load_text('local torch = ... return ' .. call)), torch)), call)
    end
  end)

  it('travels with its generator', function()
    local generator = torch.Generator()
    torch.manualSeed(generator, 3)
    torch.normal(generator)
    local there = core.decode(core.encode {generator, generator})
    assert.is_true(rawequal(there[1], there[2]))
    local parallel = require 'parallel'
    local from_child = parallel.run("local g = ... return torch.random(g)", generator):join()
    local here = torch.random(generator)
    assert.equal(here, torch.random(there[1]))
    assert.equal(here, from_child)
  end)

  it('takes a generator of its own, in front of the numbers', function()
    local function both(f)
      torch.manualSeed(7)
      local generator = torch.Generator()
      torch.manualSeed(generator, 7)
      assert.equal(text_of(f()), text_of(f(generator)))
    end
    local p = torch.Tensor(20):fill(0.5)
    both(function(g) return g and torch.bernoulli(torch.Tensor(20), g, p) or torch.bernoulli(torch.Tensor(20), p) end)
    for _, name in ipairs {'uniform', 'normal', 'exponential', 'cauchy', 'logNormal', 'geometric', 'bernoulli', 'random'} do
      both(function(g) return g and torch[name](g) or torch[name]() end)
      both(function(g) return g and torch[name](torch.Tensor(5), g) or torch[name](torch.Tensor(5)) end)
      both(function(g)
        local t = torch.Tensor(5)
        return g and t[name](t, g) or t[name](t)
      end)
    end
  end)
end)
