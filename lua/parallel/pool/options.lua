--- What callers may pass to a pool and to its methods, and what they are told when it is something else.
local core = require 'parallel.core'
local general = require 'parallel.options'
local state = require 'parallel.state'
local summary = require 'parallel.summary'

local options = {}
local MOST_WORKERS = 2 ^ 16 -- more is a slip, which would start processes until the machine has no room for any other
local INIT_SECONDS = 60 -- at least, for a worker to get ready, when tasks have a time limit

local misuse = general.misuse
options.misuse = misuse

-- --- names ---

local function set_of(...)
  local set = {}
  for _, names in ipairs{...} do
    for name in names:gmatch('%S+') do set[name] = true end
  end
  return set
end

local of_tasks, of_journals = 'chunk timeout retries seed on_error progress', 'journal journal_mode retry'
options.map = set_of(of_tasks, of_journals)
options.imap = set_of(of_tasks, of_journals, 'ordered in_flight')
options.pool = set_of(of_tasks, 'workers init init_timeout name lua env cwd memory_limit nice max_tasks max_memory functions hosts reconnect')
options.map_and_pool = set_of(of_journals) -- of parallel.map
for name in pairs(options.pool) do options.map_and_pool[name] = true end

-- --- values ---

local function check_number(given, name, least, whole, most)
  local value = given[name]
  if value == nil then return end
  if type(value) ~= 'number' or not (value >= least and value <= (most or value)) or (whole and value ~= math.floor(value)) then
    local range = most and ('from %g to %d'):format(least, most) or ('from %g on'):format(least)
    misuse(("pool: option '%s' must be %s %s, got %s"):format(name, whole and 'a whole number' or 'a number', range, summary(1, value)))
  end
end

local function check_journal(given)
  if given.journal ~= nil and (type(given.journal) ~= 'string' or given.journal == '') then
    misuse("pool: option 'journal' must be the name of a file, got " .. summary(1, given.journal))
  end
  local mode, retry = given.journal_mode, given.retry
  if mode ~= nil and mode ~= 'reuse' and mode ~= 'new' then
    misuse("pool: option 'journal_mode' must be 'reuse' or 'new', got " .. summary(1, mode))
  end
  if retry ~= nil and retry ~= 'failed' then
    misuse("pool: option 'retry' must be 'failed' (of a journal), got " .. summary(1, retry) .. '; retries=3 tries each task again')
  end
  if given.journal == nil and (mode ~= nil or retry ~= nil) then
    misuse(("pool: option '%s' is of a journal: journal='file.db' names one"):format(mode ~= nil and 'journal_mode' or 'retry'))
  end
end

local function check_values(given)
  check_journal(given)
  check_number(given, 'workers', 0, true, MOST_WORKERS)
  check_number(given, 'chunk', 1, true)
  check_number(given, 'timeout', 0)
  check_number(given, 'init_timeout', 0)
  check_number(given, 'retries', 0, true)
  check_number(given, 'seed', -math.huge)
  check_number(given, 'max_tasks', 1, true)
  check_number(given, 'max_memory', 1)
  check_number(given, 'in_flight', 1, true)
  if given.functions ~= nil and type(given.functions) ~= 'boolean' then
    misuse("pool: option 'functions' must be true or false, got " .. summary(1, given.functions))
  end
  local kind = type(given.hosts)
  if given.hosts ~= nil and given.hosts ~= true and kind ~= 'table' and kind ~= 'string' then
    misuse("pool: option 'hosts' must be true or a list of hosts, got " .. kind)
  end
  if given.reconnect ~= nil and type(given.reconnect) ~= 'boolean' then
    misuse("pool: option 'reconnect' must be true or false, got " .. summary(1, given.reconnect))
  end
  if given.reconnect ~= nil and given.hosts == nil then
    misuse("pool: option 'reconnect' is of workers on other machines: hosts= names these")
  end
  local handler = given.on_error
  if handler ~= nil and handler ~= 'raise' and handler ~= 'skip' and type(handler) ~= 'function' then
    misuse("pool: option 'on_error' must be 'raise', 'skip' or a function, got " .. summary(1, handler))
  end
  if given.init ~= nil and type(given.init) ~= 'function' then
    misuse("pool: option 'init' must be a function, got " .. type(given.init))
  end
end

--- The options given to `what`, checked; known: options.map, options.imap or options.pool.
function options.check(given, known, what)
  given = general.check(given, known, what)
  check_values(given)
  return given
end

local of_close = set_of('now')

--- What pool:close takes.
function options.check_close(given) general.check(given, of_close, 'close') end

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

-- What pairs finds in a table behind the first n elements: how many numbers as keys, one of them, and another key. Those before 1, as `arg`
-- has them, are nobody's elements.
local function left_out(list, n)
  local count, number, other = 0, nil, nil
  for key in pairs(list) do
    if type(key) ~= 'number' or key < 1 then
      other = key
    elseif key > n then
      count, number = count + 1, key
    end
  end
  return count, number, other
end

-- A table that is no list, or one with holes: nothing of it may be left out silently. For a list this costs two steps of its
-- traversal, which begins with 1 and ends with n.
local function check_list(list, n, what)
  local first = next(list)
  if first == nil or (first == 1 and next(list, n) == nil) then return end
  local count, number, other = left_out(list, n)
  local remedy = ('%s takes elements 1, 2, 3, ...; parallel.pairs_map(f, table) takes every key'):format(what)
  if count > 0 then
    local taken = n == 0 and 'no element' or ('elements 1 to %d'):format(n)
    misuse(('%s: this list has a hole: of it %s would be taken, and not element %s%s: %s, and a list that says its length as n may have holes')
      :format(what, taken, tostring(number), count > 1 and (' and %d others'):format(count - 1) or '', remedy))
  elseif n == 0 and other ~= nil and other ~= 'n' then
    misuse(("%s: this table has no element 1, but the key '%s': %s"):format(what, tostring(other), remedy))
  end
end

--- The length of a list for `what`. One made by table.pack knows it; in others `n` may be anything.
function options.length_of(list, what)
  local n = list.n
  if type(n) == 'number' and n >= 0 and n == math.floor(n) then return n end
  n = #list
  if getmetatable(list) == nil then check_list(list, n, what) end
  return n
end

return options
