--- Starting children: with what, and the first messages.
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local children = require 'parallel.children'
local interpreter = require 'parallel.interpreter'
local modules = require 'parallel.modules'
local searcher = require 'parallel.searcher'
local state = require 'parallel.state'
require 'parallel.select' -- parallel.close() is to find it loaded when no descriptor is left to load it with

local start = {}
local handle = core.child
local module_path = core.module_path() -- asked once: a row of system calls

-- --- the environment of a child ---

-- Numeric libraries start a thread for each core they see; with several children that is far too many. What the user
-- has set stays.
local cores -- asked once: the system's answer takes longer than the rest of a start

local function environment(given, running)
  local env = {}
  if given then
    local text_of = require 'parallel.options'.variable
    for name, value in pairs(given) do env[name] = text_of(value) end
  end
  cores = cores or core.cores()
  local share = math.max(1, math.floor(cores / math.max(1, running)))
  for _, name in ipairs{'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'} do
    if os.getenv(name) == nil and env[name] == nil then env[name] = tostring(share) end
  end
  return env
end

-- --- options ---

local offered = {'code', 'args', 'lua', 'env', 'cwd', 'stdout', 'memory_limit', 'affinity', 'name', 'nice', 'functions', 'host'}
local known = {waits = true, hidden = true} -- these two are between our own files
for _, name in ipairs(offered) do known[name] = true end

-- With the line of the program that called.
local function misuse(text) require 'parallel.options'.misuse(text) end

local function check(condition, name, expected, value)
  if not condition then misuse(("parallel.run: option '%s' must be %s, got %s"):format(name, expected, type(value))) end
end

local function is_list_of_cores(list)
  for _, core_number in ipairs(list) do
    if type(core_number) ~= 'number' or core_number < 0 or core_number % 1 ~= 0 then return false end
  end
  return list[1] ~= nil
end

local MOST = 7000 -- arguments that a call can have on every Lua

local function check_arguments(args)
  local n = args.n
  if n == nil then n = #args end
  if type(n) == 'number' and n >= 0 and n % 1 == 0 and (n <= MOST or pcall(compat.unpack, args, 1, n)) then return end
  misuse(("parallel.run: option 'args': its n must be a whole number from 0 to what a call can have as arguments, got %s"):format(tostring(n)))
end

local function check_options(options)
  for name in pairs(options) do
    if not known[name] then
      misuse(require 'parallel.options'.unknown('parallel.run', name, offered))
    end
  end
  local o = options
  check(o.args == nil or type(o.args) == 'table', 'args', 'a list', o.args)
  if o.args then check_arguments(o.args) end
  check(o.env == nil or type(o.env) == 'table', 'env', 'a table of names and values', o.env)
  if o.env then
    local good, why = require 'parallel.options'.is_environment(o.env)
    if not good then misuse('parallel.run: ' .. why) end
  end
  check(o.cwd == nil or require 'parallel.options'.is_text(o.cwd), 'cwd', 'a path without a zero byte', o.cwd)
  check(o.name == nil or type(o.name) == 'string', 'name', 'a string', o.name)
  check(o.nice == nil or type(o.nice) == 'number' and o.nice % 1 == 0, 'nice', 'a whole number', o.nice)
  check(o.functions == nil or type(o.functions) == 'boolean', 'functions', 'true or false', o.functions)
  check(o.affinity == nil or type(o.affinity) == 'table' and is_list_of_cores(o.affinity), 'affinity',
    'a list of at least one core number from 0 on', o.affinity)
  check(o.memory_limit == nil or type(o.memory_limit) == 'number' and o.memory_limit > 0, 'memory_limit',
    'a number of bytes', o.memory_limit)
  local outputs = {prefix = true, capture = true, null = true, inherit = true}
  if o.stdout ~= nil and not outputs[o.stdout] then
    misuse(("parallel.run: option 'stdout' must be 'inherit', 'prefix', 'capture' or 'null', got %s"):format(tostring(o.stdout)))
  end
end

-- A syntax error is raised here and now, where the user sees it. Only our own kind of Lua can judge.
function start.check_code(what, code, same_kind)
  if type(code) == 'function' then return end
  if type(code) ~= 'string' then
    misuse(what .. ': the code to run must be a string or a function, got ' .. type(code))
  end
  if not same_kind then return end
  local chunk, message = compat.loadstring(code)
  if not chunk then misuse(what .. ': the code does not compile: ' .. message) end
end

-- --- start ---

-- Our files that every child runs, as bytecode: to load that takes a tenth of the time of compiling them. Made once, and handed
-- down the tree.
local function compiled_files()
  if not state.compiled then
    state.compiled = {}
    for _, name in ipairs{'child/boot', 'child/find', 'child/worker', 'init', 'state', 'errors', 'compat'} do
      state.compiled[name] = string.dump(assert(loadfile(searcher.root .. '/' .. name .. '.lua')))
    end
  end
  return state.compiled
end

local methods = {spawn = true, forkserver = true}

-- Is the fork server wanted and able to make this child? Where the system has no means for it children are spawned: it only saves time.
local function wants_forkserver(module, same_kind)
  local method = module.start_method or 'spawn'
  if not methods[method] then
    misuse(("parallel.start_method must be 'spawn' or 'forkserver', got %s"):format(tostring(method)))
  end
  return method == 'forkserver' and same_kind and core.child.forkserver_usable
end

