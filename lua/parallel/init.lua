--- parallel: processes, messages and pools for Lua.
--
-- `require 'parallel'` returns the module and sets the global of the same name. This file holds what every process needs at
-- once; the rest is loaded when it is first used, because a child has to be ready in a millisecond.
local found, core = pcall(require, 'parallel.core')
if not found then -- of a library for another Lua the system says which function is missed, and Lua what it compares
  local other = core:find('luaL?_.*symbol') or core:find('symbol.*luaL?_') or core:find('version mismatch', 1, true)
  error(other and ('%s\nparallel: this library was built for another Lua than this %s'):format(core,
    rawget(_G, 'jit') and 'LuaJIT' or _VERSION) or core, 0)
end
local state = require 'parallel.state'
if state.module then -- taken out of package.loaded; another one would know neither who this process is nor its children
  rawset(_G, 'parallel', state.module)
  return state.module
end
require 'parallel.errors'

local parallel = {
  _VERSION = core._VERSION,
  id = 0,
  pid = core.pid(),
  clock = core.clock,
  cores = core.cores,
  encode = core.encode,
  decode = core.decode,
  register = core.register,
}

--- Which of the fast ways this process uses, each as "on: " or "off: " and why.
function parallel.info()
  local _, block_cache = core.block_cache()
  return {version = core._VERSION, lua = rawget(_G, 'jit') and rawget(_G, 'jit').version or _VERSION, direct = core.direct_state(),
          block_cache = block_cache}
end

--- f, whose upvalues, and what these hold, change no more: pools send it once to each worker without looking at them again.
function parallel.constant(f)
  if type(f) ~= 'function' then error(('parallel.constant: a function expected, got %s'):format(type(f)), 2) end
  state.constants[f] = true
  return f
end

-- --- shared buffers ---

local shared_size = core.RING_DEFAULT_BYTES

--- Capacity in bytes of each direction's shared buffer, for children started afterwards. Rounded up to a power of two.
-- It does not limit the size of messages.
function parallel.setSharedSize(bytes)
  if type(bytes) ~= 'number' or not (bytes >= 1 and bytes <= core.RING_MAX_BYTES) then
    error(('parallel.setSharedSize: a number of bytes from 1 to %d expected, got %s')
      :format(core.RING_MAX_BYTES, tostring(bytes)), 2)
  end
  local size = core.RING_MIN_BYTES
  while size < bytes do size = size * 2 end
  shared_size = size
end

function parallel.getSharedSize() return shared_size end

-- --- what waits to be received ---

local inbox_size -- nil: nobody has asked yet

--- Memory that the messages of one child (or of the parent) may take up while they wait to be received, because this process was
-- waiting for something else. Past it `join` and `send` raise an error with the code 'full'.
function parallel.setInboxSize(bytes)
  if type(bytes) ~= 'number' or not (bytes >= 1 and bytes <= 2 ^ 53) then
    error(('parallel.setInboxSize: a number of bytes from 1 to 2^53 expected, got %s'):format(tostring(bytes)), 2)
  end
  inbox_size = math.floor(bytes)
  for _, child in pairs(state.children) do
    if not core.child.retired(child) then core.child.limit_inbox(child, inbox_size) end
  end
  if parallel.id ~= 0 then core.child.limit_inbox(parallel.parent, inbox_size) end
end

function parallel.getInboxSize()
  inbox_size = inbox_size or core.child.inbox_default()
  return inbox_size
end

-- --- large blocks of Lua that wait to be used again ---

-- parallel.block_cache = bytes
local function set_block_cache(bytes)
  if type(bytes) ~= 'number' or not (bytes >= 0 and bytes <= 2 ^ 53) then
    error(('parallel.block_cache: a number of bytes from 0 to 2^53 expected, got %s'):format(tostring(bytes)), 3)
  end
  core.block_cache(bytes)
  state.block_cache = bytes
end

-- --- print ---

local prefix = '<parallel#000>'

