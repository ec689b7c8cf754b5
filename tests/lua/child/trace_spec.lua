-- The timeline of a tree of processes: valid JSON whatever happens, with the processes and what they did.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

-- A strict reader of JSON, as far as a trace needs it.
local function parse(text)
  local at = 1
  local value
  local function fail(what) error(('JSON at byte %d: %s'):format(at, what), 0) end
  local function skip() at = text:find('[^ \n\r\t]', at) or #text + 1 end
  local function expect(c)
    skip()
    if text:sub(at, at) ~= c then fail('expected ' .. c .. ', found ' .. text:sub(at, at + 10)) end
    at = at + 1
  end
  local function list(close, item)
    local result = {}
    skip()
    if text:sub(at, at) == close then at = at + 1 return result end
    while true do
      item(result)
      skip()
      local c = text:sub(at, at)
      at = at + 1
      if c == close then return result end
      if c ~= ',' then fail('expected , or ' .. close) end
    end
  end
  local function string_()
    expect('"')
    local from = at
    while true do
      local c = text:byte(at)
      if not c or c < 32 then fail('bad string') end
      if c == 92 then at = at + 1 elseif c == 34 then break end
      at = at + 1
    end
    at = at + 1
    return text:sub(from, at - 2)
  end
  function value()
    skip()
    local c = text:sub(at, at)
    if c == '{' then
      at = at + 1
      return list('}', function(t)
        local key = string_()
        expect(':')
        t[key] = value()
      end)
    elseif c == '[' then
      at = at + 1
      return list(']', function(t) t[#t + 1] = value() end)
    elseif c == '"' then
      return string_()
    end
    local number = text:match('^%-?%d+%.?%d*', at)
    if not number then fail('a value expected') end
    at = at + #number
    return tonumber(number)
  end
  local result = value()
  skip()
  if at <= #text then fail('more behind the end') end
  return result
end

local function trace_of(code, options)
  local path = support.scratch('.json')
  options = options or {}
  if not options.no_variable then options.env = 'PARALLEL_TRACE=' .. support.quote(path) end
  options.args = support.quote(path)
  local out, status = support.script(code, options)
  -- Under the lock of those who append: orphans of a killed process may still do so.
  local text = support.shell(('flock %s cat %s'):format(support.quote(path), support.quote(path)))
  os.remove(path)
  return parse(text).traceEvents, out, status
end

local function count(events, name, phase)
  local n, pids = 0, {}
  for _, event in ipairs(events) do
    if event.name == name and (not phase or event.ph == phase) then
      n = n + 1
      pids[event.pid] = true
    end
  end
  local processes = 0
  for _ in pairs(pids) do processes = processes + 1 end
  return n, processes
end

describe('a trace', function()
  it('shows the processes, their messages, waits and ends', function()
    local events = trace_of[[
      local parallel = require 'parallel'
      local child = parallel.run{name = 'the "first"', code = function()
        local grandchild = parallel.run('return parallel.parent:receive() .. "!"')
        grandchild:send(parallel.parent:receive())
        local parent, core = parallel.parent:receive(), require 'parallel.core'
        repeat
          core.sleep(0.01)
          local file = io.open('/proc/' .. parent .. '/stat')
          local state = file:read('*a'):match('%) (%a)')
          file:close()
        until state == 'S'
        core.sleep(0.02)
        parallel.parent:send(grandchild:join())
      end}
      child:send(('x'):rep(100000))
      child:send(parallel.pid) -- the child answers when it sees that we sleep
      assert(#child:receive() == 100001)
      parallel.children:join()]]
    assert.equal(3, (count(events, 'run', 'B')))
    assert.equal(3, (count(events, 'run', 'E')))
    assert.equal(2, (count(events, 'start')))
    assert.is_true(count(events, 'send') >= 3)
    assert.is_true(count(events, 'receive') >= 3)
    assert.is_true(count(events, 'wait') >= 1)
    assert.is_true(count(events, 'join') >= 2)
    local names, most = {}, 0
    for _, event in ipairs(events) do
      if event.name == 'process_name' then names[event.args.name] = true end
      if event.name == 'send' then most = math.max(most, event.args.bytes) end
      if event.dur then assert.is_true(event.dur >= 0) end
    end
    assert.is_true(names['parallel#000'] and names['parallel#001 the \\"first\\"'] and names['parallel#001.001'])
    assert.is_true(most >= 100000)
  end)

  it('shows each task of a pool', function()
    local events = trace_of[[
      local parallel = require 'parallel'
      local list = {}
      for i = 1, 500 do list[i] = i end
      parallel.map(function(x) if x == 77 then error('x') end return x end, list, {workers = 2, on_error = 'skip'})]]
    assert.equal(499, (count(events, 'task')))
    assert.equal(1, (count(events, 'failed task')))
    local seen = {}
    for _, event in ipairs(events) do
      if event.cat == 'task' then seen[event.args.task] = true end
    end
    for i = 1, 500 do assert.is_true(seen[i]) end
  end)

  it('is valid even if processes are killed', function()
    for _ = 1, 5 do
      local events = trace_of[[
        local parallel = require 'parallel'
        local list = {}
        for i = 1, 300 do list[i] = i end
        parallel.map(function(x)
          if x % 60 == 0 then os.execute('kill -9 ' .. require('parallel').pid) end
          return x
        end, list, {workers = 2, on_error = 'skip'})
        os.execute('kill -9 ' .. parallel.pid)]]
      assert.is_true(#events > 10)
    end
  end)

  it('repairs what a killed process left half written', function()
    local path = support.scratch('.json')
    support.script(([[
      local parallel = require 'parallel'
      parallel.trace(%q)
      parallel.run('return 1'):join()
      local file = io.open(%q, 'r+')
      local size = file:seek('end')
      file:seek('set', size - 4)
      file:write(',\n{"name":"cut off')
      file:close()
      parallel.run('return 1'):join()]]):format(path, path))
    local events = parse(support.read_file(path)).traceEvents
    assert.equal(3, (count(events, 'run', 'B')))
    os.remove(path)
  end)

  it('stays valid on a disk that is full, and says that it ends there', function()
    if select(2, support.shell('command -v prlimit')) ~= 0 then return pending 'no prlimit(1)' end
    local path = support.scratch('.json')
    local out, status = support.script(([[
      local parallel = require 'parallel'
      parallel.trace(%q)
      local child = parallel.run(function()
        for i = 1, 2000 do parallel.parent:send(parallel.parent:receive()) end
        return 'all'
      end)
      child:send(0)
      child:receive()
      assert(os.execute('prlimit --fsize=40000 --pid ' .. parallel.pid)) -- no file of this process grows any more
      for i = 1, 1999 do
        child:send(i)
        assert(child:receive() == i)
      end
      print(child:join())]]):format(path), {before = "trap '' XFSZ; "})
    local text = support.read_file(path)
    os.remove(path)
    assert.equal(0, status, out)
    assert.matches('^parallel: the timeline ends here, it cannot be written any more: File too large\nall\n$', out)
    assert.is_true(#parse(text).traceEvents > 10)
  end)

  it('begins and ends when the program says so', function()
    local events = trace_of([[
      local parallel = require 'parallel'
      parallel.run('return 1'):join()
      parallel.trace(arg[1])
      parallel.run('return 2'):join()
      parallel.trace(nil)
      parallel.run('return 3'):join()]], {no_variable = true})
    assert.equal(2, (count(events, 'run', 'B')))
    assert.equal(1, (count(events, 'start')))
    assert.is_false((pcall(require('parallel').trace, '/no/such/folder/trace.json')))
    assert.is_false((pcall(require('parallel').trace, 5)))
  end)
end)
