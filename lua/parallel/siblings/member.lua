--- A member's side of groups: taking those that the parent made, and messages between two members. The collectives are in C
-- (src/lua/group).
local core = require 'parallel.core'
local errors = require 'parallel.errors'
local options_of = require 'parallel.options'
local state = require 'parallel.state'

local member = {}
local methods = core.group.methods
local handle = core.child

local PATIENCE = 2 -- seconds until a process whose link has ended has ended as well

local by_name = {} -- the groups that were taken
local current -- the one that was taken last: parallel.allreduce(...) and the like are of it
local peers_of = setmetatable({}, {__mode = 'k'}) -- group -> {id -> link}, and the selector of all of them

-- --- taking them ---

local function keep(group, fields, name, peers)
  local rank, members = core.group.position(group)
  fields.rank, fields.size, fields.members, fields.name = rank, #members, members, name
  by_name[name], current, peers_of[group] = group, group, peers
  return group
end

-- The next one that the parent made.
local function take(timeout)
  local group, fields, told, links = core.group.take(package.loaded.parallel.parent, timeout)
  local by_id = {}
  for _, link in pairs(links) do by_id[link.id] = link end
  return keep(group, fields, told.name, {by_id = by_id})
end

-- One with this name, or any, that the parent has made or will make.
local function await(name, deadline)
  while not (name and by_name[name]) do
    local group = take(options_of.left(deadline))
    if not name then return group end
  end
  return by_name[name]
end

local function check_member(what)
  if package.loaded.parallel.id == 0 then
    options_of.misuse(what .. ': this process is in no group: it is the top process, only children are members of one')
  elseif state.in_pool then -- nobody will make it one
    options_of.misuse(what .. ': this task of a pool is in no group: pool:group(f, ...) calls f with one of all workers')
  end
end

--- The group with this name, which is waited for if need be; or the one that was taken last, or else the first.
function member.get(name, options, what)
  local _, checked = options_of.split(nil, options, what)
  if name == nil and current then return current end
  if not by_name[name] then check_member(what) end
  current = await(name, options_of.deadline(checked))
  return current
end

--- A group of this process alone.
function member.alone(name)
  local group, fields = core.group.alone(package.loaded.parallel.id)
  return keep(group, fields, name, {by_id = {}})
end

local function leave_for(group, before, ...)
  local renewed = by_name[group.name] -- by regroup
  if renewed then renewed:leave() end
  group:leave()
  current = before
  return ...
end

--- What call(f, group, ...) returns, which raises nothing: for a group that ends with the call. name: of one that the parent makes;
-- nil: it is of this process alone.
function member.within(name, call, f, ...)
  local before = current
  local group = name and await(name) or member.alone('alone')
  current = group
  return leave_for(group, before, call(f, group, ...))
end

--- group:leave(): whoever waits for this member is told. Idempotent.
function methods.leave(group)
  core.group.leave(group)
  for _, link in pairs(peers_of[group] and peers_of[group].by_id or {}) do handle.forget(link) end
  peers_of[group] = nil
  if by_name[group.name] == group then by_name[group.name] = nil end
end

--- group:regroup([{timeout=}]) -> the group of those who live; this one is over
function methods.regroup(group, options)
  local was_current, peers = group == current, peers_of[group]
  local next_group, fields = core.group.regroup(group, options)
  local before, name = current, group.name
  keep(next_group, fields, name, {by_id = peers.by_id})
  peers_of[group] = nil
  if not was_current then current = before end
  return next_group
end

-- --- from one member to another ---

local function check_rank(group, rank, what)
  if type(rank) ~= 'number' or rank % 1 ~= 0 or rank < 1 or rank > group.size then
    options_of.misuse(('%s: a rank from 1 to %d expected, got %s'):format(what, group.size, tostring(rank)))
  end
  if rank == group.rank then options_of.misuse(('%s: member %d is this process itself'):format(what, rank)) end
end

