-- A world of its own for pools: time, workers and what they say, all from one seed. A worker is a small machine that takes its
-- messages, claims tasks and publishes results at random moments of a clock that only moves when the pool waits, or a little with each
-- call that it makes; so anything a worker does may come between any two steps of the pool. Workers die, hang, are slow to start, and
-- say their last words late. What they do to tasks is noted, for whoever checks that nothing was lost, run twice or answered twice.
local protocol = require 'parallel.pool.protocol'

local world = {}
world.__index = world

local unpack = table.unpack or unpack -- luacheck: ignore

-- --- chance ---

-- A generator of its own (Park and Miller): the same on every Lua.
local function new_random(seed)
  local x = seed % 2147483646 + 1
  local function random(n) -- 1 to n; without n from 0 up to 1
    x = x * 16807 % 2147483647
    if not n then return x / 2147483647 end
    return x % n + 1
  end
  for _ = 1, 5 do random() end
  return random
end

-- Something that may not be: with the way to it, and what everybody is at.
local function impossible(self, text)
  local lines = {text}
  for i = math.max(1, #self.children - 5), #self.children do
    local child = self.children[i]
    lines[#lines + 1] = ('  worker %d: %s%s%s%s, runs %s (%s), says %d, slots %d/%d %d/%d, inbox %d'):format(child.id,
      child.forgotten and 'forgotten ' or '', child.ended and 'ended' or child.dying and 'dying' or 'alive',
      child.stopped and ' stopped' or '', child.idle and ' idle' or '', tostring(child.running), tostring(child.fate), #child.says,
      child.claimed[0], child.limit[0], child.claimed[1], child.limit[1], #child.inbox)
  end
  error(debug.traceback(table.concat(lines, '\n'), 2), 0)
end

-- --- the clock ---

--- Something happens to a worker at a moment.
local function at(self, moment, child, what)
  local event = {moment = moment, child = child, what = what}
  local events, i = self.events, #self.events + 1
  while i > 1 and events[i - 1].moment < moment do
    events[i] = events[i - 1]
    i = i - 1
  end
  events[i] = event -- the next one is the last
  return event
end

local function after(self, seconds, child, what) return at(self, self.now + seconds, child, what) end

-- Lets everything happen up to a moment.
local function run_to(self, moment)
  local events = self.events
  while events[1] and events[#events].moment <= moment do
    local event = table.remove(events)
    if event.moment > self.now then self.now = event.moment end
    self.steps = self.steps + 1
    if self.steps > self.most_steps then impossible(self, 'too many steps: the pool goes round in circles') end
    event.what(self, event.child)
  end
  if moment > self.now then self.now = moment end
end

-- Each call into the world takes a moment, in which workers go on.
local function tick(self)
  self.calls = self.calls + 1
  if self.calls > self.most_calls then impossible(self, 'too many calls: the pool goes round in circles') end
  run_to(self, self.now + self.random() * self.tick_seconds)
end

-- --- workers ---

local step

local function alive(child) return not child.ended and not child.dying end

-- Goes on with a worker after some time, unless it is stopped or dead by then.
local function go_on(self, child, seconds)
  local turn = child.turn + 1
  child.turn = turn
  after(self, seconds, child, function(_, who)
    if who.turn ~= turn or not alive(who) then return end
    if who.stopped then
      who.ready_to_go = true -- when it is continued
      return
    end
    step(self, who)
  end)
end

local function say(child, ...) child.says[#child.says + 1] = {n = select('#', ...), ...} end

-- The process is gone: nothing more is said; what was said is still there.
local function vanish(self, child, failure)
  if not alive(child) then return end
  child.dying, child.failure = true, failure
  child.turn = child.turn + 1
  if child.running then self.on_lost(child.running, child) end
  child.running = nil
  after(self, self.random() * 0.002, child, function(_, who) who.ended = true end)
end

local function finish_task(self, child, outcome, ...)
  local task = child.running
  child.running = nil
  local slot = child.chunk.slot
  self.on_end(task, child, outcome)
  if outcome == 'value' then
    local last = child.limit[slot] <= child.claimed[slot]
    if last and not child.chunk.apart then
      say(child, protocol.LAST, 0.001, ...)
      child.chunk.told = true
    else
      say(child, protocol.OK, ...)
    end
  elseif outcome == 'failed' then
    say(child, protocol.FAILED, ...)
  else
    say(child, protocol.REFUSED, ...)
  end
end

-- Claims the next task and runs it for a while, or ends the chunk.
local function next_task(self, child)
  local chunk = child.chunk
  local slot = chunk.slot
  if child.claimed[slot] >= child.limit[slot] then
    if not chunk.told then say(child, protocol.CHUNK_DONE, self.random() * 0.01) end
    child.chunk = nil
    return go_on(self, child, self.random() * 0.0001)
  end
  child.claimed[slot] = child.claimed[slot] + 1
  child.claimed_at = self.now
  local item = chunk.args[child.claimed[slot]]
  local task = chunk.mode == protocol.ONE and item or chunk.mode == protocol.SPREAD and item[1] or item[2]
  child.running = task
  if not self.functions_of(child)[chunk.mode == protocol.CALLS and item[1] or chunk.id] then
    error(('worker %d has no function for task %s'):format(child.id, tostring(task)), 0)
  end
  local fate, seconds = self.on_begin(task, child, chunk)
  child.fate = fate
  if fate ~= 'hang' then go_on(self, child, seconds) end
end

local fates = {
  value = function(self, child) finish_task(self, child, 'value', self.value_of(child.running)) end,
  error = function(self, child) finish_task(self, child, 'failed', 'by chance', 'traceback') end,
  die = function(self, child) vanish(self, child, {code = 'died', id = child.id, message = 'killed', signal = 11}) end,
  exit = function(self, child) vanish(self, child, nil) end,
}

-- What a worker does next.
function step(self, child)
  if child.running then
    local fate = fates[child.fate]
    fate(self, child)
    if alive(child) then next_task(self, child) end
    return
  end
  if child.chunk then return next_task(self, child) end
  local message = table.remove(child.inbox, 1)
  if not message then
    child.idle = true
    return
  end
  local kind = message[1]
  if kind == protocol.FUNCTION then
    child.functions[message[2]] = true
    child.own_args[message[2]] = message[4]
  elseif kind == protocol.FORGET then
    child.functions[message[2]] = nil
  elseif kind == protocol.QUIT then
    return vanish(self, child, nil)
  elseif kind == protocol.CHUNK then
    local chunk = message[2]
    child.chunk = chunk
    chunk.args = chunk.args or {child.own_args[chunk.id]}
  end
  go_on(self, child, self.random() * 0.0002)
end

local function deliver(self, child, message)
  child.inbox[#child.inbox + 1] = message
  if child.idle then
    child.idle = false
    go_on(self, child, self.random() * 0.0003)
  end
end

-- --- what a pool may ask ---

-- Whoever sends to one who is gone may not know it yet.
local function check_there(child)
  if child.ended then error({code = 'died', id = child.id, message = 'it has ended'}, 0) end
end

local function has_news(self, child)
  return child.watched and not child.forgotten and (#child.says > 0 or child.ended) and (child.rung or self.random(3) > 1)
end

local function new_selector(self)
  local members, turn = {}, 0
  local function find()
    for i = 1, #members do
      local child = members[(turn + i - 1) % #members + 1]
      if has_news(self, child) then
        turn = turn + i
        return child.id
      end
    end
  end
  return {
    add = function(_, child)
      child.watched = true
      members[#members + 1] = child
    end,
    remove = function(_, child)
      child.watched = false
      for i, other in ipairs(members) do
        if other == child then return table.remove(members, i) end
      end
    end,
    fd = function() return -1 end,
    wait = function(_, seconds)
      local deadline = seconds and self.now + seconds or math.huge
      while true do
        tick(self)
        local id = find()
        if id then return id end
        if self.now >= deadline then return nil end
        local event = self.events[#self.events]
        run_to(self, math.max(event and math.min(event.moment, deadline) or self.now, self.now))
        for _, child in ipairs(members) do child.rung = true end -- a bell that was late has rung by now
        if not event and not find() then
          if deadline == math.huge then impossible(self, 'everybody waits, for ever') end
          self.now = math.max(self.now, deadline)
        end
      end
    end,
  }
end

local function new_child(self)
  self.started = self.started + 1
  local child = {
    id = self.started, unixid = 1000 + self.started, says = {}, inbox = {}, functions = {}, own_args = {}, turn = 0, claimed = {[0] = 0, 0},
    limit = {[0] = 0, 0}, claimed_at = self.now, idle = false,
  }
  self.children[#self.children + 1] = child
  local fate = self.on_start(child)
  after(self, self.random() * 0.01, child, function(_, who)
    if not alive(who) then return end
    if fate == 'die' then return vanish(self, who, {code = 'died', id = who.id, message = 'killed', signal = 9}) end
    if fate == 'fail' then return vanish(self, who, {code = 'failed', id = who.id, message = 'init failed'}) end
    if fate == 'hang' then return end
    say(who, protocol.READY)
    go_on(self, who, self.random() * 0.0002)
  end)
  -- Now and then somebody kills a worker from outside, at any moment.
  if self.random() < self.kill_rate then
    after(self, self.random() * 0.05, child, function(_, who)
      vanish(self, who, {code = 'died', id = who.id, message = 'killed', signal = 9})
    end)
  end
  return child
end

local function wait_for_end(self, child, seconds)
  local deadline = seconds and self.now + seconds or math.huge
  while not child.ended do
    local event = self.events[#self.events]
    if self.now >= deadline then error({code = 'timeout', id = child.id, message = 'the time is up'}, 0) end
    if not event and deadline == math.huge then impossible(self, 'a worker is waited for that never ends') end
    run_to(self, event and math.min(event.moment, deadline) or deadline)
  end
end

local function new_system(self)
  local system = {}
  local function call(name, f)
    system[name] = function(child, ...)
      if child.forgotten then impossible(self, name .. ': a worker is used after it was forgotten') end
      tick(self)
      return f(child, ...)
    end
  end
  system.clock = function()
    tick(self)
    return self.now
  end
  system.sleep = function(seconds) run_to(self, self.now + seconds) end
  system.selector = function() return new_selector(self) end
  system.start = function()
    tick(self)
    return new_child(self)
  end
  system.retired = function(child) return child.forgotten or false end
  system.failure = function(child) return child.failure end
  system.forget = function(child)
    if child.forgotten then impossible(self, 'a worker is forgotten twice') end
    vanish(self, child, {code = 'died', id = child.id, message = 'killed', signal = 9})
    child.forgotten = true
  end
  call('stop', function(child) child.stopped = alive(child) end)
  call('continue', function(child)
    child.stopped = false
    if child.ready_to_go and alive(child) then
      child.ready_to_go = false
      go_on(self, child, 0)
    end
  end)
  call('kill', function(child) vanish(self, child, {code = 'died', id = child.id, message = 'killed', signal = 9}) end)
  call('wait', function(child, seconds) wait_for_end(self, child, seconds) end)
  call('post', function(child, kind, ...)
    check_there(child)
    local own = kind == protocol.FUNCTION and select(3, ...)
    if own and self.cannot_travel(own[1]) then error({code = 'unsupported', message = 'values 3[1]: cannot send it'}, 0) end
    deliver(self, child, {kind, ...})
  end)
  call('give', function(child, count, slot, id, mode, args, first, seed)
    check_there(child)
    for _, item in ipairs(args or {}) do
      local task = mode == protocol.ONE and item or mode == protocol.SPREAD and item[1] or item[2]
      if self.cannot_travel(task) then error({code = 'unsupported', message = 'values 4[1]: cannot send it'}, 0) end
    end
    if child.limit[slot] > child.claimed[slot] then impossible(self, 'a slot is given away while tasks are left in it') end
    child.claimed[slot], child.limit[slot] = 0, count
    deliver(self, child, {protocol.CHUNK, {slot = slot, id = id, mode = mode, args = args, first = first, seed = seed}})
    return 0.00001
  end)
  call('claimed', function(child, slot) return child.claimed[slot], child.limit[slot], self.now - child.claimed_at end)
  call('retract', function(child, slot, keep)
    local least = math.max(keep, child.claimed[slot])
    if least < child.limit[slot] then child.limit[slot] = least end
    return child.claimed[slot], child.limit[slot]
  end)
  call('collect', function(child, results, first, most)
    local n = 0
    child.rung = false
    while child.says[1] do
      local said = table.remove(child.says, 1)
      if said[1] ~= protocol.OK or n >= most then return n, unpack(said, 1, said.n) end
      results[first + n] = said[2]
      n = n + 1
    end
    if child.ended then return n, protocol.GONE end
    return n
  end)
  return system
end

--- A world from a seed. hooks: on_start(child) -> nil, 'die', 'fail' or 'hang'; on_begin(task, child, chunk) -> fate, seconds;
-- on_end(task, child, outcome); on_lost(task, child); value_of(task); cannot_travel(task).
function world.new(seed, hooks)
  local self = setmetatable({
    random = new_random(seed), now = 0, events = {}, started = 0, children = {}, steps = 0, calls = 0, most_steps = 20000,
    most_calls = 100000, tick_seconds = 0.00005, kill_rate = 0,
    functions_of = function(child) return child.functions end,
  }, world)
  for name, hook in pairs(hooks) do self[name] = hook end
  self.system = new_system(self)
  return self
end

--- Lets the world go on by itself.
function world:run(seconds) run_to(self, self.now + seconds) end

return world
