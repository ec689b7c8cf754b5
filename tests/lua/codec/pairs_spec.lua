-- The same random values between every two Luas: this one reads what each of the others wrote.
package.path = 'tests/lua/?.lua;' .. package.path
local core = require 'parallel.core'
local support = require 'codec.support'

local versions = {'5.1', '5.2', '5.3', '5.4', '5.5', 'jit'}
local build = os.getenv 'PARALLEL_BUILD' or 'build/release'

local function exists(path)
  local f = io.open(path, 'rb')
  if f then f:close() end
  return f ~= nil
end

-- Is this Lua in the build, with an interpreter?
local function built(version)
  local folder = build .. '/lib/' .. version
  return exists(folder .. '/parallel/core.so') and exists(folder .. '/interpreter')
end

-- Runs code on another Lua; gives what it wrote.
local function run(version, code)
  local script = os.tmpname()
  local f = assert(io.open(script, 'w'))
  f:write("package.path = 'tests/lua/?.lua;' .. package.path\nlocal core, support = require 'parallel.core', require 'codec.support'\n", code)
  f:close()
  -- The sanitizer's run-time library is inherited: the other interpreter's module needs it too.
  local pipe = assert(io.popen(('tools/lua %s %s'):format(version, script), 'r'))
  local out = pipe:read '*a'
  pipe:close()
  os.remove(script)
  return out
end

-- Writes values with their names and descriptions: random ones by number, those at the edge of something by name, and
-- integers that no double holds.
local writer = [[
local chunks = {}
local function write(name, value)
  local bytes, text = core.encode(value), support.describe(value)
  local exact = support.describe(value, true)
  chunks[#chunks + 1] = ('%d %d %d %d\n'):format(#name, #bytes, #text, #exact) .. name .. bytes .. text .. exact
end
for seed = 1, 200 do write(tostring(seed), support.value(seed)) end
for name, value in pairs(support.edges()) do write(name, value) end
if math.type then write('wide integers', support.wide_integers()) end
io.stdout:write(table.concat(chunks))
]]

-- name, bytes, description, exact description of each value in what the writer wrote
local function written(out)
  local at = 1
  return function()
    if at > #out then return end
    local fields = {out:match('^(%d+) (%d+) (%d+) (%d+)\n()', at)}
    at = fields[5]
    for i = 1, 4 do
      local len = tonumber(fields[i])
      fields[i], at = out:sub(at, at + len - 1), at + len
    end
    return fields[1], fields[2], fields[3], fields[4]
  end
end

describe('data from', function()
  for _, version in ipairs(versions) do
    if built(version) then
      it(version .. ' arrives as it was', function()
        local edges, n, named = support.edges(), 0, 0
        for name, bytes, text, exact in written(run(version, writer)) do
          if name ~= 'wide integers' then
            local value = core.decode(bytes)
            assert.is_true(text == support.describe(value), name)
            assert.is_true(text == support.describe(edges[name] or support.value(tonumber(name))), name)
            if math.type and version ~= 'jit' and version >= '5.3' then
              assert.is_true(exact == support.describe(value, true), name)
            end
            n, named = n + 1, named + (edges[name] and 1 or 0)
            edges[name] = nil
          elseif math.type then
            assert.are.equal(exact, support.describe(core.decode(bytes), true))
          else
            local ok, message = pcall(core.decode, bytes)
            assert.is_false(ok)
            assert.truthy(message:find('value 1.*: the integer %-?%d+ does not fit'))
          end
        end
        assert.is_nil(next(edges))
        assert.are.equal(200, n - named)
      end)

      it(version .. ' as functions in source text works', function()
        local out = run(version, [[
          local object = {}
          function object:add(n) return self.x + n end
          local function f(a, b) -- the word end in a comment
            local s = 'end' if a then for _ = 1, 2 do end end
            return a + b, s
          end
          local list = {f, object.add, (loadstring or load) 'return ... * 2', function(x) return x end, function(x) return -x end}
          io.stdout:write(core.encode(list, {foreign = true}))
        ]])
        local r = core.decode(out, {functions = true})
        assert.are.equal(5, (r[1](2, 3)))
        assert.are.equal(9, r[2]({x = 4}, 5))
        assert.are.equal(8, r[3](4))
        assert.are.equal(1, r[4](1))
        assert.are.equal(-1, r[5](1))
      end)
    end
  end

  it('a Lua with integers beyond 2^53 is an error where there are none, unless the loss is accepted', function()
    if not built '5.4' then return pending 'there is no Lua 5.4 in this build' end
    local function write(options)
      return run('5.4', 'io.stdout:write(core.encode({a = {1, 2, {y = (1 << 60) + 1, z = 1 << 60}}}' .. options .. '))')
    end
    if math.type then
      assert.are.equal(math.tointeger(2 ^ 60) + 1, core.decode(write '').a[3].y)
      return
    end
    local ok, message = pcall(core.decode, write '')
    assert.is_false(ok)
    assert.truthy(message:find('a[3].y: the integer 1152921504606846977 does not fit', 1, true))
    assert.are.equal(2 ^ 60, core.decode(write '', {lossy = true}).a[3].y)
    assert.are.equal(2 ^ 60, core.decode(write ', {lossy = true}').a[3].y)
  end)

  it('another Lua as bytecode is refused', function()
    local other = jit and '5.1' or 'jit'
    if not built(other) then return pending 'there is no such Lua in this build' end
    local ok, message = pcall(core.decode, run(other, 'io.stdout:write(core.encode{function() end})'), {functions = true})
    assert.is_false(ok)
    assert.truthy(message:find('value 1[1]: a function of another kind of Lua', 1, true))
  end)
end)

describe('a function for another Lua', function()
  it('is refused when its text is not all there is to it', function()
    local upvalue = 1
    for _, f in ipairs {function() return upvalue end} do
      local ok, message = pcall(core.encode, {f = f}, {foreign = true})
      assert.is_false(ok)
      assert.truthy(message:find('value.f: cannot send a function with upvalues', 1, true))
    end
    local ok, message = pcall(core.encode, (loadstring or load)('return 1', '=nowhere'), {foreign = true})
    assert.is_false(ok)
    assert.truthy(message:find('without source', 1, true))
  end)
end)
