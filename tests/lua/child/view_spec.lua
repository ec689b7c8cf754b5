-- What processes show to whoever looks at them: the tree, its counters, and where each is right now.
package.path = 'tests/lua/?.lua;' .. package.path
local parallel = require 'parallel'
local core = require 'parallel.core'
local view = require 'parallel.view'
local support = require 'support'

local message_of = support.message_of

-- The node of a child in our tree.
local function node_of(child)
  for _, node in ipairs(view.tree().children) do
    if node.pid == child.unixid then return node end
  end
end

-- The child's code in LuaJIT: hooks are not called in what it has compiled.
local interpreted = "if rawget(_G, 'jit') then jit.off() end "

describe('the tree of processes', function()
  after_each(parallel.close)

  it('shows names, messages, and who is waited for', function()
    local child = parallel.run{name = 'loader', code = [[
      parallel.parent:send(1)
      local inner = parallel.run('return parallel.parent:receive()')
      parallel.parent:send(inner.unixid)
      return inner:receive()
    ]]}
    assert.equal(1, child:receive())
    local inner = child:receive()
    local node
    assert.is_true(support.eventually(function()
      node = node_of(child)
      return node and node.waits_for and node.children[1] and node.children[1].waits_for
    end))
    assert.matches('^%d+ loader$', node.name)
    assert.equal('child', node.waits_for)
    assert.equal(1, node.waits_id)
    assert.is_true(node.waits_seconds >= 0 and node.waits_seconds < 600)
    assert.is_true(node.sent >= 3) -- with its hello
    assert.equal(inner, node.children[1].pid)
    assert.equal('parent', node.children[1].waits_for)
    assert.is_true(node.memory_bytes > 100000)
    local tree = view.tree()
    assert.equal(core.pid(), tree.pid)
    assert.is_true(tree.shown and tree.received >= 2)
  end)

  it('shows tasks that run, that ended and that failed', function()
    local pool = parallel.pool{workers = 1, name = 'crew'}
    pool:map(function(x) if x == 3 then error 'no' end return x end, {1, 2, 3, 4, 5}, {on_error = 'skip', chunk = 2})
    local future = pool:submit(function()
      local stop = parallel.clock() + 60
      while parallel.clock() < stop do end
    end)
    local node
    assert.is_true(support.eventually(function()
      pool:poll()
      for _, one in ipairs(view.tree().children) do
        if one.task and one.tasks == 5 then node = one end -- the last of the map may not be counted yet
      end
      return node ~= nil
    end))
    assert.equal(1, node.failed)
    assert.is_true(node.task_seconds >= 0)
    assert.is_nil(node.waits_for)
    future:cancel()
    pool:close()
  end)

  it('is drawn as lines, with rates', function()
    local child = parallel.run('while true do end')
    local file = io.tmpfile()
    parallel.top{times = 2, every = 0.05, output = file}
    file:seek('set')
    local text = file:read('*a')
    file:close()
    assert.matches('PROCESS +PID +STATE', text)
    assert.matches(('\n  %%d+ +%d  '):format(child.unixid), text)
    assert.matches(' %%\n', text)
    assert.matches("no option 'evry'", message_of(parallel.top, {evry = 1}))
    assert.matches("option 'every' must be a number, got string", message_of(parallel.top, {every = 'x'}))
    assert.matches('there is no process 999999999', message_of(parallel.top, {pid = 999999999}))
  end)

  it('is drawn anew for another width of the terminal, which may have come before anybody waited for it', function()
    local terminal = require 'parallel.terminal'
    local columns = terminal.columns
    terminal.columns = function() return 30 end
    local seen, same = terminal.wait(terminal.STDOUT, 0, 100), terminal.wait(terminal.STDOUT, 0, 30)
    terminal.columns = columns
    terminal.give_lines()
    assert.equal('resized', seen)
    assert.is_nil(same)
  end)

  it('believes nothing of a name', function()
    local child = parallel.run{name = 'a\27[2J\n' .. ('x'):rep(500), code = 'parallel.parent:receive()'}
    assert.is_true(support.eventually(function() return (node_of(child) or {}).waits_for end))
    for _, line in ipairs(view.lines(view.tree())) do assert.is_nil(line:find('%c')) end
    local narrow = view.lines(view.tree(), nil, nil, 20)
    assert.equal('PROCESS   STATE', narrow[1])
    for _, line in ipairs(narrow) do assert.matches('^.........? %a', line:sub(1, 20)) end -- all that fits shows the state
  end)

  it('has processes that are none of ours', function()
    assert.is_nil(view.tree(999999999))
    assert.is_nil(core.view.look(999999999))
    assert.same({nil, 'closed'}, {select(1, core.view.ask(999999999, 0.1)), (select(2, core.view.ask(999999999, 0.1)))})
  end)
end)

