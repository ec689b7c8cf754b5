-- types/parallel.lua is the contract: everything in it is there, in parents and in children, everything public is in it and in the docs,
-- and docs/reference.md says what it says.
package.path = 'tests/lua/?.lua;tools/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local core = require 'parallel.core'
local annotations = require 'annotations'

for _, name in ipairs{'children', 'siblings.member', 'siblings.shared'} do require('parallel.' .. name) end -- they add methods
local contract = annotations.read('types/parallel.lua')

-- Names of the functions of a class in the contract, as a set.
local function annotated(owner)
  local set = {}
  for _, entry in ipairs(contract) do
    if entry.kind == 'function' and entry.owner == owner then set[entry.name] = entry end
  end
  return set
end

local function fields_of(class)
  for _, entry in ipairs(contract) do
    if entry.class == class then
      local set = {}
      for _, field in ipairs(entry.fields) do set[field.name] = true end
      for parent in entry.parents:gmatch('[%w%.]+') do
        for name in pairs(fields_of(parent)) do set[name] = true end
      end
      return set
    end
  end
end

local function sorted(set, public)
  local list = {}
  for name in pairs(set) do
    if not public or name:sub(1, 1) ~= '_' then list[#list + 1] = name end
  end
  table.sort(list)
  return list
end

-- The functions of the module: those that it has, and those that it loads when they are first used.
local function module_functions()
  local set = {}
  for name, value in pairs(parallel) do
    if type(value) == 'function' then set[name] = true end
  end
  local lazy = support.read_file('lua/parallel/parts.lua'):match('local lazy = (%b{})')
  for name in lazy:gmatch("\n  ([%w_]+) = {'parallel") do
    if type(parallel[name]) == 'function' then set[name] = true end
  end
  return set
end

local pool
setup(function() pool = parallel.pool{workers = 1} end)
teardown(function() parallel.close() end)

local classes = {
  parallel = module_functions,
  ['parallel.Child'] = function() return core.child.methods end,
  ['parallel.Children'] = function() return getmetatable(parallel.nfork(0)).__index end,
  ['parallel.Pool'] = function() return getmetatable(pool).__index end,
  ['parallel.Future'] = function() return getmetatable(pool:submit(function() end)).__index end,
  ['parallel.Group'] = function() return core.group.methods end,
  ['parallel.Counter'] = function() return core.shared.counter.methods end,
  ['parallel.Lock'] = function() return core.shared.lock.methods end,
  ['parallel.Table'] = function() return core.shared.table.methods end,
}

describe('the contract', function()
  for owner, there in pairs(classes) do
    it('has the functions of ' .. owner .. ', and no others', function()
      assert.same(sorted(there(), true), sorted(annotated(owner)))
    end)
  end

  it('gives every function a text, and a type and name for each argument', function()
    for _, entry in ipairs(contract) do
      if entry.kind == 'function' then
        local where = 'types/parallel.lua:' .. entry.line
        assert.is_truthy(entry.text[1], where)
        local names = {}
        for i, param in ipairs(entry.params) do names[i] = param.name end
        assert.equal(entry.arguments, table.concat(names, ', '), where)
      end
    end
  end)

  it('is kept by errors that name the line of the program, and none of ours', function()
    local child = parallel.run('') -- nobody can wait for it
    local objects = {['parallel.Child'] = child, ['parallel.Children'] = parallel.children, ['parallel.Pool'] = pool,
      ['parallel.Future'] = pool:submit(function() end), ['parallel.Counter'] = parallel.counter(), ['parallel.Table'] = parallel.table()}
    local left_out = {join = true, sync = true, print = true, reset = true, close = true, -- which take anything
      hosts = true} -- whose errors name the host, which may stand in a file
    for _, entry in ipairs(contract) do
      local object = objects[entry.owner]
      if entry.kind == 'function' and (object or entry.owner == 'parallel') and not left_out[entry.name] then
        local f = (object or parallel)[entry.name]
        for _, wrong in ipairs{true, {no_such_option = 1}} do
          local ok, err = pcall(function()
            if object then f(object, wrong) else f(wrong) end
            return nil -- no tail calls: Lua would forget this line
          end)
          if not ok and type(err) == 'string' then
            assert.matches('^.-contract_spec.lua:%d+: ', err, entry.name)
            assert.not_matches('contract_spec.lua:%d+: .*:%d+: ', err, entry.name)
          end
        end
      end
    end
    child:close()
  end)

  it('holds in a child', function()
    local wanted = {module = sorted(annotated('parallel')), child = sorted(annotated('parallel.Child'))}
    local missing = parallel.run(function(names)
      local list = {}
      for _, name in ipairs(names.module) do
        if type(parallel[name]) ~= 'function' then list[#list + 1] = name end
      end
      for _, name in ipairs(names.child) do
        if type(parallel.parent[name]) ~= 'function' then list[#list + 1] = 'parent:' .. name end
      end
      return list
    end, wanted):join()
    assert.same({}, missing)
  end)

  it('has the options that calls take', function()
    local options = require 'parallel.pool.options'
    assert.same(sorted(options.map), sorted(fields_of('parallel.MapOptions')))
    assert.same(sorted(options.imap), sorted(fields_of('parallel.ImapOptions')))
    assert.same(sorted(options.pool), sorted(fields_of('parallel.PoolOptions')))
    assert.same(sorted(options.map_and_pool), sorted(fields_of('parallel.MapAndPoolOptions')))
    local told = support.message_of(parallel.run, {code = '', none = 1}):match('%((.-)%)$')
    local run = fields_of('parallel.RunOptions')
    for name in told:gmatch('[%w_]+') do
      assert.is_true(run[name], name)
      run[name] = nil
    end
    assert.same({'program'}, sorted(run))
  end)

  it('is told in the docs, function by function', function()
    local text = {}
    for _, name in ipairs{'api', 'pool', 'groups', 'later', 'clusters', 'trace'} do text[#text + 1] = support.read_file('docs/' .. name .. '.md') end
    text = table.concat(text)
    for _, entry in ipairs(contract) do
      if entry.kind == 'function' then
        local told = text:find('[%.:`]' .. entry.name .. '[^%w_]') ~= nil
        assert.is_true(told, entry.owner .. '.' .. entry.name .. ' is not in the docs')
      end
    end
  end)

  it('is what docs/reference.md shows', function()
    local text, status = support.shell(('%s/tools/lua %s tools/reference.lua --print'):format(support.quote(support.root), support.version))
    assert.equal(0, status, text)
    assert.is_true(text == support.read_file('docs/reference.md'), 'docs/reference.md is old: run tools/reference.lua')
  end)
end)
