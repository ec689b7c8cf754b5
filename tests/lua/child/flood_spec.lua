-- A child that talks without end: whoever does not receive from it keeps his time limits, his Ctrl-C, his memory and his exit.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

-- What each script begins with. FLOODS: what a child does; grown(): by how many bytes this process has grown; timed(f, ...): runs
-- f in protected mode and wants it back in time.
local prelude = ('local PATIENCE = %d'):format(support.patience) .. [[

  local parallel = require 'parallel'
  local core = require 'parallel.core'
  local INBOX = 4 * 2 ^ 20
  parallel.setInboxSize(INBOX)
  FLOODS = {
    numbers = 'local i = 0 while true do i = i + 1 parallel.parent:send(i) end',
    tables = 'local t = {} for i = 1, 20000 do t[i] = {i, "x" .. i} end while true do parallel.parent:send(t) end',
    strings = 'local s = ("x"):rep(2e6) while true do parallel.parent:send(s) end',
    tensors = 'local t = parallel.tensor.rand(300, 300) while true do parallel.parent:send{t, t:clone(), t:clone()} end',
    -- Strings of less than 32 bytes: of longer ones Lua 5.1 hashes every second byte, and takes a minute where many have those in common.
    endless = 'local t = {} for i = 1, 4e5 do t[i] = ("%030d"):format(i) end parallel.parent:send(t)',
    stubborn = 'while true do pcall(parallel.parent.send, parallel.parent, 1) end',
    both = 'local t = {} for i = 1, 2e4 do t[i] = {i} end while true do parallel.parent:send(1) parallel.parent:send(t) end',
  }
  local function resident()
    local text = io.open('/proc/self/status'):read('*a')
    return (tonumber(text:match('VmRSS:%s*(%d+)'))) * 1024
  end
  local before = resident()
  function grown() return resident() - before end
  function timed(f, ...)
    local began = core.clock()
    local ok, err = pcall(f, ...)
    local seconds = core.clock() - began
    assert(seconds < PATIENCE, ('came back after %g s'):format(seconds))
    return ok, err
  end
  function check(what, code, ok, err)
    assert(not ok, what .. ': no error was raised')
    assert(type(err) == 'table', tostring(err))
    assert(err.code == 'timeout' or err.code == 'full', what .. ': ' .. tostring(err))
    if code then assert(err.code == code, what .. ': ' .. tostring(err)) end
    -- Under a sanitizer memory is another thing.
    assert(os.getenv('PARALLEL_SANITIZE') or grown() < 16 * INBOX, what .. (': grew by %g MB'):format(grown() / 2 ^ 20))
  end
]]

local function passes(code)
  local out, status = support.script(prelude .. code, {seconds = 5 * support.patience})
  assert.equal(0, status, out)
  return out
end

local kinds = {'numbers', 'tables', 'strings', 'tensors', 'endless', 'both', 'stubborn'}