describe('child:traceback', function()
  after_each(parallel.close)

  it('tells where a child is that is busy, which goes on', function()
    local child = parallel.run(interpreted .. [[
      local n = 0
      local function busy_here() while not parallel.parent:try_receive(0) do n = n + 1 end end
      parallel.parent:send('begins')
      local function endless() local stop = parallel.clock() + 60 while n == 0 and parallel.clock() < stop do busy_here() end return n end
      return endless() > 0
    ]])
    child:receive()
    for _ = 1, 5 do
      local text
      assert.is_true(support.eventually(function()
        text = assert(child:traceback(support.patience))
        return text:find('busy_here', 1, true)
      end))
      assert.is_nil(text:find('worker.lua', 1, true))
      assert.is_nil(text:find('interruptible', 1, true))
    end
    child:send('enough')
    assert.is_true(child:join())
  end)

  it('tells where one is that waits, and its wait goes on', function()
    local child = parallel.run(function()
      local function asks_for_more() return parallel.parent:receive() .. '!' end
      return (asks_for_more())
    end)
    assert.is_true(support.eventually(function() return (node_of(child) or {}).waits_for end))
    for _ = 1, 5 do assert.matches('asks_for_more', (child:traceback(support.patience))) end
    child:send('x')
    assert.equal('x!', child:join())
  end)

  it('leaves a hook of the program as it was', function()
    local child = parallel.run(interpreted .. [[
      local count = 0
      local function hook() count = count + 1 end
      debug.sethook(hook, '', 100)
      parallel.parent:send(1)
      while not parallel.parent:try_receive(0) do end
      local is_same, before = debug.gethook() == hook, count
      for _ = 1, 10000 do end
      return is_same, count > before
    ]])
    child:receive()
    assert(child:traceback(support.patience))
    child:send(1)
    assert.same({true, true}, {child:join()})
  end)

  it('says when there is no answer', function()
    local child = parallel.run('parallel.parent:send(1) parallel.parent:receive()')
    child:receive()
    child:kill('STOP')
    local text, why = child:traceback(0.1)
    assert.is_nil(text)
    assert.matches('no answer', why)
    child:kill('CONT')
    assert(child:traceback(support.patience))
    child:kill('KILL')
    pcall(child.join, child)
    text, why = child:traceback(0.1)
    assert.is_nil(text)
    assert.matches('ended', why)
  end)

  it('is refused to nobody who looks from outside', function()
    local path = support.scratch('.pid')
    local script = support.scratch('.lua')
    support.write_file(script, ([[
      %s
      local parallel = require 'parallel'
      local child = parallel.run{name = 'stuck', code = "%s local function never_ends() while true do parallel.clock() end end never_ends()"}
      local function waits_in_vain() return child:receive() end
      local file = io.open(%q, 'w')
      file:write(parallel.pid, '\n')
      file:close()
      print(pcall(waits_in_vain))
    ]]):format(interpreted, interpreted, path))
    support.shell(('%s/tools/lua %s %s >/dev/null 2>&1 &'):format(support.quote(support.root), support.version, support.quote(script)))
    assert.is_true(support.eventually(function() return (support.read_file(path) or ''):find('\n') end))
    local pid = tonumber(support.read_file(path))
    local text
    local seen = support.eventually(function() -- until both are where they stay
      text = parallel.stacks(pid, 5)
      return text:find('never_ends', 1, true) and text:find('%.lua:8: in main chunk') and text:find('001 stuck', 1, true)
    end)
    support.shell('kill ' .. pid)
    os.remove(path)
    os.remove(script)
    assert.is_truthy(seen, text)
    assert.matches('process ' .. pid, text)
  end)
end)
