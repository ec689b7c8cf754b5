-- Slips that everybody makes: each is told at once, by the name that was meant and with what to do.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'

local message_of, error_of = support.message_of, support.error_of

describe('options that there are not', function()
  local child
  setup(function() child = parallel.run('while true do local v = parallel.parent:receive() parallel.parent:send(v) end') end)
  teardown(function() parallel.close() end)

  local function refused(what, wrong, meant, f, ...)
    local message = message_of(f, ...)
    assert.matches(("%s: there is no option '%s'; %s? ("):format(what, wrong, meant), message, 1, true)
    assert.matches('slips_spec.lua:%d+: ', message)
    return message
  end

  it('are refused by receive and send, which would wait for ever', function()
    refused('receive', 'time_out', 'timeout', function() child:receive{time_out = 0.5} end)
    refused('receive', 'timeOut', 'timeout', function() child:receive(nil, {timeOut = 0.5}) end)
    refused('receive', 'time_out', 'timeout', function() parallel.children:receive{time_out = 0.5} end)
    refused('receive', 'tiemout', 'timeout', function() parallel.children:receive({}, {tiemout = 0.5}) end)
    refused('receive', 'time_out', 'timeout', function() parallel.receive({child}, {time_out = 0.5}) end)
    refused('send', 'lossless', 'lossy', function() child:send(1, {lossless = true}) end)
    refused('send', 'timeouts', 'timeout', function() parallel.children:send(1, {timeouts = 1}) end)
    child:send('nothing was sent before')
    assert.equal('nothing was sent before', child:receive{timeout = support.patience})
  end)

  it('are refused by join and sync, which take messages too', function()
    local message = refused('join', 'time_out', 'timeout', function() child:join{time_out = 0.5} end)
    assert.matches('join%(table, {}%)$', message)
    refused('join', 'timeot', 'timeout', function() parallel.children:join('message', {timeot = 0.5}) end)
    refused('sync', 'time_out', 'timeout', function() child:sync{time_out = 0.5} end)
    refused('sync', 'time', 'timeout', function() parallel.children:sync{time = 0.5} end)
    assert.matches('options in a table expected, got number', message_of(function() child:join('message', 5) end))
  end)

  it('are named, the nearest first', function()
    assert.matches("parallel.run: there is no option 'cod'; code? (code, ", message_of(parallel.run, {cod = ''}), 1, true)
    assert.matches("parallel.run: there is no option 'mem_limit'; memory_limit? (memory_limit, ",
      message_of(parallel.run, {code = '', mem_limit = 1}), 1, true)
    assert.matches("parallel.run: there is no option 'xyz' (", message_of(parallel.run, {code = '', xyz = 1}), 1, true)
    assert.matches("parallel.nfork: entry 1: there is no option 'prtocol'; protocol? (", message_of(parallel.nfork, {1, prtocol = 'x'}), 1, true)
    assert.matches("there is no option 'slot' of a host; slots? (", message_of(parallel.hosts, {{host = 'x', slot = 2}}), 1, true)
  end)

  it('are refused in children as well, and by yield', function()
    local text = parallel.run([[
      local ok, err = pcall(parallel.parent.receive, parallel.parent, {time_out = 1})
      local ok2, err2 = pcall(parallel.yield, {timeuot = 1})
      return err, err2
    ]])
    local err, err2 = text:join()
    assert.matches("receive: there is no option 'time_out'; timeout?", err, 1, true)
    assert.matches("parallel.yield: there is no option 'timeuot'; timeout?", err2, 1, true)
  end)

  it('are refused by encode, decode and register, which would take code or lose a hook', function()
    refused('encode', 'function', 'functions', function() parallel.encode(1, {['function'] = false}) end)
    refused('decode', 'funtcions', 'functions', function() parallel.decode(parallel.encode(1), {funtcions = true}) end)
    refused('register', 'decoder', 'decode', function() parallel.register('slips.x', {encode = print, decoder = print}) end)
    assert.matches("parallel.top: there is no option 'time'; times?", message_of(parallel.top, {time = 1}), 1, true)
  end)

  it('leave tables that are messages alone', function()
    child:send({time_out = 1})
    assert.same({time_out = 1}, child:receive())
    local yielding = parallel.run('return parallel.yield()')
    yielding:join({time_out = 1}, {})
    assert.same({time_out = 1}, yielding:join())
  end)

  it('are told where a list of children is expected', function()
    assert.matches('select: a child, parallel.children or a list of children expected, got a table with the key timeout',
      message_of(parallel.select, {timeout = 1}), 1, true)
  end)
end)

