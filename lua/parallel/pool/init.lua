--- parallel.pool{workers=, ...}: long-lived workers, and the ways to use them: map, imap, submit, everywhere.
local compat = require 'parallel.compat'
local core = require 'parallel.core'
local errors = require 'parallel.errors'
local functions = require 'parallel.pool.function'
local inline = require 'parallel.pool.inline'
local loop = require 'parallel.pool.loop'
local modules = require 'parallel.modules'
local options_of = require 'parallel.pool.options'
local pool_errors = require 'parallel.pool.errors'
local scheduler = require 'parallel.pool.scheduler'
local state = require 'parallel.state'
local submit = require 'parallel.pool.submit'
local maps, imap, everywhere = require 'parallel.pool.map', require 'parallel.pool.imap', require 'parallel.pool.everywhere'
local check_function, misuse = options_of.check_function, options_of.misuse

local pool = {}
local methods = {}
local metatable = {__index = methods, __name = 'parallel.pool'}

-- --- opening ---

local function init_here(options, name)
  local ok, failure, late = inline.call(options.init, options_of.init_seconds(options))
  if ok then return end
  local err = late and pool_errors.slow_init(name, 0, late) or pool_errors.bad_start(name, 0, failure)
  core.raise(err)
end

local function add_workers(self, its_loop)
  local size, options = self.size, self.defaults
  self.scheduler = scheduler.new{
    loop = its_loop, system = its_loop.system, size = size, name = self.name, options = options,
    share = self.places and 1 or math.max(1, math.floor(options_of.default_workers() / size)), places = self.places,
    init_timeout = options_of.init_seconds(options),
  }
  local crew = self.scheduler.crew
  -- What init and everywhere have made in the workers, or is on other machines, is not known here.
  local function check(f)
    if not options.init and not crew.places and not crew.everywhere[1] then modules.check(f, 'function') end
  end
  self.costs = setmetatable({}, {__mode = 'k'}) -- function -> seconds that a task of its last map took
  self.functions = functions.new(function(id) crew:forget_function(id) end, check)
end

--- A pool by checked options, whose workers are served by a loop.
function pool.new(options, its_loop)
  local places = options.hosts and options.workers ~= 0 and require 'parallel.places'.new(options.hosts, options.workers, options.reconnect)
  local size = places and places.size or options.workers or options_of.default_workers()
  local self = setmetatable({size = size, places = places or nil, defaults = options, name = options.name or 'pool', owner = core.pid()},
    metatable)
  if size > 0 then
    add_workers(self, its_loop)
  elseif options.init then
    init_here(options, self.name)
  end
  return self
end

local function process_loop()
  require 'parallel.children'.begin_in_copy()
  state.pool_loop = state.pool_loop or loop.new(require 'parallel.pool.system')
  return state.pool_loop
end

--- parallel.pool{workers=, init=, ...} -> pool
function pool.open(options)
  if type(options) == 'number' then options = {workers = options} end
  options = options_of.check(options, options_of.pool, 'parallel.pool')
  local self = pool.new(options, options.workers ~= 0 and process_loop())
  if self.scheduler then state.pools[self] = true end
  return self
end

-- --- methods ---

local function check_self(self, what)
  if getmetatable(self) == metatable then return end
  misuse(('%s: a pool expected, got %s (call it as pool:%s(), with a colon)'):format(what, type(self), what))
end

local function check_open(self, what)
  check_self(self, what)
  if self.closed then misuse(('%s: the pool was closed'):format(what)) end
end

local function check_call(self, f, what)
  check_open(self, what)
  check_function(f, what)
end

--- pool:map(f, list [, {chunk=, timeout=, retries=, on_error=, seed=, progress=}]) -> results in order [, errors by task]
function methods.map(self, f, list, options)
  check_call(self, f, 'map')
  return maps.map(self, f, list, options)
end

--- pool:pairs_map(f, table [, options of map]) -> f(value, key) by key [, errors by key]
function methods.pairs_map(self, f, t, options)
  check_call(self, f, 'pairs_map')
  return maps.pairs_map(self, f, t, options)
end

--- for i, result in pool:imap(f, iterator [, {ordered=true, in_flight=, ...}]) do: i is the number of the task
function methods.imap(self, f, items, options)
  check_call(self, f, 'imap')
  return imap(self, f, items, options)
end

--- pool:submit(f, ...) -> future
function methods.submit(self, f, ...)
  if getmetatable(self) ~= metatable or self.closed or type(f) ~= 'function' then check_call(self, f, 'submit') end
  return submit(self, f, ...)
end

local function wants_group(options)
  return type(options) == 'table' and options.group == true and next(options) == 'group' and next(options, 'group') == nil
end

--- pool:everywhere(f, ...) -> results by worker: runs f(...) once in each worker, and in those that replace one later.
-- With {group=true} as its last argument it is pool:group.
function methods.everywhere(self, f, ...)
  check_call(self, f, 'everywhere')
  local n = select('#', ...)
  if n == 0 or not wants_group((select(n, ...))) then return everywhere(self, f, ...) end
  local args = {...}
  return require 'parallel.pool.together'(self, f, compat.unpack(args, 1, n - 1))
end

--- pool:group(f, ...) -> results by worker: runs f(group, ...) once in each worker; group is of them all, and ends with the call
function methods.group(self, f, ...)
  check_call(self, f, 'group')
  return require 'parallel.pool.together'(self, f, ...)
end

--- What the pool has done so far.
function methods.stats(self)
  check_self(self, 'stats')
  if self.scheduler then return self.scheduler:stats() end
  return {workers = 0, submitted = self.calls and self.calls.last or 0, running = 0, queued = 0}
end

--- Takes in results and gives out work without waiting: for event loops.
function methods.poll(self)
  check_self(self, 'poll')
  if self.scheduler then self.scheduler.loop:poll() end
end

--- A descriptor that is readable when poll has something to do.
function methods.fd(self)
  check_self(self, 'fd')
  if not self.scheduler then misuse('fd: a pool without workers (workers=0) has no descriptor') end
  return self.scheduler.loop:fd()
end

--- pool:close([{now=true}]): waits for what was submitted, then ends the workers; now: ends them at once. Idempotent.
function methods.close(self, options)
  check_self(self, 'close')
  options_of.check_close(options)
  if self.closed then return end
  self.closed = true
  state.pools[self] = nil
  local its_scheduler, job = self.scheduler, self.calls
  if not its_scheduler or self.owner ~= core.pid() then return end -- a copy of the program: they are not its workers
  local now = options and options.now or false
  local ok, problem = true, nil
  if not now and job then
    ok, problem = pcall(its_scheduler.loop.drive, its_scheduler.loop, function() return job.aborted or job:idle() end)
  end
  its_scheduler:stop(now or not ok, errors.new{code = 'closed', message = 'the pool was closed'})
  if not ok then core.raise(problem) end
end

function metatable.__close(self, err) self:close{now = err ~= nil} end

function metatable.__tostring(self)
  return ('parallel.pool (%d workers%s)'):format(self.size, self.closed and ', closed' or '')
end

return pool
