-- Which interpreter children run, and what is said of one that cannot: hosts, commands with arguments, bad surroundings.
package.path = 'tests/lua/?.lua;' .. package.path
local parallel = require 'parallel'
local core = require 'parallel.core'
local support = require 'support'

local message_of, quote = support.message_of, support.quote
local own = support.interpreter(support.version)

local function has(program) return select(2, support.shell('command -v ' .. program)) == 0 end

-- A copy of the library in a folder of any name. Returns the folder, and what a command needs before it to find it there.
local function copy_library(folder)
  local text = support.shell(('mkdir -p %s/lib/%s/parallel && cp -r %s/lua %s && cp %s/lib/%s/parallel/core.so %s/lib/%s/parallel'):format(
    quote(folder), support.version, quote(support.root), quote(folder), quote(support.build), support.version, quote(folder),
    support.version))
  assert.equal('', text)
  return ('LUA_PATH=%s LUA_CPATH=%s'):format(quote(folder .. '/lua/?.lua;' .. folder .. '/lua/?/init.lua;;'),
    quote(folder .. '/lib/' .. support.version .. '/?.so;;'))
end

local launcher_name = 'parallel-lua' .. support.version
local launcher = ('%s/bin/%s'):format(support.build, launcher_name)

-- Runs code in a program whose name is not that of an interpreter, where PATH leads nowhere, with a copy of the library and, if it is
-- given, of the launcher beside it.
local function run_in_game(code, with_launcher)
  local folder = support.scratch('.host')
  local env, script = copy_library(folder), folder .. '/script.lua'
  support.shell(('cp "$(command -v %s)" %s'):format(quote(own), quote(folder .. '/game')))
  if with_launcher then support.shell(('mkdir %s && cp %s %s'):format(quote(folder .. '/bin'), quote(with_launcher), quote(folder .. '/bin'))) end
  support.write_file(script, code)
  local out = support.shell(('%s PATH=/nowhere PARALLEL_LUA= exec %s %s'):format(env, quote(folder .. '/game'), quote(script)))
  support.shell('rm -rf ' .. quote(folder))
  return out
end

local function run_copy(env, code)
  local path = support.scratch('.lua')
  support.write_file(path, code)
  local out = support.shell(('%s %s %s'):format(env, quote(own), quote(path)))
  os.remove(path)
  return out
end