describe('calls that are nearly right', function()
  after_each(function() parallel.close() end)

  it('are told what was meant: a colon, a time limit, a function', function()
    local child = parallel.run('parallel.parent:receive()')
    assert.matches('join: a child expected, got nil (call it as child:join(), with a colon)', message_of(child.join), 1, true)
    assert.matches('got table (call it as child:method(), with a colon)', message_of(child.receive, {timeout = 1}), 1, true)
    for _, target in ipairs{child, parallel.children} do
      assert.matches("an options table expected, got number: a time limit is {timeout=seconds}",
        message_of(function() target:receive(0.5) end), 1, true)
    end
    assert.matches("select: seconds (a number from 0 on) expected, got string", message_of(parallel.select, {child}, 'soon'), 1, true)
    assert.matches("receive: seconds (a number from 0 on) expected, got -1",
      message_of(function() parallel.receive({child}, {timeout = -1}) end), 1, true)
    assert.matches('with: a function expected, got nil', message_of(function() parallel.lock():with() end), 1, true)
  end)

  it('name the option of run that cannot be had, and why', function()
    assert.matches("slips_spec.lua:%d+: parallel.run: option 'cwd': /no/such: No such file or directory$",
      message_of(function() parallel.run{code = '', cwd = '/no/such'} end))
    assert.matches("slips_spec.lua:%d+: parallel.run: option 'affinity' must be a list of at least one core",
      message_of(function() parallel.run{code = '', affinity = {}} end))
    for _, env in ipairs{{['A\0B'] = 'x'}, {A = 'x\0y'}, {['A=B'] = 'x'}, {[''] = 'x'}, {'A=x'}, {A = true}} do
      assert.matches('slips_spec.lua:%d+: parallel.run: env takes names with strings as values, or false to remove a name$',
        message_of(function() parallel.run{code = '', env = env} end))
    end
    assert.matches("option 'cwd' must be a path without a zero byte", message_of(function() parallel.run{code = '', cwd = '/\0tmp'} end))
    local child = parallel.run{code = '', affinity = {4000}}
    assert.matches("child %d+ failed: parallel.run: option 'affinity': there is no core 4000", message_of(child.join, child))
    assert.matches("slips_spec.lua:%d+: parallel: cannot start '/no/such': No such file",
      message_of(function() parallel.run{program = '/no/such'} end))
  end)

  it('tell of a limit of memory that is too low for anything', function()
    if support.sanitized then return end
    local child = parallel.run{code = 'return #("x"):rep(2^26)', memory_limit = 1000}
    assert.matches('child %d+ failed: .*not enough memory', message_of(child.join, child))
  end)
end)

describe('a child that was killed before it was ready', function()
  after_each(function() parallel.close() end)

  it('was killed, and not no Lua interpreter', function()
    local size = parallel.getSharedSize()
    parallel.setSharedSize(2 ^ 20) -- what it is started with has to fit, as it never reads it
    local child = parallel.run{code = 'return 1', env = {LUA_INIT = 'while true do end'}} -- nothing that outlives it
    parallel.setSharedSize(size)
    child:kill('KILL')
    local err = error_of(child.join, child)
    assert.equal('died', err.code)
    assert.equal(9, err.signal)
    assert.matches('killed by signal 9 (Killed)', tostring(err), 1, true)
    assert.not_matches('interpreter', tostring(err))
  end)
end)

local other = support.version == '5.4' and 'jit' or '5.4'
local other_interpreter = support.interpreter(other)

