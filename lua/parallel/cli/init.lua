--- luapar: what the library does, from the shell. Here are the words it takes; what they do is in the files beside this one.
local cli = {}

local function parser()
  local found, argparse = pcall(require, 'argparse')
  if not found then
    io.stderr:write('luapar: the Lua module argparse is missing: install it (Debian: lua-argparse, LuaRocks: luarocks install argparse)\n')
    return nil
  end
  return argparse('luapar', 'All cores from the shell, in Lua.', [[
Examples:
  luapar map 'return x * x' < numbers            each line is x, results come out in the order of the lines
  luapar map --journal run.db 'return slow(x)' --init 'slow = require "mine".slow' < lines
  luapar run --workers 4 --trace run.json script.lua
  luapar journal run.db                          what a map with a journal has done, and what failed
  luapar doctor                                  what this machine has, and what would be slow
  luapar COMMAND --help                          more about one of them]])
    :command_target('command'):require_command(true)
end

local function number(least, whole)
  return function(text)
    local value = tonumber(text)
    if value and value >= least and (not whole or value % 1 == 0) then return value end
    return nil, ("'%s' is no %s from %d on"):format(text, whole and 'whole number' or 'number', least)
  end
end

local count, seconds = number(0, true), number(0)

local function add_workers(command)
  command:option('-j --workers', 'How many processes; the usable cores by default.', nil, count):argname('<n>')
  command:option('--hosts', 'Other machines: h1,h2 or file:HOSTFILE, as PARALLEL_HOSTS takes them.')
  command:option('--trace', 'Write a timeline of all processes to this file.'):argname('<file>')
end

local function add_run(root)
  local command = root:command('run', 'Run a Lua script with the library loaded.', 'What follows the script goes to the script.')
  add_workers(command)
  command:argument('script', 'The script (-: standard input); its arguments follow.')
  command:argument('arguments', 'Arguments of the script.'):args '*'
end

