--- What a worker of a pool does: takes chunks of tasks, runs them one by one, gives the results back.
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local protocol = require 'parallel.pool_protocol'
local on_error = require 'parallel.worker'.on_error

local worker = {}
local links = core.links
local claim, done, take, post = links.claim, links.done, links.take, links.post
local unpack = compat.unpack
local functions = {} -- id -> function
local parent -- the link to the process that owns the pool
local measure = function() return 0 end
local trace -- parallel.trace, when this run is traced

-- --- the ways to call ---

-- Each returns a function without arguments that runs what is left of the chunk. An error leaves it; calling it again goes
-- on with the next task.
local loops = {}

loops[protocol.ONE] = function(slot, f, args)
  return function()
    local i = claim(parent, slot)
    while i do i = done(parent, slot, (f(args[i]))) end
  end
end

loops[protocol.SPREAD] = function(slot, f, args)
  return function()
    local i = claim(parent, slot)
    while i do i = done(parent, slot, (f(unpack(args[i], 1, args[i].n)))) end
  end
end

loops[protocol.CALLS] = function(slot, _, args)
  return function()
    local i = claim(parent, slot)
    while i do
      local call = args[i]
      i = done(parent, slot, functions[call[1]](unpack(call, 2, call.n)))
    end
  end
end

-- Something has to be done around each task: seeding, tracing. The function is wrapped; i follows the claims.
local function watched(slot, f, mode, args, first, seed)
  local set_seed = seed and require 'parallel.seed'.set
  local at
  local call
  if mode == protocol.CALLS then
    call = function(item) return functions[item[1]](unpack(item, 2, item.n)) end
  elseif mode == protocol.SPREAD then
    call = function(item) return (f(unpack(item, 1, item.n))) end
  else
    call = function(item) return (f(item)) end
  end
  local function run(item)
    local number = first + at - 1
    if set_seed then set_seed(seed, number) end
    if trace then return trace.task(number, call, item) end
    return call(item)
  end
  return function()
    at = claim(parent, slot)
    while at do at = done(parent, slot, run(args[at])) end
  end
end

-- --- one chunk ---

local function report(failure)
  if trace then core.trace_task_end(true) end
  if type(failure) ~= 'table' or failure.text == nil then failure = {text = tostring(failure), traceback = ''} end
  local value = failure.value
  if type(value) == 'string' then value = nil end
  local ok, problem = pcall(post, parent, protocol.FAILED, failure.text, failure.traceback, value)
  if ok then return end
  if type(problem) ~= 'table' or problem.code ~= 'unsupported' then core.raise(problem) end
  post(parent, protocol.FAILED, failure.text, failure.traceback)
end

local handlers = {}

handlers[protocol.CHUNK] = function(slot, id, mode, args, first, seed)
  local f = functions[id]
  local began = core.clock()
  local loop = (seed or trace) and watched(slot, f, mode, args, first, seed) or loops[mode](slot, f, args)
  while true do
    local ok, failure = xpcall(loop, on_error)
    if ok then break end
    report(failure)
  end
  if trace then core.trace_flush() end
  post(parent, protocol.CHUNK_DONE, slot, core.clock() - began, measure())
end

handlers[protocol.FUNCTION] = function(id, f) functions[id] = f end
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
  local fields = links.fields(parent)
  for _, name in ipairs{'send', 'receive', 'try_receive', 'join'} do
    fields[name] = function()
      error(('parallel.parent:%s: a task of a pool takes arguments and returns results, it has no messages'):format(name), 2)
    end
  end
end

-- Ctrl-C reaches everybody; whether a pool goes on is for its owner to decide.
local function next_message()
  local function check(ok, kind, ...)
    if ok then return kind, ... end
    if type(kind) == 'string' and kind:find('interrupted', 1, true) then return nil end
    core.raise(kind)
  end
  return check(pcall(take, parent))
end

local function handle(kind, ...)
  local handler = kind and handlers[kind]
  return handler and handler(...)
end

--- settings: share (workers that a pool inside a task gets by default), measure (tell the memory in use)
function worker.main(settings, init)
  local parallel = package.loaded.parallel
  parent = parallel.parent
  core.pool_share = settings.share
  if settings.measure then measure = resident_bytes end
  guard_parent()
  trace = core.trace_on() and require 'parallel.trace' or nil
  if init then init() end
  post(parent, protocol.READY)
  repeat until handle(next_message())
end

return worker
