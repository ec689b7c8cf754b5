--- What callers may pass to a pool and to its methods, and what they are told when it is something else.
local core = require 'parallel.core'
local state = require 'parallel.state'

local options = {}
local INIT_SECONDS = 60 -- at least, for a worker to get ready, when tasks have a time limit

-- --- telling the caller ---

local ours = debug.getinfo(1, 'S').source:match('^(.*)/pool/[^/]*$') or '@'

-- The innermost line that is not ours.
local function callers_line()
  for level = 3, 30 do
    local info = debug.getinfo(level, 'Sl')
    if not info then return '' end
    if info.currentline > 0 and info.source:sub(1, #ours + 1) ~= ours .. '/' then
      return ('%s:%d: '):format(info.short_src, info.currentline)
    end
  end
  return ''
end

--- Raises an error about the call of one of our functions; it names the caller's line.
function options.misuse(text) error(callers_line() .. text, 0) end
local misuse = options.misuse

-- --- names ---

local function set_of(...)
  local set = {}
  for _, names in ipairs{...} do
    for name in names:gmatch('%S+') do set[name] = true end
  end
  return set
end

local of_tasks = 'chunk timeout retries seed on_error progress'
options.map = set_of(of_tasks)
options.imap = set_of(of_tasks, 'ordered in_flight')
options.pool = set_of(of_tasks, 'workers init init_timeout name lua env cwd memory_limit nice max_tasks max_memory functions hosts')

local function names_of(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return table.concat(list, ', ')
end

local function check_names(given, known, what)
  if given == nil then return {} end
  if type(given) ~= 'table' then misuse(('%s: options in a table expected, got %s'):format(what, type(given))) end
  for name in pairs(given) do
    if not known[name] then
      misuse(("%s: there is no option '%s' (%s)"):format(what, tostring(name), names_of(known)))
    end
  end
  return given
end

-- --- values ---

local function check_number(given, name, least, whole)
  local value = given[name]
  if value == nil then return end
  if type(value) ~= 'number' or not (value >= least) or (whole and value ~= math.floor(value)) then
    misuse(("pool: option '%s' must be %s from %g on, got %s"):format(name, whole and 'a whole number' or 'a number', least,
      tostring(value)))
  end
end

local function check_values(given)
  check_number(given, 'workers', 0, true)
  check_number(given, 'chunk', 1, true)
  check_number(given, 'timeout', 0)
  check_number(given, 'init_timeout', 0)
  check_number(given, 'retries', 0, true)
  check_number(given, 'seed', -math.huge)
  check_number(given, 'max_tasks', 1, true)
  check_number(given, 'max_memory', 1)
  check_number(given, 'in_flight', 1, true)
  if given.functions ~= nil and type(given.functions) ~= 'boolean' then
    misuse("pool: option 'functions' must be true or false, got " .. tostring(given.functions))
  end
  local kind = type(given.hosts)
  if given.hosts ~= nil and given.hosts ~= true and kind ~= 'table' and kind ~= 'string' then
    misuse("pool: option 'hosts' must be true or a list of hosts, got " .. kind)
  end
  local handler = given.on_error
  if handler ~= nil and handler ~= 'raise' and handler ~= 'skip' and type(handler) ~= 'function' then
    misuse("pool: option 'on_error' must be 'raise', 'skip' or a function, got " .. tostring(handler))
  end
  if given.init ~= nil and type(given.init) ~= 'function' then
    misuse("pool: option 'init' must be a function, got " .. type(given.init))
  end
end

--- The options given to `what`, checked; known: options.map, options.imap or options.pool.
function options.check(given, known, what)
  given = check_names(given, known, what)
  check_values(given)
  return given
end

--- The same, with those of the pool behind them.
function options.of_call(given, defaults, known, what)
  given = options.check(given, known, what)
  local merged = {}
  for name in pairs(known) do
    merged[name] = given[name]
    if merged[name] == nil then merged[name] = defaults[name] end
  end
  return merged
end

function options.default_workers() return state.pool_share or core.cores() end

--- How long a worker may take until it is ready. Whoever limits his tasks does not want to wait for ever for init either; yet
-- preparing may take longer than a task.
function options.init_seconds(given)
  return given.init_timeout or given.timeout and math.max(given.timeout, INIT_SECONDS)
end

-- --- other arguments ---

function options.check_function(f, what)
  local meta = type(f) ~= 'function' and getmetatable(f)
  if type(f) == 'function' or (type(meta) == 'table' and meta.__call) then return end
  misuse(('%s: a function expected, got %s'):format(what, type(f)))
end

--- A list made by table.pack knows its own length; in others `n` may be anything.
function options.length_of(list)
  local n = list.n
  return type(n) == 'number' and n >= 0 and n == math.floor(n) and n or #list
end

return options
