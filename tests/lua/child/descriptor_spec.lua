-- Descriptors: shared storages need few of them, a receiver that has no more loses nothing, and event loops get one from everybody.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

-- What most scripts begin with. sharer(n, size): a child that waits for a message, sends n shared tensors of `size` numbers, each with
-- its own, waits again, lets go of them and sends one; descriptors(): how many this process has.
local prelude = [[
  local torch = require 'parallel.tensor'
  function sharer(n, size)
    return parallel.run(function(n, size)
      local torch = require 'parallel.tensor'
      local kept = {}
      parallel.parent:receive()
      for i = 1, n do
        kept[i] = torch.FloatTensor(size):fill(i):share()
        parallel.parent:send{i, kept[i]}
      end
      parallel.parent:receive()
      kept = nil
      collectgarbage() collectgarbage()
      parallel.parent:send('dropped')
      repeat until parallel.parent:receive() == 'end'
    end, n, size)
  end
  function descriptors()
    local pipe = io.popen('ls /proc/' .. parallel.pid .. '/fd | wc -l')
    local n = tonumber(pipe:read('*a'))
    pipe:close()
    return n
  end
  -- Where all of shared memory is taken up from the beginning, only small storages lie side by side.
  function side_by_side()
    local maps = io.open('/proc/self/maps')
    local text = maps:read('*a')
    maps:close()
    return text:find('memfd:parallel', 1, true)
  end
  function two(list) return list[1], list[2] end
]]
local frame = [[
  local parallel = require 'parallel'
  function finish()
    print('all is well')
    os.exit(0, true)
  end
]]

-- A script that comes to finish(), in a shell with `limit` descriptors.
local function passes_bare(code, limit)
  local out, status = support.script(frame .. code .. '\nfinish()', {before = limit and ('ulimit -n %d;'):format(limit)})
  assert.equal(0, status, out)
  assert.matches('all is well', out)
end

local function passes(code, limit) passes_bare(prelude .. code, limit) end

