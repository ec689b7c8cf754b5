--- Waiting for any of many children: parallel.select, parallel.fd, and the end of all, parallel.close.
local core = require 'parallel.core'
local group = require 'parallel.group'
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

--- parallel.select([children] [, timeout]) -> a child that has a message or has ended; nil when the time is up
function select.select(target, timeout)
  if type(target) == 'number' then target, timeout = nil, target end
  if target == nil or target == children then
    if next(children) == nil then return nil end
    local id = all_selector():wait(timeout)
    return id and children[id]
  end
  local list = handle.is_child(target) and {target} or group.members(target, 'select')
  for _, child in ipairs(list) do
    if handle.retired(child) or handle.news(child) then return child end
  end
  if #list == 0 then return nil end
  local selector, by_id = handle.selector(), {}
  for _, child in ipairs(list) do
    selector:add(child)
    by_id[child.id] = child
  end
  return by_id[selector:wait(timeout)]
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