describe('the interpreter of children', function()
  after_each(function()
    parallel.interpreter = nil
    parallel.close()
  end)

  it('may be a command with arguments', function()
    assert.equal(3, parallel.run{code = 'return ...', args = {3}, lua = {'env', 'X_WORD=one two', own}}:join())
    parallel.interpreter = {'env', 'X_WORD=one two', own}
    assert.equal('one two', parallel.run("return os.getenv 'X_WORD'"):join())
    assert.equal('one two', parallel.run("return parallel.run [[return os.getenv 'X_WORD']]:join()"):join())
    assert.same({2, 4}, parallel.map(function(x) return 2 * x end, {1, 2}, {workers = 2}))
  end)

  it('may be such a command in PARALLEL_LUA', function()
    local code = "local parallel = require 'parallel' print(parallel.run([[return os.getenv 'X_WORD']]):join())"
    local env = ('PARALLEL_LUA=%s'):format(quote('env X_WORD=three ' .. own))
    assert.equal('three\n', (support.script(code, {env = env})))
  end)

  it('may be a path with spaces in PARALLEL_LUA', function()
    local folder = support.scratch(' a folder')
    support.shell(('mkdir -p %s && ln -s "$(command -v %s)" %s'):format(quote(folder), quote(own), quote(folder .. '/my lua')))
    local code = "local parallel = require 'parallel' print(parallel.run('return 7'):join())"
    assert.equal('7\n', (support.script(code, {env = 'PARALLEL_LUA=' .. quote(folder .. '/my lua')})))
    support.shell('rm -rf ' .. quote(folder))
  end)

  it('may be the launcher that comes with the library', function()
    if not support.read_file(launcher) then return pending 'this Lua has no library here' end
    local version, word, deep = parallel.run{lua = launcher, args = {'w'}, code = [[
      local word = ...
      return _VERSION, word, parallel.run('return 4'):join()
    ]]}:join()
    assert.same({_VERSION, 'w', 4}, {version, word, deep})
    local code = ("local p = require 'parallel' print(p.run('return 1, ...', 2):join())")
    local path = support.scratch('.lua')
    support.write_file(path, code)
    local env = ('LUA_PATH=%s LUA_CPATH=%s'):format(quote(support.root .. '/lua/?.lua;' .. support.root .. '/lua/?/init.lua;;'),
      quote(support.build .. '/lib/' .. support.version .. '/?.so;;'))
    assert.equal('1\t2\n', (support.shell(('%s %s %s'):format(env, quote(launcher), quote(path))))) -- it starts children itself
    assert.equal('x\ty\n', (support.shell(quote(launcher) .. [[ -e 'print(...)' x y]])))
    local text, status = support.shell(quote(launcher) .. [[ -e 'error "bad"']])
    assert.matches('bad\nstack traceback', text)
    assert.equal(1, status)
    text, status = support.shell(quote(launcher) .. [[ -e 'error(setmetatable({}, {__tostring = function() return "says itself" end}))']])
    assert.matches(launcher_name:gsub('%p', '%%%0') .. ': says itself\n', text)
    assert.equal(1, status)
    assert.equal(2, select(2, support.shell(quote(launcher))))
    os.remove(path)
  end)

  it('is named by words', function()
    for _, wrong in ipairs{5, true, {}, {'lua', 5}, {1}, ''} do
      assert.matches("option 'lua' must be the name or path", message_of(parallel.run, {code = '', lua = wrong}))
    end
    parallel.interpreter = {}
    assert.matches('parallel%.interpreter must be', message_of(parallel.run, 'return 1'))
    assert.equal(0, parallel.nchildren)
  end)

  it('is looked for in a program that is none, which says what it tried', function()
    local path = core.program_path
    core.program_path = function() return '/opt/game/bin/game' end
    package.loaded['parallel.interpreter'] = nil
    local interpreter = require 'parallel.interpreter'
    local commands, same = interpreter.commands()
    core.program_path, package.loaded['parallel.interpreter'] = path, nil
    assert.is_false(same)
    assert.is_true(#commands > 2)
    local text = interpreter.explain(commands, "cannot start 'x'")
    assert.matches('tried: lua', text)
    assert.matches('/opt/game/bin/game is no interpreter', text)
    assert.matches('parallel%.interpreter', text)
  end)

  it('is missed with words in a program that is none, where none is installed', function()
    local out = run_in_game("local p = require 'parallel' print(pcall(p.run, '')) print(pcall(p.map, print, {1}, {workers = 1}))")
    local pattern = "^false\t.*cannot start '" .. launcher_name:gsub('%p', '%%%0') .. "': No such file.*tried: lua" ..
      '.*/game is no interpreter.*PARALLEL_LUA'
    for line in out:gmatch('[^\n]+') do assert.matches(pattern, line) end
    assert.equal(2, select(2, out:gsub('\n', '')))
  end)

  it('is the launcher beside the library, where PATH leads to none', function()
    if not support.read_file(launcher) then return pending 'this Lua has no library here' end
    local out = run_in_game("local p = require 'parallel' print(p.run('return parallel.run([[return 7]]):join(), arg'):join())", launcher)
    assert.equal('7\tnil\n', out)
  end)

  it('is named when it ends at once or has no library', function()
    assert.matches("'env false' ended before it was ready %(exit status 1", message_of(parallel.run, {code = '', lua = {'env', 'false'}}))
    local other = support.version == '5.3' and 'lua5.4' or 'lua5.3'
    if not has(other) then return end
    local folder = support.scratch('.library')
    local env = copy_library(folder)
    local out = run_copy(env, ("local p = require 'parallel' print(pcall(p.run, {code = '', lua = '%s'}))"):format(other))
    assert.matches("'" .. other .. "' found no library of parallel for its own Lua", out)
    assert.matches('parallel: Lua 5%.%d finds no library', out)
    support.write_file(folder .. '/lua/parallel/core.lua', "return {_VERSION = '0.0.1'}")
    out = run_copy(env, ("package.loaded['parallel.core'] = package.loadlib(%q, 'luaopen_parallel_core')() local p = require 'parallel' " ..
      "print(pcall(p.run, {code = '', lua = '%s'}))"):format(folder .. '/lib/' .. support.version .. '/parallel/core.so', other))
    assert.matches('library of another release', out)
    assert.matches('finds a library of release 0%.0%.1', out)
    support.shell('rm -rf ' .. quote(folder))
  end)

  it('that is no Lua is named, whatever it does with our script', function()
    for _, command in ipairs{'sh', 'cat', {'env', 'sh', '-c', 'exit 7'}} do
      local name = type(command) == 'table' and table.concat(command, ' ') or command
      local out = support.script(([[
        local parallel = require 'parallel'
        print(pcall(parallel.run, {code = '', lua = %s}))
        print(parallel.nchildren, parallel.run('return 5'):join())
      ]]):format(type(command) == 'table' and "{'" .. table.concat(command, "', '") .. "'}" or "'" .. command .. "'") .. '')
      assert.matches("'" .. name:gsub('%p', '%%%0') .. "' ended before it was ready", out)
      assert.matches('is it a Lua interpreter', out)
      assert.matches('\n0\t5\n$', out)
    end
  end)

  it('refuses a library that was built for another kind', function()
    for _, other in ipairs{'5.1', '5.2', '5.3', '5.4', '5.5', 'jit'} do
      local folder = ('%s/lib/%s'):format(support.build, other)
      if other ~= support.version and support.read_file(folder .. '/parallel/core.so') then
        local out = support.script(('package.cpath = %q print(pcall(require, "parallel"))'):format(folder .. '/?.so'))
        assert.matches('^false\t.*this library was built for .*Lua', out)
      end
    end
  end)

  it('is found where the library lies in a folder with spaces and quotes', function()
    local folder = support.scratch([[ it's "here" $HOME;]]):gsub(';', '')
    local out = run_copy(copy_library(folder), [[
      local p = require 'parallel'
      print(p.run('return parallel.run [=[return 5]=]:join()'):join())
      print(table.concat(p.map(function(x) return x + 1 end, {1, 2}, {workers = 1}), ' '))
    ]])
    assert.equal('5\n2 3\n', out)
    support.shell('rm -rf ' .. quote(folder))
  end)

  it('shows none of our lines in a traceback where the library lies in a folder of its own name', function()
    local folder = support.scratch('.up') .. '/parallel'
    local out = run_copy(copy_library(folder), "print(pcall(function() return require 'parallel'.run('error [[bad]]'):join() end))")
    assert.matches('^false\tchild 1 failed: .*bad\nstack traceback:\n', out)
    assert.is_nil(out:find('worker.lua', 1, true), out)
    support.shell('rm -rf ' .. quote(folder:match('^(.*)/')))
  end)
end)

describe('surroundings', function()
  it('may print from LUA_INIT', function()
    local code = "local parallel = require 'parallel' print(parallel.run('return 7'):join())"
    local out = support.script(code, {env = [[LUA_INIT='io.stdout:write("hello\n")']]})
    assert.equal('hello\nhello\n7\n', out)
  end)

  it('say that LUA_INIT may be why a child did not begin', function()
    local code = [[
      local parallel, core = require 'parallel', require 'parallel.core'
      core.set_variable('LUA_INIT', 'error "no init"')
      print(pcall(function() return parallel.run('return 7'):join() end))
    ]]
    local out = support.script(code)
    assert.matches('ended before it was ready %(exit status 1', out)
    assert.matches('LUA_INIT is set', out)
  end)

  it('may make unknown globals an error', function()
    local strict = [[rawset(_G, 'arg', rawget(_G, 'arg') or {}) -- interpreters set it after LUA_INIT
      setmetatable(_G, {__newindex = function(_, name) error('assigned to ' .. tostring(name), 2) end,
        __index = function(_, name) error('no global ' .. tostring(name), 2) end})]]
    local code = ([[
      local parallel = require 'parallel'
      local tensor = require 'parallel.tensor'
      require 'parallel.core'.set_variable('LUA_INIT', %q)
      local child = parallel.run('local p = parallel.parent local f = p:receive() p:send(f(p:receive()))')
      child:send(math.floor)
      child:send(tensor.ones(2, 2):sum() + 0.5)
      print(child:receive() == 4, parallel.info().version == parallel._VERSION)
      print(parallel.run(function() return parallel.run('return 7'):join() end):join())
      print(table.concat(parallel.map(function(x) return x * x end, {1, 2, 3}, {workers = 2}), ' '))
      print(select(2, pcall(function() parallel.run('error "bad"'):join() end)).code)
    ]]):format(strict)
    assert.equal('true\ttrue\n7\n1 4 9\nfailed\n', (support.script(strict .. '\n' .. code)))
  end)

  it('may have no standard descriptors', function()
    local path = support.scratch('.result')
    local code = ([[
      local parallel = require 'parallel'
      local child = parallel.run('local x = parallel.parent:receive() print "lost" return x, 2')
      child:send(('x'):rep(3000000))
      local x, two = child:join()
      local squares = parallel.map(function(i) return i * i end, {1, 2, 3}, {workers = 2})
      local file = io.open(%q, 'w')
      file:write(#x, ' ', two, ' ', table.concat(squares, ','))
      file:close()
    ]]):format(path)
    local script = support.scratch('.lua')
    support.write_file(script, code)
    for _, closed in ipairs{'0<&-', '0<&- 1>&- 2>&-', '1>&- 2>&-'} do
      support.shell(('%s/tools/lua %s %s %s'):format(quote(support.root), support.version, quote(script), closed))
      assert.equal('3000000 2 1,4,9', support.read_file(path), closed)
      os.remove(path)
    end
    os.remove(script)
  end)

  it('may ignore SIGCHLD', function()
    local out = support.script([[
      local parallel = require 'parallel'
      print(parallel.run('return 1, 2'):join())
      print(select(2, pcall(function() return parallel.run('error "bad"'):join() end)).code)
      print(select(2, pcall(function() return parallel.run('os.exit(3)'):join() end)).code)
      print(select(2, pcall(function() local c = parallel.run('while true do end') c:kill('KILL') return c:join() end)).code)
      print(select(2, pcall(function() return parallel.run('os.exit(3)'):join() end)).message:match('SIGCHLD'))
      print(#parallel.map(function(x) return x end, {1, 2, 3}, {workers = 2}))
      local told = select(2, pcall(parallel.map, function() os.exit(3) end, {1}, {workers = 1}))
      print(told.status, told.message)
      print(pcall(parallel.run, {code = '', lua = {'env', 'false'}}))
    ]], {before = "trap '' CHLD;"})
    local unknown = 'and how is not known: this program ignores SIGCHLD, or reaps children that are not its own'
    local results, pooled, refused = out:match('^(.-\n)nil\t(.-)\nfalse\t(.*)\n$')
    assert.equal('1\t2\nfailed\ndied\ndied\nSIGCHLD\n3\n', results, out)
    assert.equal(('worker 1 ended without a result, %s, replaced'):format(unknown), pooled)
    assert.matches(("^child %%d+ died: 'env false' ended before it was ready, %s$"):format(unknown), refused)
  end)
end)

-- Is this the distribution's Lua? A library for another system's is not for the programs here, nor for their headers.
local package_name = support.version == 'jit' and 'luajit' or 'lua' .. support.version
local packaged = support.shell('command -v ' .. package_name):match('[^\n]+') == own
local plain = packaged and not support.sanitized

describe('the example for', function()
  local env = ('LUA_PATH=%s LUA_CPATH=%s '):format(quote(support.root .. '/lua/?.lua;' .. support.root .. '/lua/?/init.lua;;'),
    quote(support.build .. '/lib/' .. support.version .. '/?.so;;'))

  local function example(name, needs, command, expected)
    it(name .. ' runs', function()
      if not needs then return pending 'this host is not here, or has another Lua' end
      local out, status = support.shell(env .. command)
      assert.matches(expected, out)
      assert.equal(0, status)
    end)
  end

  example('Neovim', plain and support.version == 'jit' and has 'nvim',
    "nvim --headless --clean -c 'luafile examples/hosts/neovim.lua'", '^%d+ words in %d+ files')
  example('LÖVE', plain and support.version == 'jit' and has 'love',
    'SDL_VIDEODRIVER=dummy PARALLEL_HEADLESS=1 love examples/hosts/love', '200 rows while %d+ frames')
  it('nginx answers requests with what children computed', function()
    -- Debian's module comes with another LuaJIT, which would drive out the one here: `make test-hosts` has it unpacked.
    local here = core.real_path(support.root)
    local root = here .. '/build/hosts/root'
    local nginx_path = support.shell(('PATH=%s/usr/sbin:/usr/sbin:$PATH command -v nginx'):format(root)):match('%S+')
    if not plain or support.version ~= 'jit' or not nginx_path or not support.read_file(root .. '/usr/lib/nginx/modules/ngx_http_lua_module.so') then
      return pending 'this host is not here, or has another Lua'
    end
    local folder = support.scratch('.nginx')
    support.shell('mkdir -p ' .. quote(folder .. '/logs'))
    local port = 20000 + core.pid() % 20000
    local config = support.read_file('examples/hosts/nginx.conf')
    config = config:gsub('127%.0%.0%.1:8080', '127.0.0.1:' .. port):gsub('http {', ([[http {
      access_log off;
      lua_package_path '%s/lua/?.lua;%s/lua/?/init.lua;%s/usr/share/lua/5.1/?.lua;;';
      lua_package_cpath '%s/lib/jit/?.so;;';]]):format(here, here, root, core.real_path(support.build)), 1)
    local modules = ''
    for _, name in ipairs{'ndk_http_module', 'ngx_http_lua_module'} do
      local folder_of = support.read_file(('%s/usr/lib/nginx/modules/%s.so'):format(root, name)) and root or ''
      modules = ('%sload_module %s/usr/lib/nginx/modules/%s.so;\n'):format(modules, folder_of, name)
    end
    support.write_file(folder .. '/nginx.conf', modules .. 'user root;\npid nginx.pid;\nerror_log error.log;\ndaemon on;\n' .. config)
    local command = ('LD_LIBRARY_PATH=$(echo %s/usr/lib/*-linux-gnu) %s -p %s -c nginx.conf '):format(root, nginx_path, quote(folder))
    local function nginx(words) return support.shell(command .. words) end
    nginx ''
    local request = ("bash -c 'exec 3<>/dev/tcp/127.0.0.1/%d && printf \"GET /primes?below=1000 HTTP/1.0\\r\\n\\r\\n\" >&3 && cat <&3'"):format(port)
    local out
    support.eventually(function()
      out = support.shell(request)
      return out:find('primes', 1, true)
    end)
    nginx '-s quit'
    assert.matches('168 primes', out, (support.read_file(folder .. '/error.log')))
    support.shell('rm -rf ' .. quote(folder))
  end)
  example('a C program', plain and has 'cc' and select(2, support.shell('pkg-config --exists ' .. package_name)) == 0,
    ('true; cc examples/hosts/embed.c $(pkg-config --cflags --libs %s) -Wl,-E -o %s && %s %s'):format(package_name,
      quote(support.build .. '/embed-' .. support.version), env, quote(support.build .. '/embed-' .. support.version)), '1 4 9 16 25')
end)

describe('Neovim', function()
  if not has 'nvim' or support.version ~= 'jit' or not plain then return pending 'another Lua, or no nvim' end

  local function inside(code, env)
    local path = support.scratch('.lua')
    support.write_file(path, ("package.path = %q .. package.path package.cpath = %q .. package.cpath\n%s"):format(
      ('%s/lua/?.lua;%s/lua/?/init.lua;'):format(support.root, support.root), support.build .. '/lib/jit/?.so;', code))
    local out = support.shell(("%s nvim --headless --clean -c 'luafile %s' -c 'qa!'"):format(env or '', path))
    os.remove(path)
    return out
  end

  it('is its own interpreter of children', function()
    assert.equal('true\t5\n1,4,9\ntrue\n', inside [[
      local parallel = require 'parallel'
      local function say(...) io.stdout:write(table.concat({...}, '\t'), '\n') end
      local child = parallel.run(function() return tostring(vim ~= nil), parallel.parent:receive() end)
      child:send(5)
      say(child:join())
      say(table.concat(parallel.map(function(x) return x * x end, {1, 2, 3}, {workers = 2}), ','))
      say(tostring(parallel.run('return parallel.run [=[return vim ~= nil]=]:join()'):join()))
    ]])
  end)

  it('leaves no files behind', function()
    local folder = support.scratch('.tmp')
    support.shell('mkdir ' .. quote(folder))
    local out = inside(([[
      local parallel = require 'parallel'
      local child = parallel.run('parallel.parent:send(1) while true do end')
      child:receive()
      child:kill('KILL')
      pcall(child.join, child)
      local name = parallel.run(function()
        local name = vim.fn.tempname()
        assert(io.open(name, 'w')):close()
        os.remove(name)
        return name
      end):join()
      io.stdout:write(tostring(name:find(%q, 1, true)))
    ]]):format(folder), 'TMPDIR=' .. quote(folder))
    assert.equal('1', out)
    assert.equal('', support.shell('ls ' .. quote(folder)))
    support.shell('rm -rf ' .. quote(folder))
  end)

  it('leaves no child behind', function()
    local out = inside [[
      local parallel = require 'parallel'
      io.stdout:write(parallel.run('while true do end').unixid, ' ', parallel.run('parallel.parent:receive()').unixid)
    ]]
    for pid in out:gmatch('%d+') do
      assert.is_true(support.eventually(function() return not support.exists(tonumber(pid)) end), pid)
    end
  end)
end)
