-- The pool in a world of its own: many schedules of crashes, errors, time limits, steals and cancellations (simulation.lua); and
-- faults put into it on purpose, each of which that must find. More schedules by hand: make simulate.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local searcher = require 'parallel.searcher'

-- Some schedules on every Lua, and many more on the fastest interpreter: the code is the same.
local EVERYWHERE, MORE = 1000, 20000

local function check(run, n, first)
  local seed, problem = run(n, first)
  assert.is_nil(seed and ('seed %d: %s'):format(seed, problem))
end

it('holds what it promises in every schedule', function() check(require 'pool.simulation'.run, EVERYWHERE, 1) end)

if support.version == 'jit' and not support.sanitized then
  it('holds it in many more', function() check(require 'pool.simulation'.run_interpreted, MORE, EVERYWHERE + 1) end)
end

-- Runs f with one of the pool's modules changed.
local function with_mutant(name, old, new, f)
  local kept = {}
  for module in pairs(package.loaded) do
    if module:match('^parallel%.pool') or module:match('^pool%.') then kept[module] = package.loaded[module] end
  end
  for module in pairs(kept) do package.loaded[module] = nil end
  local text = support.read_file(('%s/pool/%s.lua'):format(searcher.root, name))
  local at, last = text:find(old, 1, true)
  assert(at and not text:find(old, last + 1, true), 'the old text is not there exactly once')
  local load = loadstring or load -- luacheck: ignore
  package.preload['parallel.pool.' .. name] = assert(load(text:sub(1, at - 1) .. new .. text:sub(last + 1), '=' .. name))
  local ok, err = pcall(f)
  package.preload['parallel.pool.' .. name] = nil
  for module in pairs(package.loaded) do
    if module:match('^parallel%.pool') or module:match('^pool%.') then package.loaded[module] = nil end
  end
  for module, value in pairs(kept) do package.loaded[module] = value end
  assert(ok, err)
end

describe('the simulation finds', function()
  local mutants = {
    {'a task that is lost when others are taken back', 'scheduler',
      'chunk.job:give_up(chunk.first + limit, chunk.first + chunk.n - 1)',
      'chunk.job:give_up(chunk.first + limit + 1, chunk.first + chunk.n - 1)'},
    {'a slot that is given away twice', 'scheduler', 'return other and 1 - other.slot or 0', 'return 0'},
    {'a worker that stays idle after a task that cannot travel', 'scheduler', '    refuse(worker, chunk, err)\n    return false',
      '    refuse(worker, chunk, err)\n    return true'},
    {'a running task that is given to somebody else as well', 'crew', 'for i = chunk.got + 1, claimed do',
      'for i = chunk.got + 2, claimed do'},
    {'a task that is tried once too often', 'job', 'if attempts <= (self.retries or 0)', 'if attempts <= (self.retries or 0) + 1'},
    {'a worker that is recycled for ever', 'scheduler', 'if not chunk.job.own then worker.taken', 'if true then worker.taken'},
  }
  for _, mutant in ipairs(mutants) do
    it(mutant[1], function()
      with_mutant(mutant[2], mutant[3], mutant[4], function()
        local seed = require 'pool.simulation'.run(3000, 1)
        assert.is_number(seed)
      end)
    end)
  end
end)