local function prefix_of(path)
  local parts = {}
  for i, id in ipairs(path) do parts[i] = ('%03d'):format(id) end
  return '<parallel#' .. table.concat(parts, '.') .. '>'
end

-- The prefix of one of our children.
function parallel._prefix_of(id)
  local path = {}
  for i, step in ipairs(state.path) do path[i] = step end
  path[#path + 1] = id
  return prefix_of(path)
end

--- Like print, with the id of the process in front, as one write.
function parallel.print(...)
  local parts = {prefix, ...}
  for i = 1, select('#', ...) do parts[i + 1] = tostring((select(i, ...))) end
  core.write_line(table.concat(parts, '\t'))
end

-- --- the child's side ---

--- In a child: waits until the parent joins, and returns the message of that join.
function parallel.yield(options)
  if parallel.id == 0 then error('parallel.yield: this is the top process, nobody can join it', 2) end
  if options ~= nil then
    local options_of = require 'parallel.options'
    options_of.check(options, options_of.timeout, 'parallel.yield')
  end
  return core.child.yield(parallel.parent, options and options.timeout)
end

-- Called once in a child before its code runs.
function parallel._become_child(parent, settings)
  core.child.fields(parent).id = settings.parent_id
  parallel.parent = parent
  parallel.id = settings.id
  parallel.name = settings.name
  parallel.interpreter = settings.interpreter
  parallel.start_method = settings.start_method
  parallel.pid = core.pid()
  shared_size = settings.shared_size
  parallel.setInboxSize(settings.inbox_size)
  if settings.block_cache then parallel.block_cache = settings.block_cache end
  state.path = settings.path
  state.path[#state.path + 1] = settings.id
  prefix = prefix_of(state.path)
  core.trace_name(prefix:sub(2, -2) .. (settings.name and ' ' .. settings.name or ''))
  core.view.name(prefix:sub(11, -2) .. (settings.name and ' ' .. settings.name or ''))
  core.view.answer()
  if rawget(_G, 'loadstring') == nil then rawset(_G, 'loadstring', load) end -- the original gave it to its children
end

-- --- parts that are loaded when they are first used ---

-- The methods of a child that know of all children: children.lua puts itself in this place.
setmetatable(core.child.methods, {__index = function(methods, key)
  if key ~= 'join' and key ~= 'sync' and key ~= 'exec' and key ~= 'close' then return nil end
  require 'parallel.children'
  return methods[key]
end})

function core.child.methods.traceback(...) return require 'parallel.view'.traceback(...) end

setmetatable(parallel, {
  __index = function(t, key) return require 'parallel.parts'.find(t, key) end,
  __newindex = function(t, key, value)
    if key == 'block_cache' then set_block_cache(value) else rawset(t, key, value) end
  end,
})

-- Objects in shared memory may come with the first message.
for _, kind in ipairs{'counter', 'lock', 'table'} do
  core.register('parallel.' .. kind, {
    encode = function(object) return require 'parallel.siblings.shared'.encode(object) end,
    decode = function(storage) return require 'parallel.siblings.shared'.decode(kind, storage) end,
  })
end

if not state.in_child then require 'parallel.searcher'.install() end

-- The original loaded torch, sys and paths along with itself, so its programs use these globals without requiring them. Ours are
-- loaded when they are first used.
for _, name in ipairs{'torch', 'sys', 'paths'} do
  if rawget(_G, name) == nil then
    local proxy = {}
    rawset(_G, name, setmetatable(proxy, {
      __index = function(_, key)
        if rawget(_G, name) == proxy then rawset(_G, name, nil) end
        local module = require(name)
        if rawget(_G, name) == nil then rawset(_G, name, module) end
        return module[key]
      end,
    }))
  end
end

if core.torch_is_loaded() then require 'parallel.torch.meet' end

state.module = parallel
rawset(_G, 'parallel', parallel) -- also where new globals are an error
if os.getenv 'PARALLEL_SOCKET' and not state.in_child then require 'parallel.program'.adopt(parallel, os.getenv 'PARALLEL_SOCKET') end
return parallel