local function peers(group, what)
  local all = peers_of[group]
  if not core.group.is_group(group) then
    options_of.misuse(('%s: a group expected, got %s (call it as group:%s(), with a colon)'):format(what, type(group), what))
  end
  if not all then options_of.misuse(what .. ': this member has left the group, or it was made anew by regroup') end
  if group.size > 1 and next(all.by_id) == nil then
    options_of.misuse(what .. ': the members of this group have no channels to each other: parallel.group(children, {channels=true}) makes them')
  end
  return all
end

-- Of one whose link has ended: 'left' or 'died'. The two ends of a process that exits are not seen in the same moment.
local function fate_of(group, rank)
  local deadline = core.clock() + PATIENCE
  while core.group.fate(group, rank) == 'alive' and core.clock() < deadline do core.sleep(0.001) end
  return core.group.fate(group, rank) == 'left' and 'left' or 'died'
end

-- What went wrong with one member, in words about the group.
local function about(group, rank, what, failure)
  if not errors.is(failure) then return failure end
  local who = ('member %d (child %d)'):format(rank, group.members[rank])
  if failure.code == 'closed' then
    local fate = fate_of(group, rank)
    failure.code = fate == 'left' and 'closed' or 'died'
    failure.message = ('%s: %s has %s'):format(what, who, fate == 'left' and 'left the group' or 'died')
  elseif failure.code == 'timeout' then
    failure.message = ('%s: the time is up, %s has not answered'):format(what, who)
  else
    failure.message = ('%s: %s: %s'):format(what, who, tostring(failure.message))
  end
  failure.rank, failure.summary = rank, failure.message
  return failure
end

local of_send = {timeout = true, lossy = true}

--- group:send(rank, value [, {timeout=, lossy=}])
function methods.send(group, rank, value, options)
  local all = peers(group, 'send')
  check_rank(group, rank, 'send')
  options_of.check(options, of_send, 'send')
  local ok, failure = pcall(handle.methods.send, all.by_id[group.members[rank]], value, options)
  if not ok then core.raise(about(group, rank, 'send', failure)) end
end

local function rank_of(group, id)
  for rank, its_id in ipairs(group.members) do
    if its_id == id then return rank end
  end
end

local function receive_from(group, all, rank, options)
  local ok, value = pcall(handle.methods.receive, all.by_id[group.members[rank]], options)
  if not ok then core.raise(about(group, rank, 'receive', value)) end
  return value
end

-- The selector of the members' links: those who are still in the group.
local function selector_of(group, all)
  if all.selector then return all.selector end
  all.selector = handle.selector()
  for _, id in ipairs(group.members) do
    if all.by_id[id] and not handle.retired(all.by_id[id]) then all.selector:add(all.by_id[id]) end
  end
  return all.selector
end

-- From whoever comes first. Of one that has died it is told once; those who leave are no more awaited.
local function receive_any(group, all, options)
  local selector, deadline, left = selector_of(group, all), options_of.deadline(options), nil
  while true do
    local late = left == 0 -- whoever says what is no message does not go on for ever
    left = options_of.left(deadline)
    local id, nobody = selector:wait(left)
    if nobody then
      errors.raise{code = 'closed', message = 'receive: all other members have left the group or died'}
    elseif not id or late then
      errors.raise{code = 'timeout', message = 'receive: the time is up, no other member has sent anything'}
    end
    local link, rank = all.by_id[id], rank_of(group, id)
    if handle.has_message(link) then return receive_from(group, all, rank, nil), rank end
    if handle.ended(link) then
      selector:remove(link)
      if rank and fate_of(group, rank) == 'died' then receive_from(group, all, rank, {timeout = 0}) end
    end
  end
end

--- group:receive(rank [, {timeout=}]) -> value; group:receive([{timeout=}]) -> value, rank
function methods.receive(group, rank, options)
  local all = peers(group, 'receive')
  local anyone = rank == nil or type(rank) == 'table'
  local _, checked = options_of.split(nil, anyone and rank or options, 'receive')
  if anyone then return receive_any(group, all, checked) end
  check_rank(group, rank, 'receive')
  return receive_from(group, all, rank, checked)
end

return member