describe('a function for another kind of Lua', function()
  after_each(function() parallel.close() end)
  if not other_interpreter then return end
  local kind = ' (this is Lua[JIT]* 5.%d, the other side Lua[JIT]* 5.%d)'

  it('is refused with both kinds and what to do', function()
    local x = 5
    local message = message_of(parallel.run, {lua = other_interpreter, code = function() return x end})
    assert.matches('give it these values as arguments' .. kind:gsub('[()]', '%%%0'), message)
  end)

  it('is found among several in one line, or refused in the same way', function()
    local load_text = loadstring or load -- luacheck: ignore
    local first, second = load_text('return function(y) return y + 1 end, function(y) return y + 2 end')()
    assert.equal(7, parallel.run{lua = other_interpreter, code = second, args = {5}}:join())
    assert.equal(6, parallel.run{lua = other_interpreter, code = first, args = {5}}:join())
    local many = {}
    for i = 1, 40 do many[i] = ('function() return %d end'):format(i) end
    local text = 'return {' .. table.concat(many, ', ') .. '}'
    local list = load_text(text, '@' .. support.root .. '/tests/lua/child/slips_spec.lua')()
    local message = message_of(parallel.run, {lua = other_interpreter, code = list[40]})
    assert.matches('its text was not found in lines 1%-1 of .*' .. kind:gsub('[()]', '%%%0'), message)
    list = load_text(text)()
    message = message_of(parallel.run, {lua = other_interpreter, code = list[40]})
    assert.matches('where several functions stand: begin it on a line of its own' .. kind:gsub('[()]', '%%%0'), message)
  end)
end)

describe('a variable that has no value in a child', function()
  after_each(function() parallel.close() end)

  it('is explained when it is a global', function()
    local ok, err = pcall(function()
      parallel.run(function() return missing_helper(1) end):join() -- luacheck: ignore
    end)
    assert.is_false(ok)
    assert.matches("'missing_helper'.*globals of the program do not travel to its children: make 'missing_helper' a local", tostring(err))
  end)

  it('is explained when it is a local that got its value later', function()
    local later
    local function use() return later(1) end
    local child = parallel.run(use)
    later = function() end
    assert.matches("the local 'later' had no value yet when the function was sent", message_of(child.join, child), 1, true)
    assert.is_function(later)
  end)

  it('says nothing of other errors', function()
    assert.not_matches('travel', message_of(function() parallel.run('local t = nil; t.x = 1'):join() end))
  end)
end)

describe('a library made by the program', function()
  after_each(function()
    parallel.close()
    package.preload.made_here, package.loaded.made_here = nil, nil
  end)

  -- In a process of its own: test runners have searchers of their own, and then nobody can say what require finds.
  local function in_script(code)
    return support.script('local parallel = require "parallel"\n' .. code)
  end

  it('is refused by name with the remedies, before anything is sent', function()
    local out = in_script([[
      package.preload.made_here = function() return {double = function(x) return 2 * x end} end
      local lib = require 'made_here'
      print(pcall(parallel.run, function(x) return lib.double(x) end, 1))
      print(next(parallel.children))
      local function inner(x) return lib.double(x) end
      print(pcall(parallel.map, function(x) return inner(x) end, {1, 2}))
      package.loaded.made_here = nil
      package.preload.made_here = nil
      print('as a table:', parallel.run(function(x) return lib.double(x) end, 4):join())
    ]])
    out = out .. in_script([[
      package.loaded.made_here = {double = function(x) return 2 * x end}
      local lib = require 'made_here'
      print(pcall(parallel.run, function(x) return lib.double(x) end, 1))
    ]])
    local _, refused = out:gsub("the module 'made_here' was made by this program", '')
    assert.equal(3, refused)
    local message = "upvalue lib>: the module 'made_here' was made by this program and not loaded from a file"
    assert.matches('code<' .. message, out, 1, true)
    assert.matches('function<' .. message, out, 1, true)
    assert.matches('make it in the function itself or in the option init of a pool, or take it out of package.loaded', out, 1, true)
    assert.matches('\nnil\n', out)
    assert.matches('as a table:\t8\n', out)
  end)

  it('is let through where init may have made it in the workers, and where a file has it', function()
    local out = in_script([[
      package.loaded.made_here = {double = function(x) return 2 * x end}
      local lib = require 'made_here'
      local function init() package.loaded.made_here = {double = function(x) return 3 * x end} end
      print(table.concat(parallel.map(function(x) return lib.double(x) end, {1, 2}, {init = init, workers = 1}), ' '))
      package.path = package.path .. ';' .. ]] .. ('%q'):format(support.root .. '/tests/lua/?.lua') .. [[

      local found = require 'pool.world'
      print(parallel.run(function() return type(found) end):join())
    ]])
    assert.equal('3 6\ntable\n', out)
  end)

  it('is explained when a child looks for it with require', function()
    local out = in_script([[
      package.preload.made_here = function() return {} end
      print(pcall(parallel.map, function() return require('made_here') and 1 end, {1}))
      print(pcall(function() return parallel.run(function() return require('made_here') and 1 end):join() end))
    ]])
    local _, count = out:gsub("%('made_here' was made by the program that sent this and not loaded from a file: put it", '')
    assert.equal(2, count)
    out = in_script([[
      package.loaded.made_here = {}
      print(pcall(parallel.map, function() return require('made_here') and 1 end, {1}))
    ]])
    assert.matches("('made_here' was made by the program that sent this", out, 1, true)
  end)
end)

