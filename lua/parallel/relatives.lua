--- Children one by one and as a group: join, send, receive, messages, close.
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local errors = require 'parallel.errors'
local state = require 'parallel.state'

local relatives = {}
local links = core.links
local methods = core.child_methods
local is_child = links.is_child

local children = {} -- id -> child; what users see as parallel.children
local joined_last = {} -- those who left by the last join of the whole group
relatives.children = children
local idle = setmetatable({}, {__mode = 'k'}) -- children of fork that wait for code: exec takes them out
relatives.idle = idle

-- --- options ---

-- {timeout=...} and nothing else is a table of options, any other value a message.
local function is_options(value)
  if type(value) ~= 'table' or getmetatable(value) ~= nil or value.timeout == nil then return false end
  local second = next(value, (next(value)))
  return second == nil
end

local function split_options(message, options)
  if options == nil and is_options(message) then return nil, message end
  if options ~= nil and type(options) ~= 'table' then
    error('bad options: a table such as {timeout=1} expected, got ' .. type(options), 3)
  end
  return message, options
end

local function deadline_of(options)
  local timeout = options and options.timeout
  return timeout and core.clock() + timeout
end

local function left(deadline) return deadline and math.max(0, deadline - core.clock()) end

-- --- one child ---

local left_hook = function() end

--- Has f(child) called whenever a child leaves parallel.children.
function relatives.on_leave(f) left_hook = f end

-- Takes a child out of parallel.children. After parallel.reset() another one may have its id.
local function leave(child)
  if children[child.id] ~= child then return end
  children[child.id] = nil
  if relatives.selector and not links.retired(child) then relatives.selector:remove(child) end
  left_hook(child)
end

-- A child that has ended, was joined and has no message left leaves; its channel closes.
local function leave_if_done(child)
  if links.retire(child) then leave(child) end
end
links.on_last_message(leave_if_done)

local function must_be_child(value, what)
  if is_child(value) and not links.is_parent(value) then return end
  error(('%s: a child expected, got %s'):format(what, is_child(value) and 'the parent' or type(value)), 3)
end

-- Nobody can wait for the end of a child that was never given code.
local function must_have_code(list, what)
  for _, child in ipairs(list) do
    if idle[child] and links.state(child) == 'running' then
      error(('%s: child %d was forked and still waits for code: call exec(code) first, or child:close()')
        :format(what, child.id), 3)
    end
  end
end

-- How a child ended, once it has: true and its values, or false and its error.
local function outcome(child)
  links.set_joined(child)
  local failure = links.failure(child)
  if failure then
    failure.name = child.name
    leave_if_done(child)
    return false, failure
  end
  local received, values = pcall(function() return compat.pack(links.values(child)) end)
  if not received and not errors.is(values) then core.raise(values) end
  leave_if_done(child)
  return received, values
end

-- Waits for the end or the yield of one child. A join without a message is one with an empty text, as it always was.
local function finish(child, message, timeout)
  if links.wait(child, timeout) ~= 'yielded' then return outcome(child) end
  if message == nil then message = '' end
  links.resume(child, message)
  return true
end

-- Waits for the end of one child, and forgets it.
local function finish_sync(child, _, timeout)
  if links.wait(child, timeout, 'sync of') == 'yielded' then
    return false, errors.new{code = 'yielded', id = child.id, name = child.name,
      message = ('sync of child %d: it waits in parallel.yield() and cannot end; join it first'):format(child.id)}
  end
  local ok, result = outcome(child)
  leave(child)
  return ok, result
end

--- child:join([message] [, {timeout=seconds}]) -> what its code returned
function methods.join(child, message, options)
  must_be_child(child, 'join')
  must_have_code({child}, 'join')
  message, options = split_options(message, options)
  local ok, result = finish(child, message, options and options.timeout)
  if not ok then core.raise(result) end
  if result then return compat.unpack(result, 1, result.n) end
end

--- child:sync([{timeout=seconds}]): waits until its process has ended and takes it out of parallel.children
function methods.sync(child, options)
  must_be_child(child, 'sync')
  must_have_code({child}, 'sync')
  local _, checked = split_options(nil, options)
  local ok, result = finish_sync(child, nil, checked and checked.timeout)
  if not ok then core.raise(result) end
  if result then return compat.unpack(result, 1, result.n) end
end

--- child:exec(code, ...): gives a child of fork its code
function methods.exec(child, code, ...) return require 'parallel.later'.exec_child(child, code, ...) end

--- Ends a child at once and forgets it. Idempotent.
function methods.close(child)
  leave(child)
  links.forget(child)
end

