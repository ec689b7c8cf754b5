--- Waiting for any of many children: parallel.select, parallel.fd, and the end of all, parallel.close.
local core = require 'parallel.core'
local group = require 'parallel.group'
local options = require 'parallel.options'
local state = require 'parallel.state'

local select = {}
local handle = core.child
local children = state.children

local function all_selector()
  if not state.selector then
    state.selector = handle.selector()
    for _, child in pairs(children) do
      if not handle.retired(child) then state.selector:add(child) end
    end
  end
  return state.selector
end

-- --- lists ---

local KEPT = 4 -- lists of which the selector is kept

-- What select was asked for last, the latest first. Fields: selector; n; list: the children as [1] to [n], and `of`, the list itself;
-- by_id. Neither table keeps children alive.
local kept = {}
local weak = {__mode = 'v'}

local function is_as_before(entry, list)
  local before, n = entry.list, entry.n
  if list[n + 1] ~= nil then return false end
  for i = 1, n do -- every call looks at all of them, so this is short
    local child = list[i]
    if before[i] ~= child or child == nil then return false end
  end
  return true
end

-- Makes the selector one of these children, which costs nothing for those that it has already.
local function update(entry, target, list)
  local selector, before, by_id = entry.selector, entry.by_id, setmetatable({}, weak)
  for _, child in ipairs(list) do by_id[child.id] = child end
  for id, child in pairs(before) do
    if by_id[id] ~= child then selector:remove(child) end
  end
  for id, child in pairs(by_id) do
    if before[id] ~= child and not handle.retired(child) then selector:add(child) end
  end
  entry.n, entry.by_id, entry.list = #list, by_id, setmetatable({of = target}, weak)
  for i, child in ipairs(list) do entry.list[i] = child end
end

-- The entry that has exactly these children already.
local function find(list)
  for i, entry in ipairs(kept) do
    if is_as_before(entry, list) then
      if i > 1 then table.insert(kept, 1, table.remove(kept, i)) end
      return entry
    end
  end
end

-- The entry of a list of children, or of one child.
local function entry_of(target)
  local list = handle.is_child(target) and {target} or target
  local entry = type(list) == 'table' and find(list)
  if entry then return entry end
  list = group.members(list, 'select')
  local at = #kept < KEPT and #kept + 1 or KEPT
  for i, other in ipairs(kept) do
    if rawequal(other.list.of, target) then at = i end
  end
  entry = table.remove(kept, at) or {selector = handle.selector(), by_id = {}, n = 0} -- an error from here on: it is kept no more
  update(entry, target, list)
  table.insert(kept, 1, entry)
  return entry
end

--- parallel.select([children] [, timeout]) -> a child that has a message or has ended; nil when the time is up
function select.select(target, timeout)
  if type(target) == 'number' then target, timeout = nil, target end
  if timeout ~= nil then options.seconds(timeout, 'select') end
  if target == nil or target == children then
    if next(children) == nil then return nil end
    local id = all_selector():wait(timeout)
    return id and children[id]
  end
  local entry = entry_of(target)
  if entry.n == 0 then return nil end
  if entry.selector:count() < entry.n then -- those who are gone have left it
    for _, child in ipairs(entry.list) do
      if handle.retired(child) then return child end
    end
  end
  return entry.by_id[entry.selector:wait(timeout)]
end

--- parallel.fd() -> a descriptor that is readable when select may find a child
function select.fd() return all_selector():fd() end

--- Ends all children, pools and the fork server at once, and gives back the memory kept for large messages, and nodes of Slurm.
function select.close()
  for pool in pairs(state.pools) do pool:close{now = true} end
  local list = group.members(children, 'close')
  for _, child in ipairs(list) do
    if not handle.retired(child) then child:kill('KILL') end
  end
  for _, child in ipairs(list) do child:close() end
  state.joined_last = {}
  core.trim()
  local forkserver = package.loaded['parallel.forkserver']
  if forkserver then forkserver.close() end
  local hosts = package.loaded['parallel.hosts']
  if hosts then hosts.give_back() end
end

return select