describe('a child that talks without end', function()
  for _, kind in ipairs(kinds) do
    it('does not hold up join, sync and send with a time limit: ' .. kind, function()
      passes(('local kind = %q\n'):format(kind) .. [[
        local child = parallel.run(FLOODS[kind])
        check('join', nil, timed(child.join, child, {timeout = 0.5}))
        check('join', nil, timed(child.join, child, {timeout = 5}))
        check('join', 'full', pcall(child.join, child)) -- whenever the child has said so much
        check('sync', nil, timed(child.sync, child, {timeout = 5}))
        check('group join', nil, timed(parallel.children.join, parallel.children, {timeout = 5}))
        check('group sync', nil, timed(parallel.children.sync, parallel.children, {timeout = 5}))
        local large = {}
        for i = 1, 100000 do large[i] = {i} end
        before = before + 40e6 -- of this table, and of its copy on the way
        -- It takes in what it is sent while it waits itself: then its own inbox is full, and that is its end.
        local function send(target, value)
          local ok, err
          local enough = core.clock() + 0.5 -- how many sends it takes is another matter than how long each of them may
          repeat ok, err = timed(target.send, target, value, {timeout = 5}) until not ok or core.clock() > enough
          if ok then return end
          if err.code == 'failed' and kind ~= 'stubborn' then
            assert(err.message:find('send to the parent: more than %d+ bytes of its messages wait'), err.message)
          else
            check('send', kind == 'stubborn' and 'full', ok, err)
          end
        end
        send(child, large)
        if child:status() == 'running' then send(child, 1) end
        if child:status() == 'running' then send(parallel.children, large) end
        os.exit(0)
      ]])
    end)
  end

  it('is named by the error, which says what to do; nothing it said is lost', function()
    passes [[
      local child = parallel.run [=[
        local i = 0
        while true do
          i = i + 1
          while not pcall(parallel.parent.send, parallel.parent, i) do end
        end
      ]=]
      local ok, err = timed(child.join, child)
      check('join', 'full', ok, err)
      assert(err.id == child.id)
      local text = tostring(err)
      assert(text:find('join of child ' .. child.id, 1, true), text)
      assert(text:find('receive', 1, true) and text:find('setInboxSize', 1, true), text)
      local last = 0
      for round = 1, 5 do
        for i = 1, 30000 do
          local n = child:receive()
          assert(n == last + 1, ('%s after %d'):format(tostring(n), last))
          last = n
        end
        check('join', 'full', timed(child.join, child))
        local sent, why
        repeat sent, why = timed(child.send, child, round) until not sent
        check('send', 'full', sent, why)
      end
      os.exit(0)
    ]]
  end)

  it('can be joined when it has ended and its messages were received', function()
    passes [[
      local child = parallel.run [=[
        for i = 1, 200000 do parallel.parent:send(i) end
        return parallel.parent:receive()
      ]=]
      child:send(('x'):rep(3e6))
      check('join', nil, timed(child.join, child))
      local n = 0
      repeat
        while n < 200000 do n = n + 1 assert(child:receive() == n) end
        local ok, result = timed(child.join, child)
      until ok
      assert(child:status() == 'returned')
      os.exit(0)
    ]]
  end)

  it('may return what is larger than that', function()
    passes [[
      parallel.setInboxSize(1)
      assert(parallel.getInboxSize() == 1)
      local child = parallel.run [=[
        local t = parallel.tensor.ones(2000, 1000)
        return ('x'):rep(2e7), t, {('y'):rep(5e6)}, parallel.getInboxSize()
      ]=]
      local a, t, b, inherited = child:join()
      assert(#a == 2e7 and t:sum() == 2e6 and #b[1] == 5e6 and inherited == 1)
      -- One message, whatever its size, is received all the same.
      child = parallel.run('parallel.parent:send{("x"):rep(2e7)} local t = {} for i = 1, 2e5 do t[i] = i .. "" end parallel.parent:send(t)')
      local function full() return select(2, timed(child.join, child)).code == 'full' end
      assert(full())
      assert(#child:receive()[1] == 2e7)
      assert(full())
      assert(parallel.select(PATIENCE) == child)
      assert(#child:receive() == 2e5)
      child:join()
    ]]
  end)

  it('does not hold up who looks, and is heard in its turn', function()
    passes [[
      local loud, quiet = parallel.run(FLOODS.numbers), parallel.run('parallel.parent:send "here" parallel.parent:receive()')
      local heard, deadline = {}, core.clock() + PATIENCE
      repeat
        local child = parallel.select(1)
        if child then heard[child] = child:receive() end
        assert(loud:status() == 'running', loud:status())
        local _, came = loud:receive('noblock')
        assert(core.clock() < deadline)
      until heard[loud] and heard[quiet]
      for child, value in parallel.children:messages() do
        if child == loud and type(value) == 'number' then break end
      end
      parallel.close()
    ]]
  end)

  it('may have been started by a child', function()
    passes [[
      local child = parallel.run(function(flood)
        local grandchild = parallel.run(flood)
        local ok, err = pcall(grandchild.join, grandchild)
        local size = parallel.getInboxSize()
        grandchild:close()
        return err.code, size
      end, FLOODS.numbers)
      local code, size = child:join()
      assert(code == 'full' and size == INBOX)
    ]]
  end)

  it('does not hold up os.exit', function()
    for _, leave in ipairs{'os.exit(0)', 'return', 'if _VERSION ~= "Lua 5.1" then os.exit(0, true) end'} do
      passes([[
        for i = 1, 4 do parallel.run(FLOODS[({'numbers', 'tables', 'tensors', 'both'})[i] ]) end
        check('join', nil, timed(parallel.children.join, parallel.children, {timeout = 0.1}))
      ]] .. leave)
    end
  end)

  it('does not hold up Ctrl-C', function()
    for _, wait in ipairs{'child:join()', 'while true do child:send(("x"):rep(1e5)) end', 'child:sync()'} do
      local out, status = support.script([[
        local parallel = require 'parallel'
        parallel.setInboxSize(2 ^ 53)
        local child = parallel.run([=[ -- so much that there is always something to take in, and so little that memory lasts for minutes
          while true do
            for i = 1, 100 do parallel.parent:send(i) end
            require 'parallel.core'.sleep(0.0001)
          end
        ]=])
        local user = parallel.run [=[
          local pid = parallel.parent:receive()
          require 'parallel.core'.sleep(0.1) -- until it waits, most of the time
          os.execute('kill -INT ' .. pid)
        ]=]
        local ok, err = pcall(function()
          user:send(parallel.pid)
          ]] .. wait .. [[

        end)
        print(tostring(err))
        os.exit(0)
      ]], {before = 'ulimit -v ' .. (support.sanitized and 'unlimited' or '6000000') .. ';'})
      assert.equal(0, status, out)
      assert.matches('interrupted!', out)
    end
  end)

  it('may take up the smaller of 1 GiB and an eighth of memory', function()
    passes [[
      local pages = io.popen('getconf _PHYS_PAGES; getconf PAGESIZE'):read('*a')
      local n, size = pages:match('(%d+)%s+(%d+)')
      assert(core.child.inbox_default() == math.min(2 ^ 30, math.floor(n * size / 8)))
      for _, bad in ipairs{0, -1, 2 ^ 60, 'x'} do
        local ok, err = pcall(parallel.setInboxSize, bad)
        assert(not ok and tostring(err):find('parallel.setInboxSize: a number of bytes', 1, true))
      end
    ]]
  end)
end)