-- What an interpreter is started with: its own words, our script, and what that needs.
local function arguments(command, same_kind)
  local args = {}
  for i = 2, #command do args[i - 1] = command[i] end
  for _, word in ipairs{searcher.root .. '/child/child.lua', module_path, core.fingerprint()} do args[#args + 1] = word end
  if not same_kind then args[#args + 1] = 'hello' end
  return args
end

-- What core.child.spawn is asked for, but for the program.
local function request_of(id, options, module)
  return {
    id = id, ring_bytes = module.getSharedSize(), env = options.env, cwd = options.cwd, functions = options.functions,
    output = options.stdout ~= 'inherit' and options.stdout or nil, prefix = module._prefix_of(id) .. '\t',
  }
end

-- The three ways to start a process. Each returns what is known of it: child, fields; same_kind: surely of our kind of Lua; and what is
-- said below.

-- send_modules: it may ask for modules.
local function spawn_there(host, request, options)
  local child, fields, same_kind, send_modules = require 'parallel.hosts'.spawn(host, request, options)
  return {child = child, fields = fields, same_kind = same_kind, send_modules = send_modules}
end

-- env, cwd: it has to set these for itself.
local function fork_from_server(command, request)
  local child, fields = require 'parallel.forkserver'.use(command, function(server, answer_seconds)
    request.program, request.args, request.server, request.answer_seconds = command[1], {}, server, answer_seconds
    return core.child.spawn(request)
  end)
  return {child = child, fields = fields, same_kind = true, env = request.env, cwd = request.cwd}
end

-- command: the words that it was started with, the first of several that can be.
local function spawn_here(commands, request, same_kind)
  local failure
  for _, command in ipairs(commands) do
    request.program, request.args = command[1], arguments(command, same_kind)
    local ok, child, fields = pcall(core.child.spawn, request)
    if ok then return {child = child, fields = fields, same_kind = same_kind, command = command} end
    failure = tostring(child)
    if not failure:find('cannot start', 1, true) then misuse(failure) end -- no matter of the interpreter
  end
  return misuse(interpreter.explain(commands, failure, request.cwd))
end

local function spawn(id, options, module)
  local request = request_of(id, options, module)
  local host = options.host ~= nil and require 'parallel.hosts'.find(options.host, 'parallel.run')
  if host then return spawn_there(host, request, options) end
  local commands, same_kind = interpreter.commands(options.lua)
  request.env = environment(options.env, children.count() + 1)
  if wants_forkserver(module, same_kind) then return fork_from_server(commands[1], request) end
  return spawn_here(commands, request, same_kind)
end

-- The message holds code and arguments: "arguments 2" is the user's first argument.
local function name_argument(failure)
  if type(failure) == 'table' and type(failure.message) == 'string' then
    failure.message = failure.message:gsub('^arguments (%d+)', function(n)
      return n == '1' and 'code' or ('arguments[%d]'):format(n - 1)
    end)
  end
  return failure
end

-- Code that does not compile, and values that children cannot load, are told before anything is started.
local function check_code_and_args(options)
  if not options.waits then start.check_code('parallel.run', options.code, not interpreter.is_named(options.lua)) end
  if options.host ~= nil then return end
  modules.check(options.code, 'code')
  for i, value in ipairs(options.args or {}) do modules.check(value, ('arguments[%d]'):format(i)) end
end

-- One of whose Lua nothing is known says so itself, if it comes to that.
local function is_same_kind(begun)
  if begun.same_kind then return true end
  local ok, same_kind = pcall(handle.await_hello, begun.child, 30)
  if ok then return same_kind end
  handle.forget(begun.child)
  core.raise(interpreter.not_ready(same_kind, begun.command))
end

-- What the child is told of itself, for parallel.child.boot.
local function settings_of(id, options, begun, module)
  local host, same_kind = begun.fields.host, begun.same_kind
  local takes_ours = not host and options.functions ~= false and state.takes_modules -- what we are sent ourselves
  return {
    id = id, parent_id = module.id, path = state.path, name = options.name,
    package_path = package.path, package_cpath = same_kind and not host and package.cpath or nil, apart = host and true,
    send_modules = begun.send_modules or takes_ours or nil,
    release = core._VERSION, shared_size = module.getSharedSize(), inbox_size = module.getInboxSize(), interpreter = module.interpreter,
    block_cache = state.block_cache, waits = options.waits,
    compiled = same_kind and not begun.env and compiled_files() or nil, -- the fork server has them loaded
    env = begun.env, cwd = begun.cwd, start_method = module.start_method,
    nice = options.nice, affinity = options.affinity, memory_limit = options.memory_limit,
  }
end

--- Starts one child by the options of parallel.run{...}. A hidden one is not among parallel.children: it belongs to a pool.
function start.child(options)
  local module = package.loaded.parallel
  children.begin_in_copy()
  check_options(options)
  check_code_and_args(options)
  local id = state.last_id + 1
  core.view.answer()
  local begun = spawn(id, options, module)
  local child, fields, args = begun.child, begun.fields, options.args or {}
  state.last_id = id
  if not fields.host then fields.ip, fields.speed = '127.0.0.1', 1 end
  handle.limit_inbox(child, module.getInboxSize())
  begun.same_kind = is_same_kind(begun)
  fields.name = options.name
  local settings = settings_of(id, options, begun, module)
  local ok, failure = pcall(handle.start, child, settings, options.code, compat.unpack(args, 1, args.n or #args))
  if not ok then
    handle.forget(child)
    core.raise(name_argument(failure))
  end
  if options.hidden then return child end
  children.add(child)
  if options.waits then state.idle[child] = begun.same_kind and 'same kind' or 'foreign' end
  return child
end

--- parallel.run(code [, arg1, ...]) -> child;  parallel.run{program=, args=, ...} -> child;
--- parallel.run{code=, args={...}, lua=, env=, cwd=, name=, ...} -> child
function start.run(code, ...)
  if type(code) == 'table' and code.program ~= nil then return require 'parallel.program'.start(code) end
  if type(code) == 'table' then return start.child(code) end
  return start.child{code = code, args = {n = select('#', ...), ...}}
end

return start
