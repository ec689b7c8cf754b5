--- The children of this process, one by one: who they are, and the methods of a child that need to know them all (join, sync, exec,
-- close). The others are in C (src/lua/child).
local core = require 'parallel.core'
local compat = require 'parallel.compat'
local errors = require 'parallel.errors'
local options = require 'parallel.options'
local state = require 'parallel.state'

local children = {}
local handle = core.child
local methods = handle.methods
setmetatable(methods, nil) -- all of them are here now: see init.lua

local by_id, idle = state.children, state.idle

-- --- who they are ---

-- Takes a child out of parallel.children. After parallel.reset() another one may have its id.
local function leave(child)
  if by_id[child.id] ~= child then return end
  by_id[child.id] = nil
  if state.selector and not handle.retired(child) then state.selector:remove(child) end
  for _, hook in ipairs(state.on_leave) do hook(child) end
end

-- A child that has ended, was joined and has no message left leaves; its channel closes.
local function leave_if_done(child)
  if not handle.retired(child) and not handle.retire(child) then return end
  leave(child)
end
handle.on_last_message(leave_if_done)

local owner = core.pid() -- the process whose they are

--- A copy of the program, which it made by a fork of its own, has none of the program's children and pools: it begins anew.
function children.begin_in_copy()
  if owner == core.pid() then return end
  owner = core.pid()
  for id in pairs(by_id) do by_id[id] = nil end
  for pool in pairs(state.pools) do state.pools[pool] = nil end
  state.joined_last, state.selector, state.pool_loop = {}, nil, nil
end

--- A child is among parallel.children from now on.
function children.add(child)
  state.joined_last = {}
  by_id[child.id] = child
  if state.selector then state.selector:add(child) end
end

function children.count()
  local n = 0
  for _ in pairs(by_id) do n = n + 1 end
  return n
end

-- --- checks ---

local function must_be_child(value, what)
  if handle.is_child(value) and not handle.is_parent(value) then return end
  local text = handle.is_child(value) and 'the parent' or ('%s (call it as child:%s(), with a colon)'):format(type(value), what)
  options.misuse(('%s: a child expected, got %s'):format(what, text))
end

--- Nobody can wait for the end of a child that was never given code.
function children.must_have_code(list, what)
  for _, child in ipairs(list) do
    if idle[child] and handle.state(child) == 'running' then
      error(('%s: child %d was forked and still waits for code: call exec(code) first, or child:close()')
        :format(what, child.id), 3)
    end
  end
end

-- --- ends ---

-- How a child ended, once it has: true and its values, or false and its error.
local function outcome(child)
  handle.set_joined(child)
  local failure = handle.failure(child)
  if failure then
    failure.name = child.name
    if failure.message then failure.message = require 'parallel.modules'.explain(failure.message) end
    leave_if_done(child)
    return false, failure
  end
  local received, values = pcall(function() return compat.pack(handle.values(child)) end)
  if not received and not errors.is(values) then core.raise(values) end
  leave_if_done(child)
  return received, values
end

--- Waits for the end or the yield of one child: true and its values (a list with n, or nil), or false and its error. A join without a
-- message is one with an empty text, as it always was.
function children.join(child, message, timeout)
  if handle.wait(child, timeout) ~= 'yielded' then return outcome(child) end
  if message == nil then message = '' end
  handle.resume(child, message)
  return true
end

--- Waits for the end of one child, and forgets it. Returns as children.join.
function children.sync(child, _, timeout)
  if handle.wait(child, timeout, 'sync of') == 'yielded' then
    return false, errors.new{code = 'yielded', id = child.id, name = child.name,
      message = ('sync of child %d: it waits in parallel.yield() and cannot end; join it first'):format(child.id)}
  end
  local ok, result = outcome(child)
  leave(child)
  return ok, result
end

local function give(ok, result)
  if not ok then core.raise(result) end
  if result then return compat.unpack(result, 1, result.n) end
end

--- child:join([message] [, {timeout=seconds}]) -> what its code returned
function methods.join(child, message, given)
  must_be_child(child, 'join')
  children.must_have_code({child}, 'join')
  message, given = options.split(message, given, 'join')
  return give(children.join(child, message, given and given.timeout))
end

--- child:sync([{timeout=seconds}]): waits until its process has ended and takes it out of parallel.children
function methods.sync(child, given)
  must_be_child(child, 'sync')
  children.must_have_code({child}, 'sync')
  local _, checked = options.split(nil, given, 'sync')
  return give(children.sync(child, nil, checked and checked.timeout))
end

--- child:exec(code, ...): gives a child of fork its code
function methods.exec(child, code, ...) return require 'parallel.forked'.exec_child(child, code, ...) end

--- Ends a child at once and forgets it. Idempotent.
function methods.close(child)
  must_be_child(child, 'close')
  leave(child)
  handle.forget(child)
end

--- What parallel.parent is in the top process.
children.no_parent = setmetatable({id = -1}, {
  __index = function(_, key)
    if methods[key] then
      return function() options.misuse(('parallel.parent:%s: this is the top process, it has no parent'):format(key)) end
    end
  end,
})

return children
