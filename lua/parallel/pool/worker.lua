--- What a worker of a pool does: takes chunks of tasks, runs them one by one, gives the results back.
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local protocol = require 'parallel.pool.protocol'
local state = require 'parallel.state'
local on_error = require 'parallel.child.failure'.on_error

-- Tasks may take these away, so as to be confined.
local collectgarbage, io, pcall, tonumber, tostring, type, xpcall = collectgarbage, {open = io.open}, pcall, tonumber, tostring, type, xpcall

local worker = {}
local tasks = core.tasks
local claim, done, run, finish, take, post = tasks.claim, tasks.done, tasks.run, tasks.finish, tasks.take, tasks.post
local unpack = compat.unpack
local functions = {} -- id -> function
local own_args = {} -- id -> arguments of the one task that it is for
local parent -- the link to the process that owns the pool
local measure -- a function that gives the bytes of memory in use, when the parent wants to know
local plain -- the parent takes no functions
local trace -- parallel.trace, when this run is traced

-- The chunk at work. Kept here and not handed around: short tasks come in chunks of one, and each would pay for it.
local slot, f, args
local first, seed -- number of its first task, and what seeds the tasks

-- --- the ways to call ---

-- Each runs what is left of the chunk. An error leaves it; calling it again goes on with the next task.
local loops = {}

loops[protocol.ONE] = function() run(parent, slot, measure, f, args) end

loops[protocol.SPREAD] = function()
  local i = claim(parent, slot, measure)
  while i do i = done(parent, slot, (f(unpack(args[i], 1, args[i].n)))) end
end

loops[protocol.CALLS] = function()
  local i = claim(parent, slot, measure)
  while i do
    local call = args[i]
    i = done(parent, slot, functions[call[1]](unpack(call, 2, call.n)))
  end
end

local calls = {} -- one task of each mode
calls[protocol.ONE] = function(item) return (f(item)) end
calls[protocol.SPREAD] = function(item) return (f(unpack(item, 1, item.n))) end
calls[protocol.CALLS] = function(item) return functions[item[1]](unpack(item, 2, item.n)) end

-- A loop for tasks around which something has to be done: seeding, tracing.
local function watched(mode)
  local set_seed = seed and require 'parallel.seed'.set
  local call = calls[mode]
  local function call_one(number, item)
    if set_seed then set_seed(seed, number) end
    if trace then return trace.task(number, call, item) end
    return call(item)
  end
  return function()
    local i = claim(parent, slot, measure)
    while i do i = done(parent, slot, call_one(first + i - 1, args[i])) end
  end
end

-- --- one chunk ---

-- What came with a function for one task: both are forgotten.
local function take_own(id)
  local own = {own_args[id]}
  functions[id], own_args[id] = nil, nil
  return own
end

local function report(failure)
  if trace then core.trace_task_end(true) end
  if type(failure) ~= 'table' or failure.text == nil then failure = {text = tostring(failure), traceback = ''} end
  local value = failure.value
  if type(value) == 'string' or plain and not pcall(core.encode, value, {functions = false}) then value = nil end
  local ok, problem = pcall(post, parent, protocol.FAILED, failure.text, failure.traceback, value)
  if ok then return end
  if type(problem) ~= 'table' or problem.code ~= 'unsupported' then core.raise(problem) end
  post(parent, protocol.FAILED, failure.text, failure.traceback)
end

local handlers = {}

handlers[protocol.CHUNK] = function(its_slot, id, mode, its_args, its_first, its_seed)
  slot, f, args, first, seed = its_slot, functions[id], its_args or take_own(id), its_first, its_seed
  local loop = (seed or trace) and watched(mode) or loops[mode]
  while true do
    local ok, failure = xpcall(loop, on_error)
    if ok then break end
    report(failure)
  end
  f, args = nil, nil -- they may be large
  finish(parent, slot, measure and measure())
end

handlers[protocol.FUNCTION] = function(id, body, its_args) functions[id], own_args[id] = body, its_args end
handlers[protocol.FORGET] = function(id) functions[id] = nil end
handlers[protocol.QUIT] = function() return true end

-- --- the life of a worker ---

-- Bytes in memory: what the system says where it says it, else what Lua knows of.
local function resident_bytes()
  local file = io.open('/proc/self/statm')
  local pages = file and tonumber(file:read('*a'):match('^%d+ (%d+)'))
  if file then file:close() end
  return pages and pages * 4096 or collectgarbage('count') * 1024
end

-- A task that talks to the parent over the pool's link would confuse both.
local function guard_parent()
  local fields = core.child.fields(parent)
  for _, name in ipairs{'send', 'receive', 'try_receive', 'join'} do
    fields[name] = function()
      error(('parallel.parent:%s: a task of a pool takes arguments and returns results, it has no messages'):format(name), 2)
    end
  end
end

-- Ctrl-C reaches everybody; whether a pool goes on is for its owner to decide.
local function handle(ok, kind, ...)
  if ok then
    local handler = handlers[kind]
    return handler and handler(...)
  end
  if type(kind) ~= 'string' or not kind:find('interrupted', 1, true) then core.raise(kind) end
end

--- settings: share (workers that a pool inside a task gets by default), measure (tell the memory in use), functions (may be sent)
function worker.main(settings, init)
  parent = require 'parallel'.parent
  state.in_pool, state.pool_share = true, settings.share
  plain = settings.functions == false
  if settings.measure then measure = resident_bytes end
  guard_parent()
  trace = core.trace_on() and require 'parallel.trace' or nil
  if init then init() end
  post(parent, protocol.READY)
  repeat until handle(pcall(take, parent))
end

return worker
