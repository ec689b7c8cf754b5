--- torch.Tester and torch.TestSuite: tests of programs of Torch's time, with its assertions and its report.
local equality = require 'parallel.torch.equality'

return function(torch)
  local Tester = torch.class('torch.Tester', torch)

  function Tester:__init()
    self.errors, self.warnings, self.tests, self.disabledTests = {}, {}, {}, {}
    self.assertionPass, self.assertionFail, self.testError, self.warned = {}, {}, {}, {}
    self.current = ''
  end

  function Tester:setEarlyAbort(on) self.earlyAbort = on end
  function Tester:setRethrowErrors(on) self.rethrow = on end
  function Tester:setSummaryOnly(on) self.summaryOnly = on end

  -- --- the outcome of an assertion ---

  local function count(numbers, name) numbers[name] = (numbers[name] or 0) + 1 end

  -- The test, what went wrong and the line of the test where it did.
  local function described(self, message)
    local place = ''
    for level = 3, 30 do
      local about = debug.getinfo(level, 'Sl')
      if not about then break end
      if about.currentline > 0 and not about.source:find('parallel/torch/', 1, true) then
        place = ('%s:%d'):format(about.short_src, about.currentline)
        break
      end
    end
    return (self.current ~= '' and self.current .. '\n' or '') .. message .. '\n' .. place
  end

  local function warn(self, message)
    count(self.warned, self.current)
    table.insert(self.warnings, described(self, message))
  end

  local function conclude(self, good, message)
    if good then
      count(self.assertionPass, self.current)
      return true
    end
    if self.rethrow then error(message, 3) end
    count(self.assertionFail, self.current)
    table.insert(self.errors, described(self, message))
    return false
  end

  -- A message of the caller, ahead of ours.
  local function message_of(message, more)
    if more ~= nil then error('Tester: too many arguments', 3) end
    if message ~= nil and type(message) ~= 'string' then error('Tester: the message must be a string, got ' .. type(message), 3) end
    return message and message ~= '' and message .. '\n' or ''
  end

  -- A tolerance and a message, in either order.
  local function tolerance_and_message(default, ...)
    local tolerance, message
    for i = 1, select('#', ...) do
      local value = select(i, ...)
      if type(value) == 'number' and not tolerance and value >= 0 then tolerance = value
      elseif type(value) == 'string' and not message then message = value .. '\n'
      elseif value ~= nil then error('Tester: a tolerance (from 0 on) and a message expected, got ' .. tostring(value), 3) end
    end
    return tolerance or default, message or ''
  end

  -- --- assertions ---

  function Tester:assert(condition, ...)
    if type(condition) ~= 'boolean' then warn(self, ':assert is for true and false; say var ~= nil for others') end
    return conclude(self, condition, ('%sBOOL violation condition=%s'):format(message_of(...), tostring(condition)))
  end

  local comparisons = {
    assertlt = {'LT', '>=', function(a, b) return a < b end},
    assertgt = {'GT', '<=', function(a, b) return a > b end},
    assertle = {'LE', '>', function(a, b) return a <= b end},
    assertge = {'GE', '<', function(a, b) return a >= b end},
    asserteq = {'EQ', '~=', function(a, b) return a == b end},
    assertne = {'NE', '==', function(a, b) return a ~= b end},
  }
  for name, c in pairs(comparisons) do
    Tester[name] = function(self, a, b, ...)
      return conclude(self, c[3](a, b), ('%s%s failed: %s %s %s'):format(message_of(...), c[1], tostring(a), c[2], tostring(b)))
    end
  end

  function Tester:assertalmosteq(a, b, ...)
    local tolerance, message = tolerance_and_message(1e-16, ...)
    return conclude(self, math.abs(a - b) <= tolerance,
      ('%sALMOST_EQ failed: %s ~= %s with tolerance=%s'):format(message, tostring(a), tostring(b), tostring(tolerance)))
  end

  -- Adds the method `name` for equality and `other` for its opposite; check(a, b) raises for arguments that are not of its kind.
  local function add_equality(name, other, compare, check)
    for method, wanted in pairs {[name] = true, [other] = false} do
      Tester[method] = function(self, a, b, ...)
        if check then check(a, b) end
        local tolerance, message = tolerance_and_message(0, ...)
        local same, why = compare(torch, a, b, tolerance)
        if wanted and same and why then warn(self, why) end
        if not wanted then why = 'they are the same' end
        return conclude(self, same == wanted, ('%s%s failed: %s'):format(message, wanted and 'EQ' or 'NE', why or ''))
      end
    end
  end

  local function want(predicate, what)
    return function(a, b)
      if not predicate(a) then error('First argument should be a ' .. what, 3) end
      if not predicate(b) then error('Second argument should be a ' .. what, 3) end
    end
  end

  local function is_table(value) return type(value) == 'table' end
  add_equality('assertGeneralEq', 'assertGeneralNe', equality.values)
  add_equality('eq', 'ne', equality.values)
  add_equality('assertTableEq', 'assertTableNe', equality.values, want(is_table, 'Table'))
  add_equality('assertTensorEq', 'assertTensorNe', equality.tensors_of_any_shape, want(torch.isTensor, 'Tensor'))

  -- Has f to fail with an error that `matches`?
  local function assert_error(self, f, matches, ...)
    local message = message_of(...)
    local good, why = pcall(f)
    return conclude(self, not good and (matches(why) and true or false), ('%sERROR violation: err=%s'):format(message, tostring(why)))
  end

  function Tester:assertError(f, ...) return assert_error(self, f, function() return true end, ...) end
  function Tester:assertErrorObj(f, matches, ...) return assert_error(self, f, matches, ...) end
  function Tester:assertErrorMsg(f, text, ...) return assert_error(self, f, function(why) return why == text end, ...) end
  function Tester:assertErrorPattern(f, pattern, ...)
    return assert_error(self, f, function(why) return tostring(why):find(pattern) ~= nil end, ...)
  end
  function Tester:assertNoError(f, ...)
    local message = message_of(...)
    local good, why = pcall(f)
    return conclude(self, good, ('%sERROR violation: err=%s'):format(message, tostring(why)))
  end

  -- --- tests ---

  --- add(f, name), add(suite) or add{name = f}; _setUp and _tearDown run around each test.
  function Tester:add(f, name)
    if type(f) == 'table' then
      if name ~= nil then error('Tester:add: a table of tests brings its names along', 2) end
      for each, test in pairs(f.__isTestSuite and f.__tests or f) do
        if type(test) ~= 'function' then error(('Tester:add: the test %s is a %s'):format(tostring(each), type(test)), 2) end
        self:add(test, each)
      end
      return self
    end
    if type(f) ~= 'function' then error('Tester:add: a function or a table of functions expected, got ' .. type(f), 2) end
    name = name or 'unknown'
    if name == '_setUp' or name == '_tearDown' then
      if self[name] then error('Tester:add: there is one ' .. name .. ' already', 2) end
      self[name] = f
    else
      if self.tests[name] then error(('Test with name %s already exists!'):format(name), 2) end
      self.tests[name] = f
    end
    return self
  end

  function Tester:disable(names)
    if type(names) == 'string' then names = {names} end
    if type(names) ~= 'table' then error('Tester:disable: a name or a list of names expected', 2) end
    for _, name in ipairs(names) do
      if not self.tests[name] then error(("Unrecognized test '%s'"):format(name), 2) end
      self.disabledTests[name] = true
    end
    return self
  end

  -- Names of the tests that match one of the patterns (nil: all), in order.
  local function chosen(self, patterns)
    if type(patterns) == 'string' then patterns = {patterns} end
    local found, names = {}, {}
    for _, pattern in ipairs(patterns or {''}) do
      local matches = false
      for name in pairs(self.tests) do
        if tostring(name):match(pattern) then
          matches = true
          if not found[name] then names[#names + 1] = name end
          found[name] = true
        end
      end
      if patterns and not matches then error(("Couldn't find test '%s'"):format(pattern), 3) end
    end
    table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
    return names
  end

  -- 'PASS', 'FAIL', 'ERROR' or 'SKIP'
  local function run_one(self, name)
    if self.disabledTests[name] then return 'SKIP' end
    self.current = name
    local failures = #self.errors
    if self._setUp then self._setUp(name) end
    local good, why = true, nil
    if self.rethrow then self.tests[name]() else good, why = xpcall(self.tests[name], debug.traceback) end
    if not good then table.insert(self.errors, ('%s\n Function call failed\n%s\n'):format(name, tostring(why))) end
    if self._tearDown then self._tearDown(name) end
    self.current = ''
    collectgarbage()
    return not good and 'ERROR' or #self.errors > failures and 'FAIL' or 'PASS'
  end

  local function plural(n, noun) return ('%d %s%s'):format(n, noun, n == 1 and '' or 's') end

  local function report(self, outcomes)
    local asserts, warnings = 0, 0
    for _, numbers in ipairs {self.assertionPass, self.assertionFail} do
      for _, n in pairs(numbers) do asserts = asserts + n end
    end
    for _, n in pairs(self.warned) do warnings = warnings + n end
    self.countasserts = asserts
    local words = {('Completed %s in %s with %s and %s'):format(plural(asserts, 'assert'), plural(outcomes.n, 'test'),
      plural(outcomes.FAIL, 'failure'), plural(outcomes.ERROR, 'error'))}
    if warnings > 0 then words[#words + 1] = plural(warnings, 'warning') end
    if outcomes.SKIP > 0 then words[#words + 1] = outcomes.SKIP .. ' disabled' end
    io.write(table.concat(words, ' and '), '\n')
    if self.summaryOnly then return end
    local line = ('-'):rep(80) .. '\n'
    local sections = {}
    for _, texts in ipairs {self.errors, self.warnings} do
      for _, text in ipairs(texts) do sections[#sections + 1] = text .. '\n' end
    end
    if #sections > 0 then io.write(line, table.concat(sections, line), line) end
  end

  --- Runs all tests, or those whose names match, and raises an error when one did not pass.
  function Tester:run(patterns)
    local names = chosen(self, patterns)
    self.assertionPass, self.assertionFail, self.testError = {}, {}, {}
    local outcomes = {n = #names, PASS = 0, FAIL = 0, ERROR = 0, SKIP = 0}
    io.write('Running ', plural(#names, 'test'), '\n')
    for i, name in ipairs(names) do
      local outcome = run_one(self, name)
      outcomes[outcome] = outcomes[outcome] + 1
      self.testError[name] = outcome == 'ERROR' and 1 or 0
      local head = ('%d/%d %s '):format(i, #names, tostring(name))
      io.write(head, ('.'):rep(72 - #head), (' [%s]%s\n'):format(outcome, self.warned[name] and ' +warning' or ''))
      io.flush()
      if self.earlyAbort and i < #names and (outcome == 'FAIL' or outcome == 'ERROR') then
        io.write('Aborting on first error, not all tests have been executed\n')
        break
      end
    end
    report(self, outcomes)
    if outcomes.FAIL + outcomes.ERROR > 0 then error('An error was found while running tests!', 2) end
    return 0
  end

  --- A table that takes each test once.
  function torch.TestSuite()
    return setmetatable({__tests = {}, __isTestSuite = true}, {
      __index = function(self, name) return rawget(self, '__tests')[name] end,
      __newindex = function(self, name, test)
        if self.__tests[name] then error(('Test %s is already defined.'):format(tostring(name)), 2) end
        if type(test) ~= 'function' then error(('TestSuite: the test %s is a %s, not a function'):format(tostring(name), type(test)), 2) end
        self.__tests[name] = test
      end,
    })
  end
end
