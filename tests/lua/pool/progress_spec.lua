-- Progress: lines on a terminal of any width, of several maps at once; lines now and then elsewhere.
package.path = 'tests/lua/?.lua;' .. package.path
local core = require 'parallel.core'
local terminal = require 'parallel.terminal'
local progress = require 'parallel.progress'
local support = require 'support'

local io = _G.io -- luacheck: ignore io.stderr

local began = 1000 -- each test is later than the one before, whose rows are no longer shown

-- Runs f with standard error being a terminal whose width may change; returns what was written.
local function on_terminal(f)
  began = began + 1000
  local written, width, now = {}, 80, began
  local is_terminal, columns, stderr, clock = core.is_terminal, terminal.columns, io.stderr, core.clock
  core.is_terminal = function() return true end
  core.clock = function() return now end
  terminal.columns = function() return width end
  io.stderr = {write = function(_, ...) for _, text in ipairs{...} do written[#written + 1] = text end end, flush = function() end}
  local ok, problem = pcall(f, function(columns_now) width = columns_now end, function(seconds) now = now + seconds end)
  core.is_terminal, terminal.columns, io.stderr, core.clock = is_terminal, columns, stderr, clock
  if not ok then error(problem, 0) end
  return table.concat(written)
end

-- What a terminal of so many columns shows in the end: cursor, erasing and broken rows as they are used.
local function screen(text, width_of)
  local rows, y, x, at = {''}, 1, 1, 1
  local width = width_of
  while at <= #text do
    local up = text:match('^\27%[(%d+)A', at)
    if up then
      y, at = math.max(1, y - tonumber(up)), at + #up + 3
    elseif text:find('^\27%[J', at) then
      rows[y] = rows[y]:sub(1, x - 1)
      for i = #rows, y + 1, -1 do rows[i] = nil end
      at = at + 3
    else
      local byte = text:sub(at, at)
      at = at + 1
      if byte == '\r' then
        x = 1
      elseif byte == '\n' or x > width then
        y, x = y + 1, 1
        rows[y] = rows[y] or ''
      end
      if byte ~= '\r' and byte ~= '\n' then
        rows[y] = rows[y]:sub(1, x - 1) .. byte .. rows[y]:sub(x + 1)
        x = x + 1
      end
    end
  end
  return rows
end

describe('progress on a terminal', function()
  it('has a bar, rate, what is left and failures in one row', function()
    local failed = 0
    local out = on_terminal(function(_, pass)
      local line = progress.new('primes', 1000, function() return failed end)
      pass(10)
      line:show(100)
      failed = 2
      pass(10)
      line:show(500)
      pass(5)
      line:finish(1000)
    end)
    assert.matches('primes %[===> +%] 10%% 100/1000 10/s ETA 1m30s', out)
    assert.matches('primes %[=+> +%] 50%% 500/1000 %S+/s ETA %S+ 2 failed', out)
    local rows = screen(out, 80)
    assert.matches('^primes %[=+%] 100%% 1000/1000 40/s in 25s 2 failed *$', rows[1])
    assert.equal('', rows[2])
    assert.equal(2, #rows)
  end)

  it('tells the rate of the last seconds', function()
    local out = on_terminal(function(_, pass)
      local line = progress.new(true, 1000)
      for _ = 1, 100 do
        pass(1)
        line:show(100)
      end
      for i = 1, 20 do
        pass(1)
        line:show(100 + 10 * i)
      end
    end)
    assert.matches('30%% 300/1000 10/s ETA 1m10s', out)
  end)

  it('leaves what an earlier run has done out of the rate, but not out of the bar', function()
    local kept = 400
    local out = on_terminal(function(_, pass)
      local line = progress.new(true, 1000, nil, function() return kept end)
      pass(10)
      line:show(500)
      kept = 500 -- more of a stream
      pass(20)
      line:show(800)
      pass(20)
      line:finish(1000)
    end)
    assert.matches('50%% 500/1000 10/s ETA 50s', out)
    assert.matches('80%% 800/1000 10/s ETA 20s', out)
    assert.matches('100%% 1000/1000 10/s in 50s, 500 kept', out)
    out = on_terminal(function(_, pass)
      pass(1)
      progress.new(true, 10, nil, function() return 10 end):finish(10)
    end)
    assert.matches('100%% 10/10 in 0.0s, 10 kept\n', out)
  end)

  it('makes room for other lines, and is drawn again below them', function()
    local out = on_terminal(function(_, pass)
      local a, b = progress.new('a', 10), progress.new('b', 10)
      pass(1)
      a:show(1)
      b:show(2)
      progress.hide()
      io.stderr:write('a result\n')
      progress.hide()
      io.stderr:write('another\n')
      pass(1)
      a:show(3)
      b:finish(10)
      a:finish(10)
    end)
    local rows = screen(out, 80)
    assert.same({'a result', 'another'}, {rows[1], rows[2]})
    assert.matches('^b %[=+%] 100%% 10/10', rows[3])
    assert.matches('^a %[=+%] 100%% 10/10', rows[4])
    assert.equal(5, #rows)
  end)

  it('fits the terminal, however wide it becomes', function()
    local out = on_terminal(function(resize, pass)
      local line = progress.new('a label', 1000)
      for i, width in ipairs{80, 20, 120, 5, 1, 60} do
        resize(width)
        pass(1)
        line:show(i * 100)
      end
    end)
    local widths = {80, 20, 120, 5, 1, 60}
    local n = 0
    for row in out:gmatch('\27%[J([^\27\r]*)') do
      n = n + 1
      assert.is_true(#row < math.max(widths[n], 2), ('%d: %q'):format(widths[n], row))
    end
    assert.equal(6, n)
  end)

  it('shows its numbers where the label has no room', function()
    local out = on_terminal(function(resize, pass)
      resize(24)
      local line = progress.new(('a long label '):rep(5), 1000)
      pass(1)
      line:show(100)
    end)
    assert.matches('^a? ?10%% 100/1000 100/s', screen(out, 24)[1])
  end)

  it('leaves nothing behind when the terminal gets narrower and its row breaks', function()
    local out = on_terminal(function(resize, pass)
      local line = progress.new('label', 1000)
      pass(1)
      line:show(100) -- a row of more than 40 columns, which is two when there are 40
      resize(40)
      pass(1)
      line:finish(1000)
    end)
    local rows = screen(out, 40)
    assert.equal('label', rows[1]:match('^label'))
    assert.equal(2, #rows)
    assert.equal('', rows[2])
  end)

  it('has a row for each map', function()
    local out = on_terminal(function(_, pass)
      local a, b = progress.new('a', 10), progress.new('b', 10)
      pass(1)
      a:show(1)
      b:show(2)
      pass(1)
      a:show(3)
      b:show(4)
      pass(1)
      a:finish(10)
      b:show(5)
      pass(1)
      b:finish(10)
    end)
    local rows = screen(out, 80)
    assert.matches('^a %[=+%] 100%% 10/10', rows[1])
    assert.matches('^b %[=+%] 100%% 10/10', rows[2])
    assert.equal(3, #rows)
  end)

  it('counts where nobody knows how many there are', function()
    assert.matches('stream 500 50/s', on_terminal(function(_, pass)
      local line = progress.new('stream')
      pass(10)
      line:show(500)
    end))
  end)
end)

describe('progress', function()
  it('is a line every ten seconds in a pipe', function()
    local stderr, clock, now, written = io.stderr, core.clock, 1000, {}
    core.clock = function() return now end
    io.stderr = {write = function(_, ...) written[#written + 1] = table.concat{...} end, flush = function() end}
    local is_terminal = core.is_terminal
    core.is_terminal = function() return false end
    local line = progress.new('work', 1000)
    for i = 1, 35 do
      now = now + 1
      line:show(i * 10)
    end
    line:finish(1000)
    io.stderr, core.clock, core.is_terminal = stderr, clock, is_terminal
    assert.equal(4, #written)
    assert.equal('work 10% 100/1000 10/s ETA 1m30s\n', written[1])
    assert.matches('^work 100%% 1000/1000 %S+ in 35s\n$', written[4])
  end)

  it('is drawn on a real terminal', function()
    if select(2, support.shell('command -v script')) ~= 0 then return pending 'no script(1)' end
    local path = support.scratch('.lua')
    support.write_file(path, [[
      local parallel = require 'parallel'
      parallel.map(function(x)
        if x % 5 == 0 then error 'no' end
        local stop = parallel.clock() + 0.03
        while parallel.clock() < stop do end
      end, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {progress = 'squares', on_error = 'skip', workers = 1, chunk = 1})
    ]])
    local command = ('stty cols 60; %s/tools/lua %s %s'):format(support.quote(support.root), support.version, support.quote(path))
    local out = support.shell(('script -qec %s /dev/null'):format(support.quote(command)))
    os.remove(path)
    assert.matches('squares %[=+%] 100%% 12/12 %S+/s in %S+s 2 failed\r\n$', out)
  end)
end)