local function add_map(root)
  local command = root:command('map', 'Call Lua code for each line, on all cores.', [[
The code gets the line as x and its number as i; what it returns becomes a line of the output, a table a line with tabs between its
elements, nil none. `return` may be left out before a single expression. Lines come from the files, or from standard input.
Examples:
  luapar map 'x:upper()' < in > out
  luapar map --init 'json = require "cjson"' 'return json.decode(x).name' logs/*.json
  seq 1000 | luapar map --journal run.db --progress 'return simulate(tonumber(x))' --init 'simulate = require "mine".run']])
  add_workers(command)
  command:argument('code', 'Lua code; x is the line, i its number.')
  command:argument('files', 'Files with lines.'):args '*'
  command:option('--init', 'Lua code that runs once in each worker before any line; globals that it sets are seen by the code.'):argname('<code>')
  command:flag('--unordered', 'Results as they come, not in the order of the lines.')
  command:flag('--progress', 'Show on standard error how far it is.')
  command:option('--timeout', 'Seconds for one line.', nil, seconds):argname('<s>')
  command:option('--retries', 'How often a line that failed is tried again.', nil, count):argname('<n>')
  command:flag('-k --keep-going', 'Go on after an error: it is told at the end, and the status is 1.')
  command:option('--journal', 'Keep results in this file: a second run goes on where the first ended.'):argname('<file>')
  command:option('--journal-mode', 'reuse: take what fits though code or lines have changed; new: forget what is there.')
    :choices{'reuse', 'new'}
  command:flag('--retry-failed', 'With a journal: try again what failed.')
end

local function add_looks(root)
  local top = root:command('top', 'A live view of the processes of a running program.', 'It ends with the program, or by the key q.')
  top:argument('pid', 'The number of its first process.', nil, count)
  top:option('--every', 'Seconds between two pictures.', nil, seconds):argname('<s>')
  top:option('--times', 'How many pictures.', nil, count):argname('<n>')
  local stacks = root:command('stacks', 'Where each process of a running program is right now, in Lua.')
  stacks:argument('pid', 'The number of its first process.', nil, count)
  local journal = root:command('journal', 'What a map with a journal has done, and what failed.')
  journal:argument('file', 'The journal.')
  journal:option('--failures', 'How many failures are listed.', 20, count):argname('<n>')
  local trace = root:command('trace', 'Timelines, as PARALLEL_TRACE and --trace write them.'):command_target('trace_command'):require_command(true)
  local view = trace:command('view', 'Make a page of a timeline and open it in a browser.')
  view:argument('file', 'The timeline.')
  view:option('-o --output', 'Where the page goes; it is not opened then.'):argname('<file>')
end

local function add_machine(root)
  root:command('doctor', 'What is found here: Luas, cores, limits, libraries; what would be slow, and why.')
  local bench = root:command('bench', 'How fast messages, maps and starts are on this machine, in some seconds.')
  bench:option('-j --workers', 'How many processes for maps.', nil, count):argname('<n>')
end

-- As argparse makes it, but for bash: what follows an option that takes a value is left to readline, which knows names with spaces, and the
-- word that is being written is no command yet.
local function completion_of(root, shell)
  local text = root[('get_%s_complete'):format(shell)](root)
  if shell ~= 'bash' then return text end
  text = text:gsub('COMPREPLY=%(%$%(compgen %-f %-%- "%$cur"%)%)', 'COMPREPLY=()')
  return (text:gsub('args=%("%${COMP_WORDS%[@%]}"%)', 'args=("${COMP_WORDS[@]:0:COMP_CWORD}")'))
end

local function add_completion(root)
  root:option('--completion', 'Print completion for a shell: source <(luapar --completion bash).'):choices{'bash', 'zsh', 'fish'}
    :action(function(_, _, shell)
      io.write(completion_of(root, shell))
      os.exit(0)
    end)
end

local files = {run = 'run', map = 'map', doctor = 'doctor', bench = 'bench', top = 'look', stacks = 'look', journal = 'journal', trace = 'trace'}

local with_value = {['-j'] = true, ['--workers'] = true, ['--hosts'] = true, ['--trace'] = true}

-- What follows the script of `run` is the script's, also what begins with a dash.
local function end_options(words)
  if words[1] ~= 'run' then return words end
  local result, at = {}, 2
  while words[at] and words[at]:sub(1, 1) == '-' and words[at] ~= '--' do at = at + (with_value[words[at]] and 2 or 1) end
  for i, word in ipairs(words) do
    if i == at and word ~= '--' then result[#result + 1] = '--' end
    result[#result + 1] = word
  end
  return result
end

-- The status and args, or nil, what is wrong with the words, and how the command is used.
local function parse(root, words)
  function root.error(command, message) error({message = message, usage = command:get_usage()}, 0) end
  local ok, args = pcall(root.parse, root, end_options(words))
  if ok then return args end
  if type(args) ~= 'table' then error(args, 0) end
  return nil, args.message, args.usage
end

local own_file = require 'parallel.child.failure'.own_file

-- An error in the words of the shell, without the place in the library or in luapar where it was raised.
local function in_shell(err)
  local text = tostring(err)
  local place, rest = text:match('^([^\n]-:%d+:) (.*)$')
  if place and (own_file(place) or place:find('bin/luapar:%d+:$')) then text = rest end
  text = text:gsub('^parallel%.%l+: ', ''):gsub("^pool: option '([%w_]+)'", function(name) return '--' .. name:gsub('_', '-') end)
  text = text:gsub("journal_mode='(%l+)'", '--journal-mode %1'):gsub("retry='failed'", '--retry-failed'):gsub("journal='file.db'", '--journal run.db')
  return text
end

local function complain(text) io.stderr:write('luapar: ', text, '\n') end

-- What the errors of a command mean, as a status to exit with; top ends by Ctrl-C.
local function status_of(err, command)
  local text = in_shell(err)
  if text ~= 'interrupted!' then
    complain(text)
    return 1
  end
  if command == 'top' then return 0 end
  complain 'interrupted'
  return 130
end

--- Does what the words say. Returns the status to exit with.
function cli.main(words)
  local root = parser()
  if not root then return 127 end
  root:flag('--version', 'The release of the library.'):action(function()
    print('luapar ' .. require 'parallel'._VERSION)
    os.exit(0)
  end)
  for _, add in ipairs{add_run, add_map, add_looks, add_machine, add_completion} do add(root) end
  local args, problem, usage = parse(root, words)
  if not args then
    io.stderr:write(usage, '\n\n')
    complain(problem)
    return 2
  end
  local parallel = require 'parallel'
  local done, status = pcall(require('parallel.cli.' .. files[args.command]), args, parallel)
  pcall(parallel.close)
  status = done and (status or 0) or status_of(status, args.command)
  local lost = require 'parallel.cli.common'.flush()
  if not lost then return status end
  complain('standard output: ' .. lost)
  return status == 0 and 1 or status
end

return cli
