--- The places of a pool's workers on hosts: where each begins, and where it goes when that host is down.
local core = require 'parallel.core'
local host_options = require 'parallel.host'
local hosts = require 'parallel.hosts'
local options = require 'parallel.options'

local places = {}
places.__index = places

local RETRY_SECONDS = 5 -- a host that is down is asked again so often
local fail = host_options.fail

-- Slots of all hosts in turn: h1, h2, h1, h2, h1.
local function in_turn(list)
  local homes, left, more = {}, {}, true
  for i, host in ipairs(list) do left[i] = hosts.slots(host) end
  while more do
    more = false
    for i, host in ipairs(list) do
      if left[i] > 0 then
        homes[#homes + 1], left[i], more = host, left[i] - 1, true
      end
    end
  end
  return homes
end

-- What the program has written is refused with its line.
local function refuse(text, ...) options.misuse('parallel.hosts: ' .. text:format(...)) end

local function checked(list_of, value)
  local ok, list = pcall(list_of, value)
  return ok and list or options.misuse(list)
end

-- The hosts that the option hosts= of a pool means.
local function list_of(value)
  if value == true then
    local list = hosts.known()
    if #list == 0 then refuse('pool{hosts=true}: there are no hosts: call parallel.hosts first, or set PARALLEL_HOSTS') end
    return list
  end
  if type(value) == 'string' or value.slurm ~= nil or value.host ~= nil then return checked(hosts.list, value) end
  local list = {}
  for i, entry in ipairs(value) do
    local host = hosts.find(entry, 'parallel.hosts')
    list[i] = host or refuse("'%s' is this machine: leave it out, or start an agent here with launcher='here'", tostring(entry))
  end
  return checked(hosts.merged, list)
end

--- The places of a pool: `value` is true (those of parallel.hosts), or what parallel.hosts takes. workers: how many, or nil for all
-- slots. reconnect: false for hosts that are not asked to come back. Fields: size; homes (place -> host); running (place -> host).
function places.new(value, workers, reconnect)
  local list = list_of(value)
  if #list == 0 then refuse('the list of hosts is empty') end
  for _, host in ipairs(list) do hosts.launch(host) end
  local homes = in_turn(list)
  return setmetatable({list = list, homes = homes, size = workers or #homes, running = {}, asked = {}, reconnect = reconnect ~= false}, places)
end

-- Asks a host that is down to come back, now and then. Does not wait.
local function ask_again(self, host)
  if not self.reconnect then return end
  local now = core.clock()
  if now - (self.asked[host] or 0) < RETRY_SECONDS then return end
  self.asked[host] = now
  pcall(hosts.launch, host)
end

function places:home(place) return self.homes[(place - 1) % #self.homes + 1] end

-- The host that is up and has the fewest workers of this pool.
local function quietest(self)
  local count, best = {}, nil
  for _, host in pairs(self.running) do count[host] = (count[host] or 0) + 1 end
  for _, host in ipairs(self.list) do
    if hosts.state(host) == 'up' and (not best or (count[host] or 0) < (count[best] or 0)) then best = host end
  end
  return best
end

-- Waits until one of the hosts is up, and returns it; nil when all are down.
local function any_up(self)
  while true do
    local coming
    for _, host in ipairs(self.list) do
      local state = hosts.state(host)
      if state == 'up' then return host end
      if state == 'launching' then coming = host end
    end
    if not coming then return nil end
    hosts.await_news(coming, 0.05) -- of one that is down there are none; Ctrl-C leaves it
  end
end

-- None is up: all are asked to come back, however lately they were, and the first one that does is returned. nil: none does.
local function ask_all(self)
  if not self.reconnect then return nil end
  for _, host in ipairs(self.list) do pcall(hosts.launch, host) end
  return any_up(self)
end

-- nil and the error when there is no child. Ctrl-C is for the caller.
local function try(self, place, host, start)
  local ok, child = pcall(start, host)
  if not ok and tostring(child):find('interrupted!', 1, true) then core.raise(child) end
  if not ok then return nil, child end
  self.running[place] = host
  return child
end

--- Starts a child for this place by start(host): on its home; when that is down, where there are the fewest. A host that is lost in the
-- meantime is one that is down. `first`: a home that is down is an error.
function places:start(place, first, start)
  local home = self:home(place)
  first = first and home.launcher ~= 'job' -- it comes when it comes
  self.running[place] = nil
  local child, err
  if first or hosts.state(home) == 'up' then child, err = try(self, place, home, start) end
  if not child and first then core.raise(err) end
  while not child do
    ask_again(self, home)
    local up = quietest(self) or any_up(self) or ask_all(self)
    if not up and not self.reconnect then fail('all hosts of this pool are lost (reconnect=false)') end
    child, err = try(self, place, up or home, start)
    if not child and (not up or hosts.state(up) == 'up') then core.raise(err) end
  end
  return child
end

--- Could the worker of this place go back to where it belongs? Asked often.
function places:may_go_home(place)
  local home = self:home(place)
  if self.running[place] == home or self.running[place] == nil then return false end
  if hosts.state(home) == 'up' then return true end
  ask_again(self, home)
  return false
end

--- host -> number of workers there
function places:count()
  local count = {}
  for _, host in pairs(self.running) do count[host.name] = (count[host.name] or 0) + 1 end
  return count
end

return places