--- child:kill([signal]): sends a signal (a number or a name such as 'KILL'; default 'TERM'). -> was its process there?
function methods.kill(child, signal)
  must_be_child(child, 'kill')
  local number = signal == nil and core.signals.TERM or signal
  if type(signal) == 'string' then number = core.signals[(signal:gsub('^SIG', ''))] end
  if type(number) ~= 'number' then error(("kill: there is no signal '%s'"):format(tostring(signal)), 2) end
  return links.kill_now(child, number)
end

--- child:status() -> 'running', 'yielded', 'returned', 'failed', 'died' or 'quit'; then exit status or nil, signal or nil
function methods.status(child)
  must_be_child(child, 'status')
  local state = links.state(child)
  local status, signal = links.exit_status(child)
  return state, status, signal
end

--- child:output() -> standard output, standard error so far, of a child started with stdout='capture'; nil otherwise. A third
-- value counts the bytes that were too many to be kept (64 MiB of each are).
function methods.output(child)
  must_be_child(child, 'output')
  return links.output(child)
end

--- child:fd() -> a descriptor that is readable when something can be received
methods.fd = links.fd

-- --- groups ---

local group = {}
relatives.group = group

local function is_group(value) return type(value) == 'table' and getmetatable(value) == relatives.group_metatable end

