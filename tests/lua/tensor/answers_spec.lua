-- Each expression of torch7_answers.lua gives the text that Torch7 gave, on every Lua.
local torch = require 'parallel.tensor'
local answers = dofile('tests/lua/tensor/torch7_answers.lua')

local load_text = loadstring or load -- luacheck: ignore
local environment = setmetatable({torch = torch}, {__index = _G})

-- An error of a call that was made as the last thing of a function cannot name it: some answers were taken that way.
local function value_of(expression, wanted)
  local last = wanted:find("to '?'", 1, true)
  local code = last and 'return ' .. expression or 'local value = ' .. expression .. ' return value'
  local f = assert(load_text(code))
  if setfenv then -- luacheck: ignore
    setfenv(f, environment) -- luacheck: ignore
  else
    f = load(code, 'expression', 't', environment)
  end
  torch.manualSeed(123)
  return pcall(f)
end

-- Ours say more behind the reason; and each Lua words its own errors in its own way.
local function check_error(value, wanted)
  local text = wanted:gsub('^ERROR ', '')
  local number, reason = text:match("^bad argument #(%d) to '%?' %((.*)$")
  local method = text:match("^attempt to call method '(%w+)'")
  if number then -- a Lua that knows the name of a method does not count its object
    local counted = tonumber(value:match("bad e?x?t?r?a? ?argument #(%d) to '")) -- 5.5 calls it extra where it is behind an object
    assert.truthy(counted == tonumber(number) or counted == number - 1, value)
  end
  if method then
    assert.truthy(value:find('attempt to call', 1, true) and value:find("'" .. method .. "'", 1, true), value)
  else
    assert.truthy(value:find(reason or text, 1, true), value)
  end
end

-- Elements of a DoubleTensor are floats, which 5.3 and later print with a ".0": Lua's doing, not Torch's.
local function text_of(value)
  if type(value) == 'number' and value == math.floor(value) then
    return ('%d'):format(value)
  end
  if type(value) == 'number' then return ('%.14g'):format(value) end -- 5.5 prints more digits
  return tostring(value)
end

-- Logarithms and cosines are rounded by the C library: the last digit of what is made of a thousand of them may differ.
local function same_numbers(wanted, got)
  local pattern = '%-?%d+%.%d+'
  if wanted:gsub(pattern, '') ~= got:gsub(pattern, '') then return false end
  local next_number = got:gmatch(pattern)
  for number in wanted:gmatch(pattern) do
    if math.abs(tonumber(number) - tonumber(next_number())) > 1e-12 * math.abs(tonumber(number)) then return false end
  end
  return true
end

-- Lua 5.1 and 5.2 write %d as a C long, which has 32 bits on some machines; 5.2 says so.
local whole, written = pcall(string.format, '%d', 2 ^ 31)
local short_integers = not whole or written ~= '2147483648'

describe('what Torch7 answered', function()
  for _, pair in ipairs(answers) do
    local expression, wanted = pair[1], pair[2]
    it(expression, function()
      if short_integers and expression:find('%d', 1, true) then return pending '%d of this Lua has 32 bits' end
      local good, value = value_of(expression, wanted)
      if wanted:match('^ERROR ') then
        assert.is_false(good)
        if tostring(value):find('there is no LAPACK here', 1, true) then return pending 'there is no LAPACK here' end
        check_error(tostring(value), wanted)
      else
        if not good and tostring(value):find('there is no LAPACK here', 1, true) then return pending 'there is no LAPACK here' end
        assert.is_true(good, tostring(value))
        if expression:find('%.17g', 1, true) and same_numbers(wanted, text_of(value)) then return end
        assert.equal(wanted, text_of(value))
      end
    end)
  end
end)