describe('the line of the program', function()
  it('is named also where a file of ours has called on', function()
    local child = parallel.run('return 1')
    child:close()
    for _, name in ipairs{'join', 'sync', 'send', 'receive', 'try_receive', 'status', 'kill'} do
      assert.matches('slips_spec.lua:%d+: parallel: child %d+ was closed', message_of(function() child[name](child) end), nil, false)
    end
    assert.matches('slips_spec.lua:%d+: parallel: child %d+ was closed', message_of(function() parallel.join{child} end))
  end)

  it('is named for arguments and options of a child that cannot be', function()
    for _, n in ipairs{'x', -1, 1.5, 0 / 0, 1e9} do
      assert.matches("slips_spec.lua:%d+: parallel.run: option 'args': its n must be a whole number from 0 to ",
        message_of(function() parallel.run{code = '', args = {n = n}} end))
    end
    assert.matches("slips_spec.lua:%d+: parallel.run: option 'nice' must be a whole number", message_of(function()
      parallel.run{code = '', nice = 1.5}
    end))
  end)

  it('is named for hosts that cannot be', function()
    for _, wrong in ipairs{3, 'a;b', {3}, {{host = 'a', slot = 3}}, {{host = 'a', env = {[1] = 2}}}, {}, {host = 'a', slots = 3},
      {{host = 'a', launcher = 'foo'}}, {{host = 'a', launcher = 'way {host}'}}, {{host = 'a', launcher = 'way "{cmd}'}}, {{host = 'a', lua = ''}},
      {{host = 'a', cipher = true}}, {{host = 'a', dir = '/\0x'}}, {{host = 'a', user = '-oProxyCommand=x'}}, {slurm = {nodes = 1, args = 'x'}},
      {slurm = {nodes = 1, time = {}}}} do
      assert.matches('^[^:]*slips_spec.lua:%d+: parallel.hosts: [^:]', message_of(function() parallel.hosts(wrong) end))
    end
    assert.matches('^[^:]*slips_spec.lua:%d+: parallel.run: ', message_of(function() parallel.run{code = '', host = {host = 'a', slot = 3}} end))
    assert.matches('^[^:]*slips_spec.lua:%d+: parallel.fork: ', message_of(function() parallel.fork('a', 'foo') end))
    for _, wrong in ipairs{{}, 'a b;c', {'localhost'}, {host = 'a'}, {{host = 'a', launcher = 'foo'}}} do
      assert.matches('^[^:]*slips_spec.lua:%d+: parallel.hosts: [^:]', message_of(function() parallel.pool{hosts = wrong} end))
    end
  end)

  it('is named for methods of shared objects without their colon', function()
    local lock, shared = parallel.lock(), parallel.table()
    assert.matches('slips_spec.lua:%d+: with: a parallel.lock expected, got function %(call it as lock:with%(%), with a colon%)',
      message_of(function() lock.with(print) end))
    for _, name in ipairs{'pairs', 'count'} do
      for _, wrong in ipairs{false, 5, {}, lock} do
        assert.matches('slips_spec.lua:%d+: ' .. name .. ': a parallel.table expected, got %w+ %(call it as table:' .. name .. '%(%), with a colon%)',
          message_of(function() shared[name](wrong or nil) end))
      end
    end
  end)
end)