describe('descriptors', function()
  it('need not be free for parallel.close()', function()
    passes_bare([[
      local child = parallel.run('parallel.parent:receive()')
      local files = {}
      repeat files[#files + 1] = io.open('/dev/null') until #files > 100 or not io.open('/dev/null')
      parallel.close()
      assert(not next(parallel.children))
    ]], 64)
  end)

  it('that a program was started without are not taken up: what it prints stays out of shared memory', function()
    local path, script = support.scratch('.txt'), support.scratch('.lua')
    support.write_file(script, [[
      local parallel = require 'parallel'
      local child = parallel.run(function() return (require 'parallel'.parent:receive()) end)
      print(('print '):rep(10000))
      io.stdout:flush()
      io.stderr:write(('error '):rep(10000))
      child:send('a message')
      local lines = {child:join(), tostring((io.read('*l'))), tostring(select(2, io.read('*l')))}
      local file = io.open(arg[1], 'w')
      file:write(table.concat(lines, '\n'))
      file:close()
    ]])
    local _, status = support.shell(('%s/tools/lua %s %s %s <&- >&- 2>&-'):format(support.quote(support.root), support.version,
      support.quote(script), support.quote(path)))
    assert.equal(0, status)
    assert.equal('a message\nnil\nBad file descriptor', support.read_file(path))
    os.remove(path)
    os.remove(script)
  end)

  it('are few for many shared tensors, and come back with them', function()
    passes([[
      local before = descriptors()
      local child, kept = sharer(300, 2 ^ 17), {}
      child:send('go')
      if not side_by_side() then finish() end
      for i = 1, 300 do
        local n, t = two(child:receive())
        assert(n == i and t[1] == i and t[2 ^ 17] == i)
        kept[i] = t
      end
      assert(descriptors() < before + 80)
      kept = nil
      collectgarbage() collectgarbage()
      child:send('drop them')
      assert(child:receive() == 'dropped')
      child:send('end')
      assert(descriptors() < before + 20, descriptors() - before)
    ]], 128)
  end)

  it('are missing: nothing is lost, and it comes when there is room', function()
    passes([[
      local N, SIZE = 10, 2.25 * 2 ^ 20 -- 9 MiB each: too large to lie side by side
      local child, files, kept = sharer(N, SIZE), {}, {}
      assert(parallel.select(0) == nil) -- it needs a descriptor of its own
      repeat local file = io.open('/dev/null') files[#files + 1] = file until not file
      child:send('go')
      local function refused(ok, err)
        assert(not ok and type(err) == 'table' and err.code == 'limit', tostring(err))
        assert(tostring(err):find('ulimit -n', 1, true), tostring(err))
      end
      local function is(i, n, t)
        assert(n == i and t[1] == i and t[SIZE] == i, tostring(n))
        kept[i] = t
      end
      -- It says so as long as it is true, whatever it is asked.
      for _ = 1, 3 do
        refused(pcall(child.receive, child, {timeout = 100}))
        local got, err = child:try_receive()
        refused(got, err)
        refused(pcall(child.join, child, {timeout = 100}))
        assert(parallel.select(100) == child)
        assert(child:status() == 'running')
        child:send(('x'):rep(100))
      end
      for i = 1, N do -- room for one more each time
        refused(pcall(child.receive, child, {timeout = 100}))
        table.remove(files):close()
        is(i, two(child:receive{timeout = 100}))
      end
      while #files > 0 do table.remove(files):close() end
      assert(child:receive() == 'dropped')
      assert(kept[1][1] == 1 and kept[N][SIZE] == N)
      child:send('end')
      child:join()
    ]], 60)
  end)

  it('are missing for locks and shared tables: they are opened when they are used', function()
    passes([[
      local child = parallel.run(function()
        local list = {}
        for i = 1, 5 do
          list[2 * i - 1], list[2 * i] = parallel.lock(), parallel.table()
          list[2 * i]:set('i', i)
        end
        parallel.parent:send(list)
        return list[1]:lock(parallel.parent:receive())
      end)
      parallel.select({child})
      parallel.decode(parallel.encode(torch.Tensor(1))) -- whatever is loaded with the first tensor
      local files = {}
      repeat local file = io.open('/dev/null') files[#files + 1] = file until not file
      for _ = 1, 3 do table.remove(files):close() end
      local list = child:receive()
      local ok, err = pcall(list[10].get, list[10], 'i')
      assert(not ok and err.code == 'limit', tostring(err))
      assert(not pcall(list[9].lock, list[9]))
      while #files > 0 do table.remove(files):close() end
      for i = 1, 5 do
        assert(list[2 * i]:get('i') == i)
        assert(list[2 * i - 1]:lock())
      end
      child:send(0.1)
      assert(child:join() == false) -- we have it
    ]], 60)
  end)

  it('are missing for a child that has ended: what it said is still there', function()
    local gate = support.gate()
    passes(([[
      local child = parallel.run(function(path)
        local torch = require 'parallel.tensor'
        for i = 1, 5 do parallel.parent:send{i, torch.FloatTensor(2.25 * 2 ^ 20):fill(i):share()} end
        io.open(path, 'w'):close()
        os.exit(3)
      end, %q)
      local files = {}
      local function fill() repeat local file = io.open('/dev/null') files[#files + 1] = file until not file end
      fill()
      table.remove(files):close()
      local seen
      repeat seen = io.open(%q) until seen
      seen:close()
      fill()
      local ok, err = pcall(child.receive, child)
      assert(not ok and err.code == 'limit', tostring(err))
      while #files > 0 do table.remove(files):close() end
      for i = 1, 5 do
        local n, t = two(child:receive())
        assert(n == i and t[1] == i)
      end
      local ok, err = pcall(child.receive, child)
      assert(not ok and err.code == 'died', tostring(err))
    ]]):format(gate.path, gate.path), 60)
    gate.remove()
  end)

  it('are missing for what has to be loaded for a message: it is not lost', function()
    passes_bare(([[
      package.path = %q .. package.path
      local child = parallel.run(function()
        parallel.parent:send{1, parallel.tensor.FloatTensor(3):fill(2)}
        parallel.parent:send((require('pool.world')))
        return parallel.tensor.FloatTensor(3):fill(3)
      end)
      parallel.select({child})
      local next_message, waiting = parallel.children:messages()
      local files = {}
      repeat local file = io.open('/dev/null') files[#files + 1] = file until not file
      local function refused(what, ok, err)
        assert(not ok and type(err) == 'table' and err.code == 'limit', tostring(err))
        for _, part in ipairs{what, 'descriptor', 'ulimit -n', 'try again'} do assert(tostring(err):find(part, 1, true), tostring(err)) end
      end
      for _ = 1, 3 do
        refused('a tensor', pcall(child.receive, child))
        refused('a tensor', child:try_receive())
        refused('a tensor', pcall(next_message, waiting))
      end
      while #files > 0 do table.remove(files):close() end
      local first = child:receive()
      assert(first[1] == 1 and first[2][3] == 2)
      package.loaded['pool.world'] = nil
      repeat local file = io.open('/dev/null') files[#files + 1] = file until not file
      refused("something of the module 'pool.world'", pcall(child.receive, child))
      while #files > 0 do table.remove(files):close() end
      assert(child:receive() == require('pool.world'))
      assert(child:join()[2] == 3)
    ]]):format(support.root .. '/tests/lua/?.lua;'), 60)
  end)

  it('are missing for what has to be loaded for a result: it comes when there is room', function()
    passes_bare([[
      local pool = parallel.pool(1)
      assert(pool:submit(function() return 1 end):result() == 1)
      local future = pool:submit(function() return require('parallel').tensor.FloatTensor(3):fill(4) end)
      local files = {}
      repeat local file = io.open('/dev/null') files[#files + 1] = file until not file
      for _ = 1, 3 do
        local ok, err = pcall(future.result, future)
        assert(not ok and err.code == 'limit' and tostring(err):find('a tensor came', 1, true), tostring(err))
      end
      while #files > 0 do table.remove(files):close() end
      assert(future:result()[3] == 4)
    ]], 60)
  end)

  it('are given to event loops by a parent too, at once', function()
    passes [[
      local child = parallel.run(function()
        assert(not package.loaded['parallel.relatives'])
        local fd = parallel.parent:fd()
        assert(type(fd) == 'number' and fd > 3)
        parallel.parent:send{fd == parallel.parent:fd(), package.loaded['parallel.relatives'] == nil}
      end)
      local same, alone = two(child:receive())
      assert(same and alone)
      assert(type(child:fd()) == 'number')
      child:join()
    ]]
  end)
end)
