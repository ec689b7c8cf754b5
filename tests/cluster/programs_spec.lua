-- Programs of the original's kind, which know nothing of this world, with children on other hosts: each in a process of its own, by what it prints.
package.path = 'tests/cluster/?.lua;' .. package.path
local world = require 'world'
local support = require 'support'

local lua = support.version == 'jit' and 'luajit' or 'lua' .. support.version

-- Hosts find the library as if it were installed there.
setup(function()
  local lines = {}
  for name, value in pairs(world.env) do lines[#lines + 1] = name .. '=' .. value .. '\n' end
  support.write_file('/run/world/home/.ssh/environment', table.concat(lines))
end)

local function sorted(text)
  local lines = {}
  for line in text:gmatch('[^\n]+') do lines[#lines + 1] = line end
  table.sort(lines)
  return lines
end

local function expect(program, expected)
  local out, status = support.script((program:gsub('LUA', lua)))
  assert.equal(0, status, out)
  assert.same(expected, sorted(out))
end

describe('a program of the original', function()
  after_each(function()
    local empty, left = world.is_empty()
    assert.is_true(empty, left)
  end)

  it('forks children on other machines and keeps them in step with yield and join', function()
    expect([[
      require 'parallel'
      require 'torch'

      function worker()
         require 'torch'
         parallel.print('worker ' .. parallel.id)
         while true do
            m = parallel.yield()
            if m == 'break' then break end
            local t = parallel.parent:receive()
            parallel.parent:send(t.data:sum() * parallel.id)
         end
      end

      function parent()
         parallel.nfork({2, ip='h1', protocol='ssh -Y', lua='LUA'}, {1, ip='h2', protocol='ssh', lua='LUA'})
         parallel.children:exec(worker)
         t = {name='my variable', data=torch.Tensor(10,10):fill(1)}
         total = 0
         for i = 1,20 do
            parallel.children:join()
            parallel.children:send(t)
            replies = parallel.children:receive()
            for _,reply in ipairs(replies) do total = total + reply end
         end
         print('total ' .. string.format('%d', total))
         parallel.children:join('break')
         parallel.children:sync()
      end

      ok,err = pcall(parent)
      if not ok then print(err) end
      parallel.close()]],
      {'<parallel#001>\tworker 1', '<parallel#002>\tworker 2', '<parallel#003>\tworker 3', 'total 12000'})
  end)

  it('names machines, calibrates them, and forks as many children as they have cores', function()
    expect([[
      require 'parallel'
      parallel.addremote({ip='h1', cores=2, lua='LUA', protocol='ssh -Y'},
                         {ip='h2', cores=1, lua='LUA', protocol='ssh -Y'})
      parallel.calibrate()
      for i,remote in ipairs(parallel.remotes) do
         print(remote.ip, remote.speed > 0 and remote.speed <= 1)
      end
      forked = parallel.sfork(parallel.remotes.cores)
      forked:exec('parallel.parent:send(io.popen("hostname"):read())')
      for i,child in ipairs(forked) do
         print(child.ip, child:receive(), child.speed == child.remote.speed)
      end
      forked:sync()
      parallel.close()]],
      {'h1\th1\ttrue', 'h1\th1\ttrue', 'h1\ttrue', 'h2\th2\ttrue', 'h2\ttrue'})
  end)

  it('forks one child here and one there, and gives both code and arguments', function()
    expect([[
      require 'parallel'
      near = parallel.fork()
      far = parallel.fork('h2', 'ssh', 'LUA')
      code = [=[
         local a, b = ...
         parallel.parent:send{a + b, io.popen('hostname'):read(), parallel.id}
      ]=]
      near:exec(code, 1, 2)
      far:exec(code, 3, 4)
      for i = 1,2 do
         local answer = parallel.children[i]:receive()
         print(answer[1], answer[2], answer[3])
      end
      parallel.children:sync()
      print('children left', parallel.nchildren)
      parallel.close()]],
      {'3\th0\t1', '7\th2\t2', 'children left\t0'})
  end)

  it('has all that children elsewhere have printed when it goes on after their end, however slowly that is read', function()
    local path = support.scratch('.lua')
    for _, lines in ipairs{3500, 10000} do -- what all buffers hold when nobody reads, and more than that
      support.write_file(path, ([[
        require 'parallel'
        far = parallel.fork('h1', 'ssh', '%s')
        far:exec('for i = 1, %d do print(("x"):rep(99)) end')
        far:sync()]]):format(lua, lines))
      local command = ('%s/tools/lua %s %s | (sleep 1.5; wc -c)'):format(support.quote(support.root), support.version, support.quote(path))
      assert.equal(100 * lines, tonumber((support.shell(command))))
    end
    os.remove(path)
  end)

  it('goes on after an error of a child elsewhere', function()
    expect([[
      require 'parallel'
      function parent()
         parallel.nfork{1, ip='h1', protocol='ssh', lua='LUA'}
         parallel.children:exec(function() parallel.yield() error('it went wrong on ' .. io.popen('hostname'):read()) end)
         parallel.children:join()
         parallel.children:receive()
      end
      ok,err = pcall(parent)
      print(ok, tostring(err):match('it went wrong on h1'))
      parallel.close()
      parallel.nfork{1, ip='h1', protocol='ssh', lua='LUA'}
      parallel.children:exec('parallel.parent:send("again")')
      for _,text in pairs(parallel.children:receive()) do print(text) end
      parallel.close()]],
      {'again', 'false\tit went wrong on h1'})
  end)
end)
