--- The machines a program has named with addremote: how many cores each has left, how fast it is, and which one gets
-- the next child of sfork.
local core = require 'parallel.core'
local machine = require 'parallel.machine'
local options = require 'parallel.options'

local remotes = {}

-- What the library knows of an entry beside what users see in it: cores as declared, children that run there.
local records = setmetatable({}, {__mode = 'k'})

local function is_count(value) return type(value) == 'number' and value >= 1 and value % 1 == 0 end

local function check_entry(entry, i)
  local function wrong(text) options.misuse(('parallel.addremote: entry %d: %s'):format(i, text)) end
  if type(entry) ~= 'table' then wrong("a table such as {ip='server1', cores=8} expected, got " .. type(entry)) end
  if type(entry.ip) ~= 'string' or entry.ip == '' then wrong("ip= must name a machine, got " .. type(entry.ip)) end
  if entry.cores == nil and not machine.is_here(entry.ip) then
    wrong('cores= is missing: how many children it can take')
  end
  if entry.cores ~= nil and not is_count(entry.cores) then
    wrong('cores= must be a whole number from 1 on, got ' .. tostring(entry.cores))
  end
  for _, name in ipairs{'lua', 'protocol'} do
    local value = entry[name]
    if value ~= nil and type(value) ~= 'string' then wrong(name .. '= must be a string, got ' .. type(value)) end
  end
end

-- addremote(a, b), addremote({a, b}) and addremote{ip=..., cores=...} mean the same.
local function entries_of(...)
  local first = ...
  if type(first) == 'table' and type(first[1]) == 'table' then return first end
  return {...}
end

--- Adds machines to `known` (parallel.remotes, or nil before the first call) and returns it.
function remotes.add(known, ...)
  local list = entries_of(...)
  if #list == 0 then options.misuse("parallel.addremote: at least one table such as {ip='server1', cores=8} expected") end
  for i, entry in ipairs(list) do check_entry(entry, i) end
  known = known or {cores = 0}
  for _, entry in ipairs(list) do
    if records[entry] then -- the same table once more stands for as many cores again
      local copy = {}
      for key, value in pairs(entry) do copy[key] = value end
      copy.cores = records[entry].cores
      entry = copy
    end
    entry.cores = entry.cores or core.cores()
    records[entry] = {cores = entry.cores, running = 0}
    known[#known + 1] = entry
    known.cores = known.cores + entry.cores
  end
  return known
end

local function record_of(entry)
  local record = records[entry]
  if not record then -- a program may fill parallel.remotes by itself
    record = {cores = entry.cores or 1, running = 0}
    records[entry] = record
  end
  return record
end

--- The machine for the next child: one with a free core if there is any, and among those the one whose children have
-- the most of it, by its speed. With equal speeds that is one after the other, as they were added.
function remotes.choose(known)
  local best, least
  for round = 1, 2 do
    for _, entry in ipairs(known) do
      local record, speed = record_of(entry), entry.speed or 1
      local share = round == 1 and 1 or record.cores -- when all are full, bigger machines take more
      local load = (record.running + 1) / (speed * share)
      if (round == 2 or entry.cores > 0) and (least == nil or load < least) then best, least = entry, load end
    end
    if best then return best end
  end
end

-- A child of this machine starts (+1) or has gone (-1). `cores` of the machine and of the list say how many are free.
local function count(known, entry, change)
  local record = record_of(entry)
  record.running = record.running + change
  entry.cores = (entry.cores or 0) - change
  if known then known.cores = (known.cores or 0) - change end
end

function remotes.take(known, entry) count(known, entry, 1) end
function remotes.give_back(known, entry) count(known, entry, -1) end

--- What each child does to be measured: adds tensors that fit the cache for a while and says how often it could.
function remotes.calibration(seconds)
  local torch, clock = require 'torch', parallel.clock
  local source, sum = torch.Tensor(10000):fill(1), torch.Tensor(10000):fill(0)
  parallel.yield()
  local started, rounds = clock(), 0
  repeat
    for _ = 1, 50 do sum:add(13, source) end
    rounds = rounds + 50
  until clock() - started >= seconds
  parallel.parent:send(rounds / (clock() - started))
end

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

-- One decimal hides what is only noise; a machine may still be very slow, but never 0.
local function coefficient(ratio)
  if ratio >= 0.1 then return math.floor(ratio * 10 + 0.5) / 10 end
  return math.max(0.01, math.floor(ratio * 100 + 0.5) / 100)
end

-- Entries that name the same machine are measured together.
local function machine_of(entry) return machine.is_here(entry.ip) and 'localhost' or entry.ip end

--- Sets `speed` of each machine from what its children measured: 1 for the fastest, 0.5 for half as fast.
function remotes.rate(known, children, rates)
  local lists, speeds, fastest = {}, {}, 0
  for i, child in ipairs(children) do
    local name = machine_of(child.remote)
    lists[name] = lists[name] or {}
    table.insert(lists[name], rates[i])
  end
  for name, list in pairs(lists) do
    speeds[name] = median(list)
    fastest = math.max(fastest, speeds[name])
  end
  for _, entry in ipairs(known) do
    local speed = speeds[machine_of(entry)]
    if speed then entry.speed = coefficient(speed / fastest) end
  end
end

return remotes
