-- luapar, as people call it.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

local quote, command = support.quote, support.luapar()

-- Runs it with these words of the shell. Returns output (standard error as well) and status.
local function luapar(words, before)
  return support.shell(('%s %s %s %s'):format(before or '', before and '|' or '', command, words))
end

local EXIT = 'os.exit ' -- what argparse ends with

-- The same of many: each list of words gives {output, status}. One process runs them one after the other, which is much cheaper.
local function together(list)
  local lines = {}
  for i, words in ipairs(list) do
    lines[i] = 'call{'
    for word in words:gmatch('%S+') do lines[i] = lines[i] .. ('%q, '):format(word) end
    lines[i] = lines[i] .. '}'
  end
  local out = support.script(("(loadstring or load)(%q, '@bin/luapar')()"):format(([[
    io.stdout:setvbuf 'no'
    os.exit = function(status) error(%q .. status, 0) end
    local main = require 'parallel.cli'.main
    local function call(words)
      local ok, status = pcall(main, words)
      io.stdout:write('\1', ok and tostring(status) or status, '\1')
    end
  ]]):format(EXIT) .. table.concat(lines, '\n')))
  local results = {}
  for text, status in out:gmatch('([^\1]*)\1([^\1]*)\1') do results[#results + 1] = {text, tonumber((status:gsub(EXIT, ''))) or status} end
  assert.equal(#list, #results, out)
  return results
end

local commands = {'run', 'map', 'doctor', 'bench', 'top', 'stacks', 'journal', 'trace'}

describe('luapar', function()
  it('teaches: --help, --version, and what was meant', function()
    local out, status = luapar('--help')
    assert.equal(0, status)
    local helps = {}
    for i, command in ipairs(commands) do
      assert.matches('\n   ' .. command .. ' ', out)
      helps[i] = command .. ' --help'
    end
    for i, help in ipairs(together(helps)) do
      assert.equal(0, help[2])
      assert.matches('^Usage: luapar ' .. commands[i], help[1])
    end
    assert.matches('^luapar %d+%.%d+', (luapar('--version')))
    out, status = luapar('mapp')
    assert.equal(2, status)
    assert.matches("unknown command 'mapp'\nDid you mean 'map'?", out, 1, true)
  end)

  it('has the same options in its manual', function()
    local sections, words = {}, {}
    local manual = support.read_file('bin/luapar.1'):gsub('\\%-', '-'):match('\n%.SH COMMANDS\n(.-)\n%.SH ')
    for name, text in manual:gsub('%.SS ', '\1'):gmatch('\1(%l+)([^\1]*)') do sections[name] = text end
    for i, command in ipairs(commands) do words[i] = command .. (command == 'trace' and ' view' or '') .. ' --help' end
    local function options_of(text)
      local set = {}
      for option in text:gmatch('%-%-[%l-]+') do set[option] = option ~= '--help' or nil end
      return set
    end
    for i, help in ipairs(together(words)) do
      assert.same(options_of(help[1]:match('\nOptions:\n(.*)') or ''), options_of(sections[commands[i]]), commands[i])
    end
  end)

  it('says what is wrong with its words, with the status 2', function()
    local lines, messages = {}, {}
    for words, message in pairs{['map'] = "missing argument 'code'", ['map --workers x 1'] = "'x' is no whole number from 0 on",
      ['top abc'] = "'abc' is no whole number", ['map --workrs 2 x'] = "unknown option '--workrs'", ['journal'] = "missing argument 'file'",
      ['trace'] = 'a command is required', ['map --journal-mode old x'] = "must be one of 'reuse', 'new'", ['stacks 1 2'] = 'too many arguments'} do
      lines[#lines + 1], messages[#messages + 1] = words, message
    end
    for i, result in ipairs(together(lines)) do
      assert.equal(2, result[2], lines[i])
      assert.matches('^Usage: luapar ' .. (lines[i]:match('^%a+') or ''), result[1])
      assert.matches('\nluapar: ', result[1], 1, true)
      assert.matches(messages[i], result[1], 1, true)
    end
  end)

  it('maps lines in their order, of files and of standard input', function()
    assert.equal('1.5\n2.5\n3.5\n', (luapar("map -j 2 'x + 0.5'", 'seq 3')))
    local path = support.scratch('.txt')
    support.write_file(path, 'a\n\nlast without an end')
    assert.equal('1\tA\n2\t\n3\tLAST WITHOUT AN END\n', (luapar(("map 'return {i, x:upper()}' %s"):format(quote(path)))))
    assert.equal('0a\n0b\n', (luapar([[map --init 'n = 0' -j 1 'if x ~= "skip" then return n .. x end' -]], [[printf 'a\nskip\nb\n']])))
    assert.equal('', (luapar("map 'x' /dev/null")))
    os.remove(path)
  end)

  it('tells errors by the line, and ends with 1', function()
    local out, status = luapar([[map 'if x == "3" then error("no " .. x) end return x']], 'seq 5')
    assert.equal(1, status)
    assert.matches('luapar: task 3 %("3", 3%) failed in worker %d+: code:1: no 3', out)
    out, status = luapar([[map -k 'if x == "3" then error("no " .. x) end return x']], 'seq 5')
    assert.equal(1, status)
    assert.matches('1\n2\n4\n5\n', (out:gsub('luapar: [^\n]*\n', '')))
    assert.matches('luapar: 1 line failed\n', out)
    local unable = together{'map x+', 'map x /no/such/file', 'map --init =1 x', 'run /no/such/script.lua', 'trace view /no/such/run.json',
      'trace view README.md'}
    for i, message in ipairs{'luapar: code:1: ', 'luapar: /no/such/file: No such file', 'luapar: init:1: ', 'luapar: cannot open /no/such/script.lua',
      'luapar: /no/such/run.json: No such file', 'luapar: README.md: this is no timeline'} do
      assert.equal(1, unable[i][2])
      assert.equal(message, unable[i][1]:sub(1, #message))
    end
  end)

  it('loses no line silently: what cannot be read or written is an error', function()
    for words, message in pairs{["map x /tmp"] = 'luapar: /tmp: Is a directory\n', ['map x <&-'] = 'luapar: standard input: Bad file descriptor\n',
      ['map x /dev/null - /tmp'] = 'luapar: /tmp: Is a directory\n'} do
      local out, status = luapar(words, not words:find('<', 1, true) and 'true' or nil)
      assert.same({message, 1}, {out, status}, words)
    end
    if not io.open('/dev/full') then return end
    for _, lines in ipairs{3, 30000} do
      local out, status = luapar('map x >/dev/full', 'seq ' .. lines)
      assert.same({'luapar: standard output: No space left on device\n', 1}, {out, status}, lines)
    end
  end)

  it('ends quietly when nobody reads its output any more', function()
    local out = support.shell(("seq 100000 | %s map 'x' | head -n 2"):format(command))
    assert.equal('1\n2\n', out)
  end)

  it('ends by Ctrl-C with 130, and the workers with it', function()
    local begun = support.scratch('.begun')
    local code = ('io.open(%q, "w"):close() while true do parallel.clock() end'):format(begun)
    local words = 'seq 9 | setsid %s map %s & until [ -e %s ]; do sleep 0.05; done; kill -INT -- -$!; wait $!'
    local out, status = support.shell(words:format(command, quote(code), quote(begun)))
    os.remove(begun)
    assert.same({'luapar: interrupted\n', 130}, {out, status})
  end)

  it('keeps journals, and shows them', function()
    local path = support.scratch('.db')
    local words = ([[map --journal %s -k -j 2 'if x == "4" then error("four") end return x * 2']]):format(quote(path))
    luapar(words, 'seq 6')
    local out, status = luapar('journal ' .. quote(path))
    assert.equal(0, status)
    assert.matches('imap at code:1, Lua ', out)
    assert.matches('state: all done\ntasks: 5 done, 1 failed\n', out)
    assert.matches('task 4 %("4", 4%) failed in worker %d+: code:1: four', out)
    out = luapar(words, 'seq 6')
    assert.matches('(kept in ', out, 1, true)
    out, status = luapar(words:gsub('%* 2', '* 3'), 'seq 6')
    assert.equal(1, status)
    assert.matches('made by another function', out)
    assert.matches('--journal-mode reuse takes what fits', out, 1, true)
    assert.equal('luapar: --journal-mode is of a journal: --journal run.db names one\n', (luapar('map --journal-mode new x', 'true')))
    os.remove(path)
    local others = together{'journal /no/such/file', 'journal /dev/null', 'journal /tmp', 'journal README.md'}
    for i, message in ipairs{'No such file', 'is empty', '/tmp: Is a directory', 'this is no journal'} do
      assert.equal(1, others[i][2])
      assert.matches(message, others[i][1], 1, true)
    end
  end)

  it('shows a journal that cannot be written', function()
    local folder = support.scratch('.d')
    local path = folder .. '/a 100% #?.db'
    support.shell('mkdir ' .. quote(folder))
    luapar(("map --journal %s 'x * x'"):format(quote(path)), 'seq 6')
    support.shell('chmod -R a-w,a+rX ' .. quote(folder))
    local as_other = select(2, support.shell('test $(id -u) != 0')) ~= 0 and 'setpriv --reuid=65534 --regid=65534 --clear-groups ' or ''
    local function as(words) return support.shell(('%s%s %s'):format(as_other, command, words)) end
    local function look() return as('journal ' .. quote(path)) end
    local can_see = select(2, support.shell(as_other .. 'test -r ' .. quote(path))) == 0 and select(2, as('--version')) == 0
    if can_see then
      local out, status = look()
      assert.equal(0, status, out)
      assert.matches('state: all done\ntasks: 6 done, 0 failed\n', out)
      support.shell(('chmod u+w %s && echo something > %s'):format(quote(folder), quote(path .. '-wal')))
      assert.equal(1, select(2, look()))
    end
    support.shell('chmod -R u+w ' .. quote(folder) .. '; rm -r ' .. quote(folder))
  end)

  it('runs scripts with options from outside, and all that follows is theirs', function()
    local path, trace = support.scratch('.lua'), support.scratch('.json')
    support.write_file(path, [[
      print(arg[0], ..., select('#', ...), arg[3])
      print(require 'parallel'.pool{}.size, parallel.run('return 6 * 7'):join())
    ]])
    local out, status = luapar(('run --workers 3 --trace %s %s a --workers -x'):format(quote(trace), quote(path)))
    assert.equal(0, status)
    assert.equal(path .. '\ta\t3\t-x\n3\t42\n', (out:gsub('\ta\t%-%-workers\t%-x\t', '\ta\t')))
    assert.equal(trace .. '.html\n', (luapar(('trace view %s -o %s'):format(quote(trace), quote(trace .. '.html')))))
    local page = support.read_file(trace .. '.html')
    assert.matches('<script type="application/json" id="trace">', page, 1, true)
    assert.matches('"traceEvents"', page, 1, true)
    for _, name in ipairs{path, trace, trace .. '.html'} do os.remove(name) end
  end)

  it('tells an error of a script as Lua does: its own frames alone, and the same status', function()
    local path = os.tmpname() -- short: Lua cuts names of more than 60 bytes, and the build folder may lie deep
    local function ends(code, words)
      support.write_file(path, code)
      local out, status = luapar(('run %s %s'):format(quote(path), words or ''))
      out = out:gsub(path:gsub('%p', '%%%0'), 'x.lua'):gsub("in %a+ %a* ?'inner'", 'in inner')
      return {(out:gsub("in global 'error'", "in function 'error'")), status} -- as Lua 5.5 calls it
    end
    local frames = {'luapar: x.lua:2: no\nstack traceback:\n\t[C]: in function \'error\'\n\tx.lua:2: in inner\n\tx.lua:4: in main chunk\n', 1}
    for _, words in ipairs{'', 'a b'} do
      assert.same(frames, ends("local function inner()\n error('no')\nend\ninner()\nprint 'never'", words))
    end
    assert.same({'luapar: own words\n', 1}, ends("error(setmetatable({}, {__tostring = function() return 'own words' end}))"))
    assert.same({'', 7}, ends('os.exit(7)'))
    assert.same({'', 0}, ends('return 5'))
    assert.matches("^luapar: x.lua:1: .* near '='\n$", ends('x = = 1')[1])
    local failed = ends("parallel.run('error(\"in a child\", 0)'):join()")
    assert.same({'luapar: child 1 failed: in a child\nstack traceback:\n\t[C]: in function \'error\'\n\t' ..
      '[string "error("in a child", 0)"]:1: in main chunk\n', 1}, failed)
    os.remove(path)
    assert.same({'from standard input\ta\n', 0}, {luapar('run - a', [[echo 'print("from standard input", ...)']])})
  end)

  it('shows a running program, and where it is', function()
    local parallel = require 'parallel'
    local child = parallel.run('parallel.parent:send(parallel.pid) while true do end')
    local pid = child:receive()
    local out, status = luapar(('top %d --times 1 --every 0.05'):format(pid))
    assert.equal(0, status, out)
    assert.matches(tostring(pid), out, 1, true)
    out, status = luapar('stacks ' .. pid)
    assert.equal(0, status, out)
    assert.matches(tostring(pid), out, 1, true)
    child:close()
    for _, result in ipairs(together{'top 99999999', 'stacks 99999999'}) do
      assert.same({'luapar: there is no process 99999999\n', 1}, result)
    end
    out, status = support.shell(('sleep 100 & %s stacks $!; echo $?; kill $!'):format(command))
    assert.equal(0, status)
    assert.matches('^luapar: neither process %d+ nor one below it uses the library, or they are of another user\n1\n$', out)
  end)

  it('draws top anew when the terminal has another width, until q is pressed, and leaves the terminal as it was', function()
    if select(2, support.shell('command -v script')) ~= 0 then return pending 'no script(1)' end
    local parallel = require 'parallel'
    local child = parallel.run('parallel.parent:send(parallel.pid) parallel.parent:receive()')
    local pid = child:receive()
    local name, shown = support.scratch('.tty'), support.scratch('.shown')
    local drawn = ('tty >%s; stty cols 100; %s top %d --every 1000; echo status $?; stty -a'):format(quote(name), command, pid)
    local keys = ('await() { until grep -q "$1" %s 2>/dev/null; do sleep 0.05; done; }; ' ..
      'await "PID  *STATE"; stty -F $(cat %s) cols 30; await "PROCESS  *STATE"; printf xq'):format(quote(shown), quote(name))
    local out, status = support.shell(('(%s) | script -qefc %s %s >/dev/null; cat %s'):format(keys, quote(drawn), quote(shown), quote(shown)))
    child:close()
    os.remove(name)
    os.remove(shown)
    assert.equal(0, status, out)
    assert.matches('PROCESS +STATE.*status 0\r\n', out)
    assert.matches(' icanon ', out)
    assert.matches(' echo ', out)
  end)

  it('looks at the machine, and says of every thing what it is', function()
    local out, status = luapar('doctor')
    assert.equal(0, status)
    for _, what in ipairs{'library', 'this Lua', 'children', 'cores', 'SQLite'} do assert.matches('\n  %a+ +' .. what .. ' ', '\n' .. out) end
  end)

  it('is a script for sh, which finds a Lua that has the library', function()
    local out, status = support.shell(('PARALLEL_LUA=/no/such/lua PATH=/none /bin/sh %s/bin/luapar --version'):format(quote(support.root)))
    assert.equal(127, status)
    assert.matches('no Lua here finds the library (tried /no/such/lua lua5.4 ', out, 1, true)
    local link = support.scratch()
    out, status = support.shell(('ln -s "$(readlink -f %s/bin/luapar)" %s && %s --version'):format(quote(support.root), quote(link), quote(link)))
    os.remove(link)
    assert.equal(0, status)
    assert.matches('^luapar %d', out)
  end)
end)
