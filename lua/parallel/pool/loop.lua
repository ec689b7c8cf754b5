--- Where all pools of a process wait: one selector for the workers of all of them, so that waiting for one pool serves the others.
--
-- A loop holds nobody: a pool that is forgotten goes, and its workers with it.
local loop = {}
loop.__index = loop

local NEVER = math.huge -- seconds

--- system: see parallel.pool.system
function loop.new(system)
  return setmetatable({
    system = system, selector = system.selector(),
    workers = setmetatable({}, {__mode = 'v'}), -- child id -> worker
    schedulers = setmetatable({}, {__mode = 'v'}), last = 0, -- with holes, up to `last`
  }, loop)
end

function loop:add(scheduler)
  local at = 1
  while self.schedulers[at] do at = at + 1 end
  self.schedulers[at] = scheduler
  if at > self.last then self.last = at end
end

function loop:remove(scheduler)
  for at = 1, self.last do
    if self.schedulers[at] == scheduler then self.schedulers[at] = nil end
  end
end

--- From now on worker.crew:hear(worker) is called when the worker has said something or has ended.
function loop:watch(worker)
  self.selector:add(worker.child)
  self.workers[worker.child.id] = worker
end

function loop:unwatch(worker)
  local child = worker.child
  self.workers[child.id] = nil
  if not self.system.retired(child) then self.selector:remove(child) end
end

function loop:fd() return self.selector:fd() end

-- Gives out work in all pools. Returns when at the latest to look again, in seconds.
local function give_out(self)
  local nearest = NEVER
  for at = 1, self.last do
    local scheduler = self.schedulers[at]
    if scheduler then
      local seconds = scheduler:give_out()
      if seconds < nearest then nearest = seconds end
    end
  end
  return nearest
end

-- Hears one worker, waiting at most `seconds` for it. Returns whether there was one.
local function hear(self, seconds)
  local worker = self.workers[self.selector:wait(seconds)]
  if not worker then return false end
  worker.crew:hear(worker)
  return true
end

--- Runs all pools until finished(context) or until the deadline, a moment of system.clock. Returns what finished says.
-- tick() is called now and then; returns the seconds until it wants to be called again, or nil.
function loop:drive(finished, deadline, tick, context)
  while not finished(context) do
    local seconds = give_out(self)
    if finished(context) then return true end
    if deadline then
      local left = deadline - self.system.clock()
      if left <= 0 then
        while hear(self, 0) do end
        return finished(context)
      end
      if left < seconds then seconds = left end
    end
    if tick then seconds = math.min(seconds, tick() or NEVER) end
    hear(self, seconds)
  end
  return true
end

--- The moment after so many seconds.
function loop:deadline(seconds) return self.system.clock() + seconds end

--- Takes in what has come and gives out work; never waits.
function loop:poll()
  if not next(self.workers) then return end
  give_out(self)
  while hear(self, 0) do end
  give_out(self)
end

return loop
