--- The result of a task that was submitted to a pool: there, or still to come.
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local errors = require 'parallel.errors'
local options = require 'parallel.options'

local future = {}
local methods = {}
local metatable = {__index = methods, __name = 'parallel.future'}

function metatable.__tostring(self)
  return ('parallel.future %d (%s)'):format(self.task, self.state)
end

-- Fields: state ("pending", "done", "failed", "cancelled"); first: the only result, or the error; values: several results or none;
-- callbacks.
function future.new(pool, task)
  return setmetatable({pool = pool, task = task, state = 'pending', first = nil}, metatable)
end

local function check(value, what)
  if getmetatable(value) ~= metatable then
    options.misuse(('%s: a future expected, got %s (call it as future:method(), with a colon)'):format(what, type(value)))
  end
end

-- Callbacks may raise: one that does may not keep the others from being called, nor confuse the pool.
local function call_back(self, callbacks)
  self.callbacks = nil
  for _, callback in ipairs(callbacks) do
    local ok, problem = pcall(callback, self)
    if not ok then io.stderr:write('parallel: a callback of a future failed: ', tostring(problem), '\n') end
  end
end

function future.fulfil(self, ...)
  if self.state ~= 'pending' then return end
  if select('#', ...) == 1 then self.first = ... else self.values = compat.pack(...) end
  self.state = 'done'
  if self.callbacks then call_back(self, self.callbacks) end
end

function future.reject(self, err)
  if self.state ~= 'pending' then return end
  self.first, self.state = err, err.code == 'cancelled' and 'cancelled' or 'failed'
  if self.callbacks then call_back(self, self.callbacks) end
end

local function seconds_of(timeout, what)
  if type(timeout) == 'table' then return options.check(timeout, options.timeout, what).timeout end
  return options.seconds(timeout, what)
end

local function time_is_up(text, ...) core.raise(errors.new{code = 'timeout', message = (text .. ': the time is up'):format(...)}) end

local function is_over(self) return self.state ~= 'pending' end

-- Without workers a future is over from the beginning.
local function wait(self, seconds)
  if self.state ~= 'pending' then return true end
  local loop = self.pool.scheduler.loop
  return loop:drive(is_over, seconds and loop:deadline(seconds), nil, self)
end

--- Waits for the task and returns what it returned; raises its error. timeout: at most so many seconds.
function methods.result(self, timeout)
  check(self, 'result')
  if not wait(self, timeout ~= nil and seconds_of(timeout, 'result')) then time_is_up('task %d has no result yet', self.task) end
  if self.state ~= 'done' then core.raise(self.first) end
  local values = self.values
  if values then return compat.unpack(values, 1, values.n) end
  return self.first
end

--- Is it over, with a result, an error or by cancel? Takes in what has come, never waits.
function methods.done(self)
  check(self, 'done')
  if self.state == 'pending' then self.pool:poll() end
  return self.state ~= 'pending'
end

--- Waits without raising. Returns whether it is over.
function methods.wait(self, timeout)
  check(self, 'wait')
  return wait(self, seconds_of(timeout, 'wait'))
end

--- Cancels the task. One that has not begun never will; one that runs is stopped, by ending its worker. Returns whether it was
-- cancelled: false when it was over before.
function methods.cancel(self)
  check(self, 'cancel')
  if self.state ~= 'pending' then return self.state == 'cancelled' end
  return self.pool.calls:cancel(self)
end

--- callback(future) is called when it is over, from within whatever call of the pool takes the result in.
function methods.on_done(self, callback)
  check(self, 'on_done')
  if type(callback) ~= 'function' then options.misuse('on_done: a function expected, got ' .. type(callback)) end
  if self.state ~= 'pending' then
    callback(self)
    return self
  end
  self.callbacks = self.callbacks or {}
  self.callbacks[#self.callbacks + 1] = callback
  return self
end

--- for fut in parallel.as_completed(futures [, timeout]) do: futures in the order in which they end
function future.as_completed(futures, timeout)
  if type(futures) ~= 'table' or getmetatable(futures) == metatable then
    options.misuse('as_completed: a list of futures expected, got ' .. (type(futures) == 'table' and 'one future' or type(futures)))
  end
  local seconds = seconds_of(timeout, 'as_completed')
  local ready, at, left, pending = {}, 0, 0, nil
  for key, fut in pairs(futures) do
    if getmetatable(fut) ~= metatable then
      options.misuse(('as_completed: element %s is no future but a %s'):format(tostring(key), type(fut)))
    end
    left = left + 1
    if fut.state == 'pending' then pending = fut end
  end
  local function add(fut) ready[#ready + 1] = fut end
  for _, fut in pairs(futures) do fut:on_done(add) end
  local loop = pending and pending.pool.scheduler.loop
  local deadline = loop and seconds and loop:deadline(seconds)
  return function()
    if at == left then return nil end
    if at == #ready and not loop:drive(function() return #ready > at end, deadline) then
      time_is_up('as_completed: %d futures are not done', left - at)
    end
    at = at + 1
    local fut = ready[at]
    ready[at] = false
    return fut
  end
end

return future
