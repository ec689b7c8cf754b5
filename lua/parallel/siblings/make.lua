--- The parent's side of a group: who its members are, and what each of them is told.
local core = require 'parallel.core'
local group = require 'parallel.group'
local options_of = require 'parallel.options'
local state = require 'parallel.state'

local handle = core.child

local CHANNELS_UP_TO = 8 -- members of a group that has channels among them without being asked: one for each pair
local HELLO_SECONDS = 30 -- for a child that has just been started

local metatable = {
  __name = 'parallel.group',
  __tostring = function(self) return ("parallel.group '%s' (%d members)"):format(self.name, self.size) end,
}

local known = {name = 'string', channels = 'boolean'}

-- Looks at its process, too: nobody may have noticed its end yet.
local function has_ended(child)
  if handle.retired(child) or handle.ended(child) then return true end
  local its_state, status, signal = handle.methods.status(child)
  return status ~= nil or signal ~= nil or its_state ~= 'running' and its_state ~= 'yielded'
end

-- Those who cannot be members are named, all of them.
local function check_members(list)
  local seen, gone = {}, {}
  if #list == 0 then options_of.misuse('parallel.group: a group needs at least one child') end
  for _, child in ipairs(list) do
    if handle.is_parent(child) then options_of.misuse('parallel.group: the parent cannot be a member of a group of its children') end
    if seen[child] then options_of.misuse(('parallel.group: child %d is in the list twice'):format(child.id)) end
    seen[child] = true
    if has_ended(child) then gone[#gone + 1] = ('child %d has ended'):format(child.id) end
  end
  if #gone > 0 then options_of.misuse('parallel.group: ' .. table.concat(gone, ', ')) end
end

-- The number of each one's host, 0 for this machine; nil when all are here. And whether they are on several.
local function places_of(list)
  local places, away, spread = {}, false, false
  for i, child in ipairs(list) do
    places[i] = core.group.kind(child) and 0 or require 'parallel.hosts'.number_of(child)
    away = away or places[i] ~= 0
    spread = spread or places[i] ~= places[1]
  end
  return away and places or nil, spread
end

-- What every member has to know of all.
local function describe(list, name)
  local ids, plain, kinds, seen = {}, {}, {}, {}
  for i, child in ipairs(list) do
    local _, trusted, fingerprint = core.group.kind(child)
    if not fingerprint then
      handle.await_hello(child, HELLO_SECONDS)
      _, trusted, fingerprint = core.group.kind(child)
    end
    ids[i], plain[i] = child.id, not trusted
    if not seen[fingerprint] then
      seen[fingerprint] = true
      kinds[#kinds + 1] = fingerprint
    end
  end
  return {name = name, size = #list, ids = ids, plain = plain, kinds = kinds}
end

--- Makes the group. Returns its name, size and members (ids).
return function(target, options)
  local list = handle.is_child(target) and {target} or group.members(target, 'parallel.group')
  options = options_of.check(options, known, 'parallel.group')
  check_members(list)
  state.last_group = state.last_group + 1
  local name = options.name or tostring(state.last_group)
  local places, spread = places_of(list)
  local all, told = describe(list, name), {}
  all.hosts = spread and places or nil
  for rank = 1, #list do
    told[rank] = {rank = rank}
    for key, value in pairs(all) do told[rank][key] = value end
  end
  local channels = options.channels
  if channels == nil then channels = #list <= CHANNELS_UP_TO end
  core.group.make(list, told, channels, package.loaded.parallel.getSharedSize(), places,
    places and require 'parallel.hosts'.bridge(), state.last_group)
  return setmetatable({name = name, size = #list, members = all.ids}, metatable)
end
