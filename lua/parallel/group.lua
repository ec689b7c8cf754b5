--- Many children at once: parallel.children, what nfork returns, and plain lists of children.
local core = require 'parallel.core'
local children = require 'parallel.children'
local errors = require 'parallel.errors'
local options = require 'parallel.options'
local state = require 'parallel.state'

local group = {} -- what others call
local methods = {} -- of a group
local handle = core.child

local metatable = {
  __name = 'parallel.children',
  -- After a join of all, those who left can still be asked by their id until the next one starts: joining them again
  -- one by one is allowed and does nothing.
  __index = function(_, key) return methods[key] or state.joined_last[key] end,
  __tostring = function(t)
    local n = 0
    for _ in pairs(t) do n = n + 1 end
    return ('parallel.children (%d)'):format(n)
  end,
}
group.children = setmetatable(state.children, metatable)

local list_metatable = {
  __name = 'parallel.list',
  __index = methods,
  __tostring = function(t) return ('parallel.list (%d)'):format(#t) end,
}

--- What nfork returns: a plain list of children with the methods of a group.
function group.list() return setmetatable({}, list_metatable) end

--- parallel._fill(list): a plain list of children gets these methods, as the original gave them to its own tables.
function group.fill(list)
  if type(list) ~= 'table' then error('parallel._fill: a list of children expected, got ' .. type(list), 2) end
  if getmetatable(list) == nil then return setmetatable(list, list_metatable) end
  for name, method in pairs(methods) do
    if rawget(list, name) == nil then rawset(list, name, method) end
  end
  return list
end

-- --- who is meant ---

local function is_group(value) return type(value) == 'table' and getmetatable(value) == metatable end

--- The children of a group, by id; of a plain list, as it is.
function group.members(target, what)
  local list = {}
  if is_group(target) then
    local ids = {}
    for id in pairs(target) do ids[#ids + 1] = id end
    table.sort(ids)
    for _, id in ipairs(ids) do list[#list + 1] = target[id] end -- nil: a hook or finalizer has closed it since
    return list
  end
  if type(target) ~= 'table' then
    options.misuse(('%s: a child, parallel.children or a list of children expected, got %s'):format(what, type(target)))
  end
  local key = next(target)
  if target[1] == nil and key ~= nil then
    options.misuse(('%s: a child, parallel.children or a list of children expected, got a table with the key %s'):format(what, tostring(key)))
  end
  for i, child in ipairs(target) do
    if not handle.is_child(child) then
      options.misuse(('%s: element %d of the list is no child but a %s'):format(what, i, type(child)))
    end
    list[i] = child
  end
  return list
end
local members = group.members

-- Results of a group are indexed by child id, those of a list as the list is.
local function key_of(target, child, i) return is_group(target) and child.id or i end

-- --- ends ---

-- Waits for each by `wait` and collects what they return; the first error is raised when all have been waited for.
local function wait_all(target, what, wait, message, given)
  local deadline, results, failures = options.deadline(given), {}, {}
  local list = members(target, what)
  children.must_have_code(list, what)
  for i, child in ipairs(list) do
    local called, ok, result = pcall(wait, child, message, options.left(deadline))
    if not called then -- its time is up, or something that is no matter of this child
      if not errors.is(ok) then core.raise(ok) end
      ok, result = false, ok
    end
    if not ok then
      failures[#failures + 1] = result
    elseif result and result.n > 0 then
      -- One value stands for itself, several are a list.
      results[key_of(target, child, i)] = result.n == 1 and result[1] or result
    end
  end
  if #failures > 0 then errors.raise_all(failures) end
  return results
end

--- children:join([message] [, {timeout=}]): waits for every child; raises the first error after all have been waited for.
function methods.join(target, message, given)
  if is_group(target) then
    local before = {}
    for id, child in pairs(target) do before[id] = child end
    state.joined_last = before
  end
  message, given = options.split(message, given, 'join')
  return wait_all(target, 'join', children.join, message, given)
end

--- children:sync([{timeout=}]): waits until every process has ended, and forgets them
function methods.sync(target, given)
  local _, checked = options.split(nil, given, 'sync')
  return wait_all(target, 'sync', children.sync, nil, checked)
end

--- children:exec(code, ...): gives each the same code
function methods.exec(target, code, ...) return require 'parallel.forked'.exec(target, code, ...) end

--- Ends all children of the group at once.
function methods.close(target)
  for _, child in ipairs(members(target, 'close')) do child:close() end
end

-- --- messages ---

local of_send = {timeout = true, lossy = true}

--- children:send(value [, {timeout=, lossy=}]): the same message to each, encoded once
function methods.send(target, value, given)
  local list = members(target, 'send')
  if given ~= nil then options.check(given, of_send, 'send') end
  handle.broadcast(list, value, given)
end

-- One message of a child, if there is one or it may be waited for: value, came.
local function receive_one(child, slot, deadline, noblock)
  if type(slot) ~= 'userdata' then slot = nil end -- a tensor or storage is filled, anything else replaced
  if noblock then return child:receive(slot or 'noblock', slot and 'noblock') end
  return child:receive(slot, {timeout = options.left(deadline)}), true
end

-- The second message of a child would come before the first is let go.
local function must_differ(list)
  local seen = {}
  for _, child in ipairs(list) do
    if seen[child] then options.misuse(('receive: child %d is in the list twice: receive from it once more instead'):format(child.id)) end
    seen[child] = true
  end
end

-- One message of each into `into`, or of those that have one. Says whether every child had one. After an error what had been
-- received by then is still to be received.
local function receive_each(target, into, given)
  local deadline, noblock = type(given) == 'table' and options.deadline(given) or nil, given == 'noblock'
  local list, values, held, complete = members(target, 'receive'), {}, 0, true
  must_differ(list)
  local ok, failure = pcall(function()
    for i, child in ipairs(list) do
      handle.hold(child)
      held = i
      local value, came = receive_one(child, into[key_of(target, child, i)], deadline, noblock)
      if came then values[i] = {value} else complete = false end
    end
  end)
  for i = held, 1, -1 do handle.settle(list[i], ok) end
  if not ok then core.raise(failure) end
  for i, child in ipairs(list) do
    if values[i] then into[key_of(target, child, i)] = values[i][1] end
  end
  return complete
end

--- children:receive([table] [, {timeout=} or 'noblock']): one message of each, in a new table or the given one
function methods.receive(target, into, given)
  if given == nil and (into == 'noblock' or options.are(into)) then into, given = nil, into end
  if given == nil then options.refuse_slip(into, 'receive') end
  if type(given) == 'table' then options.check(given, options.timeout, 'receive') end
  if into ~= nil and type(into) ~= 'table' then
    local limit = type(into) == 'number' and ': a time limit is {timeout=seconds}' or ''
    options.misuse(("receive: a table to fill, 'noblock' or an options table expected, got %s%s"):format(type(into), limit))
  end
  into = into or {}
  local complete = receive_each(target, into, given)
  if given == 'noblock' then return into, complete end
  return into
end

-- Waits on a selector and gives the next message, dropping those who have ended; those who were closed leave by themselves.
local function next_message(waiting)
  local deadline, left = options.deadline(waiting.options), nil
  while true do
    if left == 0 then errors.raise{code = 'timeout', message = 'messages: the time is up, no child has sent anything or ended'} end
    left = options.left(deadline)
    local id, nobody = waiting.selector:wait(left)
    if nobody then return nil end
    local child = waiting.members[id]
    if not id then
      left = 0
    elseif handle.retired(child) then
      waiting.members[id] = nil
    elseif handle.has_message(child) then
      return child, child:receive()
    elseif handle.ended(child) then
      waiting.selector:remove(child)
      waiting.members[id] = nil
    end
  end
end

--- for child, value in children:messages([{timeout=}]) do: messages as they come, until all have ended
function methods.messages(target, given)
  local waiting = {selector = handle.selector(), members = {}, options = options.check(given, options.timeout, 'messages')}
  for _, child in ipairs(members(target, 'messages')) do
    if not handle.retired(child) then
      waiting.selector:add(child)
      waiting.members[child.id] = child
    end
  end
  return next_message, waiting
end

-- --- the same as functions: a child, a group or a plain list ---

local function has_methods(target) return handle.is_child(target) or is_group(target) or target == children.no_parent end

for _, name in ipairs{'send', 'receive', 'join', 'sync'} do
  group[name] = function(target, ...)
    if has_methods(target) then return target[name](target, ...) end
    return methods[name](target, ...)
  end
end

return group