-- The children of a group, by id; of a plain list, as it is.
local function members(target, what)
  local list = {}
  if is_group(target) then
    for id in pairs(target) do list[#list + 1] = id end
    table.sort(list)
    for i, id in ipairs(list) do list[i] = target[id] end
    return list
  end
  if type(target) ~= 'table' then
    error(('%s: a child, parallel.children or a list of children expected, got %s'):format(what, type(target)), 3)
  end
  for i, child in ipairs(target) do
    if not is_child(child) then error(('%s: element %d of the list is no child but a %s'):format(what, i, type(child)), 3) end
    list[i] = child
  end
  return list
end
relatives.members = members

-- Results of a group are indexed by child id, those of a list as the list is.
local function key_of(target, child, i) return is_group(target) and child.id or i end

-- Waits for each by `wait` and collects what they return; the first error is raised when all have been waited for.
local function wait_all(target, what, wait, message, options)
  local deadline, results, failures = deadline_of(options), {}, {}
  local list = members(target, what)
  must_have_code(list, what)
  for i, child in ipairs(list) do
    local called, ok, result = pcall(wait, child, message, left(deadline))
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

local function join_all(target, message, options)
  message, options = split_options(message, options)
  return wait_all(target, 'join', finish, message, options)
end

--- children:join([message] [, {timeout=}]): waits for every child; raises the first error after all have been waited for.
function group.join(target, message, options)
  if is_group(target) then
    local before = {}
    for id, child in pairs(target) do before[id] = child end
    joined_last = before
  end
  return join_all(target, message, options)
end

--- children:exec(code, ...): gives each the same code
function group.exec(target, code, ...) return require 'parallel.later'.exec(target, code, ...) end

--- children:sync([{timeout=}]): waits until every process has ended, and forgets them
function group.sync(target, options)
  local _, checked = split_options(nil, options)
  return wait_all(target, 'sync', finish_sync, nil, checked)
end

--- children:send(value [, {timeout=, lossy=}]): the same message to each, encoded once
function group.send(target, value, options)
  core.broadcast(members(target, 'send'), value, options)
end

-- One message of a child, if there is one or it may be waited for: value, came.
local function receive_one(child, slot, deadline, noblock)
  if type(slot) ~= 'userdata' then slot = nil end -- a tensor or storage is filled, anything else replaced
  if noblock then return child:receive(slot or 'noblock', slot and 'noblock') end
  return child:receive(slot, {timeout = left(deadline)}), true
end

-- One message of each into `into`, or of those that have one. Says whether every child had one. After an error what had been
-- received by then is still to be received.
local function receive_each(target, into, options)
  local deadline, noblock = type(options) == 'table' and deadline_of(options) or nil, options == 'noblock'
  local list, values, held, complete = members(target, 'receive'), {}, 0, true
  local ok, failure = pcall(function()
    for i, child in ipairs(list) do
      links.hold(child)
      held = i
      local value, came = receive_one(child, into[key_of(target, child, i)], deadline, noblock)
      if came then values[i] = {value} else complete = false end
    end
  end)
  for i = held, 1, -1 do links.settle(list[i], ok) end
  if not ok then core.raise(failure) end
  for i, child in ipairs(list) do
    if values[i] then into[key_of(target, child, i)] = values[i][1] end
  end
  return complete
end

--- children:receive([table] [, {timeout=} or 'noblock']): one message of each, in a new table or the given one
function group.receive(target, into, options)
  if options == nil and (into == 'noblock' or is_options(into)) then into, options = nil, into end
  if into ~= nil and type(into) ~= 'table' then
    error("receive: a table to fill, 'noblock' or an options table expected, got " .. type(into), 2)
  end
  into = into or {}
  local complete = receive_each(target, into, options)
  if options == 'noblock' then return into, complete end
  return into
end

-- Waits on a selector and gives the next message, dropping those who have ended.
local function next_message(state)
  while state.count > 0 do
    local child = state.members[state.selector:wait()]
    if child and links.has_message(child) then return child, child:receive() end
    if child and links.ended(child) then
      state.selector:remove(child)
      state.members[child.id] = nil
      state.count = state.count - 1
    end
  end
end

--- for child, value in children:messages() do: messages as they come, until all have ended
function group.messages(target)
  local state = {selector = core.selector(), members = {}, count = 0}
  for _, child in ipairs(members(target, 'messages')) do
    if not links.retired(child) then
      state.selector:add(child)
      state.members[child.id] = child
      state.count = state.count + 1
    end
  end
  return next_message, state
end

--- Ends all children of the group at once.
function group.close(target)
  for _, child in ipairs(members(target, 'close')) do child:close() end
end

relatives.group_metatable = {
  __name = 'parallel.children',
  -- After a join of all, those who left can still be asked by their id until the next one starts: joining them again
  -- one by one is allowed and does nothing.
  __index = function(_, key) return group[key] or joined_last[key] end,
  __tostring = function(t)
    local n = 0
    for _ in pairs(t) do n = n + 1 end
    return ('parallel.children (%d)'):format(n)
  end,
}
setmetatable(children, relatives.group_metatable)

--- What nfork returns: a plain list of children with the methods of a group.
relatives.list_metatable = {
  __name = 'parallel.list',
  __index = group,
  __tostring = function(t) return ('parallel.list (%d)'):format(#t) end,
}
function relatives.list() return setmetatable({}, relatives.list_metatable) end

function relatives.add(child)
  joined_last = {}
  children[child.id] = child
  if relatives.selector then relatives.selector:add(child) end
end

function relatives.count()
  local n = 0
  for _ in pairs(children) do n = n + 1 end
  return n
end

-- --- the same as functions: a child, a group or a plain list ---

function relatives.send(target, value, options)
  if is_child(target) or (is_group(target) or target == relatives.no_parent) then return target:send(value, options) end
  return group.send(target, value, options)
end

function relatives.receive(target, ...)
  if is_child(target) or is_group(target) or target == relatives.no_parent then return target:receive(...) end
  return group.receive(target, ...)
end

function relatives.join(target, message, options)
  if is_child(target) or is_group(target) then return target:join(message, options) end
  return join_all(target, message, options)
end

function relatives.sync(target, options)
  if is_child(target) then return target:sync(options) end
  return group.sync(target, options)
end

-- --- select ---

local function all_selector()
  if not relatives.selector then
    relatives.selector = core.selector()
    for _, child in pairs(children) do relatives.selector:add(child) end
  end
  return relatives.selector
end

--- parallel.select([children] [, timeout]) -> a child that has a message or has ended; nil when the time is up
function relatives.select(target, timeout)
  if type(target) == 'number' then target, timeout = nil, target end
  if target == nil or target == children then
    if next(children) == nil then return nil end
    local id = all_selector():wait(timeout)
    return id and children[id]
  end
  local list = is_child(target) and {target} or members(target, 'select')
  for _, child in ipairs(list) do
    if links.retired(child) or links.news(child) then return child end
  end
  if #list == 0 then return nil end
  local selector, by_id = core.selector(), {}
  for _, child in ipairs(list) do
    selector:add(child)
    by_id[child.id] = child
  end
  return by_id[selector:wait(timeout)]
end

--- parallel.fd() -> a descriptor that is readable when select may find a child
function relatives.fd() return all_selector():fd() end

--- Ends all children at once.
function relatives.close()
  for pool in pairs(state.pools) do pool:close{now = true} end
  local list = members(children, 'close')
  for _, child in ipairs(list) do links.kill_now(child, 9) end
  for _, child in ipairs(list) do child:close() end
  core.trim()
  joined_last = {}
  if package.loaded['parallel.forkserver'] then package.loaded['parallel.forkserver'].close() end
end

--- What parallel.parent is in the top process.
relatives.no_parent = setmetatable({id = -1}, {
  __index = function(_, key)
    if methods[key] then
      return function() error(('parallel.parent:%s: this is the top process, it has no parent'):format(key), 2) end
    end
  end,
})

return relatives
