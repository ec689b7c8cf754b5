-- Each expression of torch7_answers.lua gives the text that Torch7 gave, on every Lua.
local torch = require 'parallel.tensor'
local answers = dofile('tests/lua/tensor/torch7_answers.lua')

local load_text = loadstring or load -- luacheck: ignore
local environment = setmetatable({torch = torch}, {__index = _G})

local function value_of(expression)
  local f = assert(load_text('return ' .. expression))
  if setfenv then -- luacheck: ignore
    setfenv(f, environment) -- luacheck: ignore
  else
    f = load('return ' .. expression, 'expression', 't', environment)
  end
  torch.manualSeed(123)
  return pcall(f)
end

-- Elements of a DoubleTensor are floats, which 5.3 and later print with a ".0": Lua's doing, not Torch's.
local function text_of(value)
  if type(value) == 'number' and value == math.floor(value) then
    return ('%d'):format(value)
  end
  if type(value) == 'number' then return ('%.14g'):format(value) end -- 5.5 prints more digits
  return tostring(value)
end

describe('what Torch7 answered', function()
  for _, pair in ipairs(answers) do
    local expression, wanted = pair[1], pair[2]
    it(expression, function()
      local good, value = value_of(expression)
      if wanted:match('^ERROR ') then
        assert.is_false(good)
        local text = wanted:gsub('^ERROR ', '')
        -- Ours names the function where Torch has '?', and says more behind the reason.
        local number, reason = text:match("^bad argument #(%d) to '%?' %((.*)$")
        if number then
          assert.truthy(tostring(value):find("bad argument #" .. number .. " to '", 1, true), value)
        end
        assert.truthy(tostring(value):find(reason or text, 1, true), value)
      else
        assert.is_true(good, tostring(value))
        assert.equal(wanted, text_of(value))
      end
    end)
  end
end)