describe('misuse of what several processes use at once', function()
  after_each(function() parallel.close() end)

  local place = '^[^:]*%.lua:%d+: '

  it('is told with the line of the program, and what was expected, whatever called the method', function()
    local shared = {counter = parallel.counter(), lock = parallel.lock(), table = parallel.table()}
    local methods = {
      counter = {'add', 'get', 'set', 'compare_and_set'}, lock = {'lock', 'unlock', 'with', 'wait', 'notify'},
      table = {'get', 'set', 'add', 'compare_and_set', 'pairs', 'count', 'copy'},
    }
    for kind, names in pairs(methods) do
      for _, name in ipairs(names) do
        local pattern = '%s%s: a parallel.%s expected, got [%%a ]+ %%(call it as %s:%s%%(%%), with a colon%%)$'
        local expected = pattern:format(place, name, kind, kind, name)
        local method = shared[kind][name]
        for _, wrong in ipairs{5, 'x', {}, io.stdout, shared[kind == 'lock' and 'table' or 'lock']} do
          assert.matches(expected, message_of(function() method(wrong) end))
          assert.matches(expected, message_of(method, wrong)) -- pcall stands between
          assert.matches(expected, message_of(function() return method(wrong) end))
        end
        assert.matches(expected, message_of(function() method() end))
      end
    end
  end)

  it('is told as well for their arguments', function()
    local counter, lock, shared = parallel.counter(), parallel.lock(), parallel.table()
    local function told(text, f, ...)
      local args, n = {...}, select('#', ...)
      assert.matches('^[^:]*slips_spec%.lua:%d+: ' .. text, message_of(function() f((table.unpack or unpack)(args, 1, n)) end)) -- luacheck: ignore
      assert.matches(place .. text, message_of(f, ...))
    end
    told('add: a whole number expected, got string', counter.add, counter, 'x')
    told('parallel%.counter: a whole number expected, got boolean', parallel.counter, true)
    told("parallel%.table: option 'bytes' must be a number from 16384 to 1073741824, got string", parallel.table, {bytes = 'x'})
    told("parallel%.table: option 'bytes' must be a number from 16384 to 1073741824, got 5", parallel.table, {bytes = 5})
    told("parallel%.table: there is no option 'byte'; bytes%?", parallel.table, {byte = 5})
    told('set: a shared table cannot have a table as its value', shared.set, shared, 'a', {})
    told('get: a key cannot be nil', shared.get, shared)
    told('bad timeout: seconds', lock.lock, lock, 'soon')
    told('bad timeout: seconds .* got nan', lock.lock, lock, 0 / 0)
    told('unlock: this process has not locked it', lock.unlock, lock)
  end)

  it('is a lock taken again, or given back, within its own with', function()
    local lock = parallel.lock()
    assert.matches('^[^:]*slips_spec%.lua:%d+: lock: this process has locked it already$',
      message_of(function() lock:with(function() lock:with(print) end) end))
    assert.matches('^[^:]*slips_spec%.lua:%d+: unlock: this process has not locked it$',
      message_of(function() lock:with(function() lock:unlock() end) end))
    assert.equal('mine', message_of(function() -- the function's own error comes first
      lock:with(function()
        lock:unlock()
        error('mine', 0)
      end)
    end))
    assert.is_true(lock:lock(0))
  end)

  it('is what is done with one that was collected', function()
    for _, object in ipairs{parallel.counter(1), parallel.lock(), parallel.table()} do
      local meta = getmetatable(object)
      meta.__gc(object)
      meta.__gc(object)
      assert.matches(' is no more', message_of(function() parallel.run(function() return object end) end), 1, true)
    end
  end)

  it('is told of groups: names, options, handles', function()
    local child = parallel.run([[
      local messages = {}
      local function note(f) messages[#messages + 1] = select(2, pcall(f)) end
      note(function() parallel.group(5) end)
      local g = parallel.group('mine')
      note(function() parallel.group(nil, {tmeout = 1}) end)
      note(function() g:barrier({timeuot = 1}) end)
      note(function() parallel.barrier({timeuot = 1}) end)
      note(function() parallel.allreduce(1, 'summ') end)
      note(function() parallel.broadcast(1, 7) end)
      note(function() g.regroup(5) end)
      note(function() g.send('x') end)
      note(function() g:send(1, 'x', 5) end)
      note(function() g:receive(3, 5) end)
      return messages
    ]])
    local text = message_of(function() parallel.group({child}, {name = 5}) end)
    assert.matches("slips_spec.lua:%d+: parallel.group: option 'name' must be a string, got number", text)
    assert.matches("option 'channels' must be a boolean, got string", message_of(function() parallel.group({child}, {channels = 'x'}) end))
    assert.matches('slips_spec.lua:%d+: parallel.group: a list of children %(in their parent%), or a name %(in a member%) expected, got number',
      message_of(function() parallel.group(5) end))
    parallel.group({child}, {name = 'mine'})
    local expected = {
      'parallel.group: a list of children %(in their parent%), or a name %(in a member%) expected, got number',
      "parallel.group: there is no option 'tmeout'; timeout%?", "barrier: there is no option 'timeuot'; timeout%?",
      "barrier: there is no option 'timeuot'; timeout%?", "allreduce: the operation must be .* got summ",
      'broadcast: there is no member 7, ranks are 1 to 1', 'regroup: a group expected, got number',
      'send: a group expected, got string', 'send: member 1 is this process itself', 'receive: options in a table expected, got number',
    }
    local messages = child:join()
    for i, wanted in ipairs(expected) do assert.matches('^%[string "[^\n]*"%]:%d+: ' .. wanted, messages[i]) end
    assert.equal(#expected, #messages)
  end)

  it('is told of what is called as a last call, too', function() -- of which Lua 5.1 keeps a level without a line
    local child, pool = parallel.run('return parallel.parent:receive()'), parallel.pool{workers = 1}
    local future = pool:submit(function() return 1 end)
    for what, f in pairs{
      ['join: a child expected'] = child.join, ['sync: a child expected'] = child.sync, ['close: a child expected'] = child.close,
      ['result: a future expected'] = future.result, ['done: a future expected'] = future.done, ['wait: a future expected'] = future.wait,
      ['cancel: a future expected'] = future.cancel, ['on_done: a future expected'] = future.on_done,
      ['as_completed: a list of futures expected'] = parallel.as_completed,
    } do
      assert.matches(place .. what, message_of(function() return f(5) end))
    end
    assert.equal(1, future:result())
    pool:close()
  end)

  it('is told of the methods of children', function()
    local child = parallel.run('return parallel.parent:receive()')
    local function told(text, f, ...)
      assert.matches(place .. text, message_of(f, ...))
    end
    told('parallel: a child expected, got number %(call it as child:method%(%), with a colon%)', child.send, 5)
    told('traceback: a child expected, got number %(call it as child:traceback%(%), with a colon%)', child.traceback, 5)
    told('send: options in a table expected, got number', child.send, child, 1, 5)
    told("receive: a tensor or storage to fill, 'noblock' or an options table expected, got string", child.receive, child, 'x')
    told("kill: there is no signal 'NOPE'", child.kill, child, 'NOPE')
    told("kill: there is no signal '1.5'", child.kill, child, 1.5)
    told('kill: the number or name of a signal expected, got table', child.kill, child, {})
    told('parallel.load: /no/such: No such file or directory', parallel.load, '/no/such')
    assert.is_true(child:kill(0))
    child:send('usable')
    assert.equal('usable', child:join())
  end)
end)

describe('what is of one process', function()
  it('is refused where it is sent, and the error says what to do', function()
    local child = parallel.run([[return parallel.parent:receive()]])
    local pool = parallel.pool{workers = 1}
    local future = pool:submit(function() return 1 end)
    for place, handle in pairs{['parallel%.children'] = parallel.children, ['parallel%.child'] = child, pool = pool, future = future} do
      local text = message_of(function() child:send{first = handle} end)
      assert.matches('^message%.first.*: cannot send a handle %(parallel%.child.*parallel%.group', text)
      if place:find('parallel', 1, true) then assert.matches('^message%.first: cannot send a handle %(' .. place .. '%)', text) end
    end
    pool:close()
    local members = parallel.group({parallel.run('parallel.group():barrier()')}, {name = 'theirs'})
    for place, message in pairs{['message'] = members, ['message%.deep%[1%]'] = {deep = {members}}} do
      local text = message_of(function() child:send(message) end)
      assert.matches('^' .. place .. ': cannot send a handle %(parallel%.group%): .* takes by parallel%.group%(%[name%]%)$', text)
    end
    local many = {}
    for i = 1, 30000 do many[i] = {i, members} end
    assert.matches('^message%[1%]%[2%]: cannot send a handle', message_of(function() child:send(many) end))
    child:send('usable')
    assert.equal('usable', child:join())
  end)
end)

describe('in a child, its parent', function()
  it('cannot be closed', function()
    local ok, message = parallel.run([[return pcall(parallel.parent.close, parallel.parent)]]):join()
    assert.is_false(ok)
    assert.matches('close: a child expected, got the parent', message, 1, true)
  end)
end)
