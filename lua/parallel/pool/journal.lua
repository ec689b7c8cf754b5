--- Maps that survive: each result is kept in a file as it comes (core.journal), and a map of the same function over the same list takes
-- those that are there.
--
-- A result is kept within COMMIT_SECONDS for the case that this process is killed, within SYNC_SECONDS for the case that the machine
-- loses its power. What was kept is never computed again.
local compat = require 'parallel.compat'
local core = require 'parallel.core'
local digest = require 'parallel.pool.digest'
local errors = require 'parallel.errors'

local journal = {}
journal.__index = journal

local COMMIT_SECONDS = 0.01
local COMMIT_BYTES = 2 ^ 18 -- so much is not put at risk: a disk may be full
local SYNC_SECONDS = 2
local kept_codes = {failed = true, timeout = true, died = true} -- errors that a task has by itself

local function refuse(path, text, ...)
  errors.raise{code = 'journal', message = ('journal %s: ' .. text):format(path, ...)}
end

-- --- does it belong to this map? ---

local remedy = "journal_mode='reuse' takes what fits all the same, journal_mode='new' forgets it, or give another file"

-- Where a function stands, for people.
local function place_of(f)
  if type(f) ~= 'function' then return 'an object that can be called' end
  local info = debug.getinfo(f, 'S')
  return info.what == 'C' and 'a function in C' or ('%s:%d'):format(info.short_src, info.linedefined)
end

local function describe(f, options, what)
  return {
    kind = compat.version, what = what, place = place_of(f),
    hash = digest.of(what, f, options.seed, options.init),
  }
end

-- An empty journal becomes that of this map; another one has to be of the same.
local function claim(self, about, total)
  local db, reuse = self.db, self.mode == 'reuse'
  local kind, hash, tasks = db:note('kind'), db:note('hash'), tonumber(db:note('tasks') or '')
  if kind and kind ~= about.kind then
    refuse(self.path, "it was made by Lua %s, this is Lua %s: journal_mode='new' forgets it, or give another file", kind, about.kind)
  elseif hash and hash ~= about.hash and not reuse then
    local before, now = ('%s at %s'):format(db:note('what'), db:note('place')), ('%s at %s'):format(about.what, about.place)
    refuse(self.path, 'it was made by another function or with other options (%s): %s',
      before == now and before .. ', as now' or ('then %s, now %s'):format(before, now), remedy)
  elseif tasks and total and tasks ~= total and not reuse then
    refuse(self.path, 'it was made for a list of %d elements, this one has %d: %s', tasks, total, remedy)
  end
  for name, text in pairs(about) do db:note(name, text) end
  if total then db:note('tasks', tostring(total)) end
  if not hash then db:note('began', os.date('!%Y-%m-%dT%H:%M:%SZ')) end
  db:note('state', 'running')
  db:commit(true)
end

-- --- opening ---

local open_here = setmetatable({}, {__mode = 'v'}) -- path -> the one of this process that has it

-- An imap that was left in its middle has its file still.
local function open_file(self)
  local before = open_here[self.path]
  if before then before:give_way() end
  self.db = core.journal.open(self.path)
  open_here[self.path] = self
end

local function attach(self, job, f, options, what)
  if self.mode == 'new' then self.db:clear() end
  claim(self, describe(f, options, what), not job.pull and job.last or nil)
  local done, failed = self.db:count()
  self.any = done + failed > 0
  self.job, job.journal, job.live = job, self, journal.leave_out
  self.give_value, self.give_error = job.on_value, job.on_error
  job.on_value = function(_, number, value, ...)
    self:keep_value(number, value)
    return self.give_value(job, number, value, ...)
  end
  job.on_error = function(_, number, err)
    self:keep_error(number, err)
    return self.give_error(job, number, err)
  end
end

--- Gives a job the journal that its options ask for, before it begins. what: of what kind its tasks are ("map"). The job's results must
-- all go through on_value. functions=false: none are taken from the file.
function journal.attach(job, f, options, what, functions)
  local self = setmetatable({
    path = options.journal, mode = options.journal_mode, retry = options.retry, kept = {}, taken = 0, waiting = 0,
    synced = core.clock(), decoding = {functions = functions ~= false},
  }, journal)
  open_file(self)
  local ok, err = pcall(attach, self, job, f, options, what)
  if ok then return self end
  self.db:close()
  self.db = nil
  core.raise(err)
end

-- --- taking what is there ---

-- What the job's hook `live` is: of a range of tasks the part up to the next one that is kept.
function journal.leave_out(job, from, to)
  local kept = job.journal.kept
  while from <= to and kept[from] do from = from + 1 end
  if from > to then return false end
  local last = from
  while last < to and not kept[last + 1] do last = last + 1 end
  if last < to then job:put_back(last + 1, to) end
  return from, last
end

local function item_hash(job, number) return digest.of(select(2, job:arguments(number))) end

local function decode(self, number, bytes)
  local ok, value = pcall(core.decode, bytes, self.decoding)
  if not ok then refuse(self.path, 'what it keeps of task %d cannot be read: %s', number, tostring(value)) end
  return value
end

-- The error of an earlier run.
local function old_error(self, number, bytes)
  local err = decode(self, number, bytes)
  if not errors.is(err) then refuse(self.path, 'what it keeps of task %d is no error', number) end
  err.kept, err.task = true, number
  err.summary = ("%s (kept in %s: retry='failed' tries it again)"):format(tostring(err.summary or err.message), self.path)
  return err
end

--- Takes the result of a task from the file, if it is there. Returns whether it was.
function journal:restore(number)
  if not self.any then return false end
  local found, state, item, bytes = self.db:find(number)
  if not found or state == 'failed' and self.retry == 'failed' then return false end
  local job = self.job
  if item ~= item_hash(job, number) then
    if self.mode == 'reuse' then return false end
    refuse(self.path, 'element %d of the list is not what it was: %s', number, remedy)
  end
  self.kept[number], self.taken = true, self.taken + 1
  job.ended = job.ended + 1
  if state == 'done' then
    self.give_value(job, number, decode(self, number, bytes))
  else
    self.give_error(job, number, old_error(self, number, bytes))
  end
  return true
end

--- The same for all tasks of a list. When that fails the journal is closed.
function journal:begin()
  if not self.any then return end
  local ok, err = pcall(function()
    for number = 1, self.job.last do self:restore(number) end
  end)
  if ok then return end
  self.db:close()
  self.db = nil
  core.raise(err)
end

-- --- keeping ---

-- Nothing is raised in the middle of taking in results: the map ends with this error as soon as it looks.
local function keep(self, number, failed, value, message)
  if self.failure then return end
  local ok, err = pcall(function()
    local bytes = core.encode(value)
    self.waiting = self.waiting + #bytes
    self.db:put(number, item_hash(self.job, number), failed, bytes, message)
    if self.waiting >= COMMIT_BYTES then
      self.db:commit()
      self.waiting = 0
    end
  end)
  self.changed = self.changed or core.clock()
  if not ok then self.failure, self.job.failure = err, self.job.failure or err end
end

function journal:keep_value(number, value) keep(self, number, false, value) end

function journal:keep_error(number, err)
  if kept_codes[err.code] then keep(self, number, true, err, tostring(err.summary or err.message)) end
end

-- --- committing ---

local function commit(self, sync)
  local ok, err = pcall(self.db.commit, self.db, sync)
  self.changed, self.waiting = nil, 0
  if sync then self.synced = core.clock() end
  if not ok then self.failure = self.failure or err end
end

--- Commits what is due; now: all. Raises why something could not be kept. Returns after how many seconds it wants to be called again,
-- or nil.
function journal:tick(now)
  if self.changed then
    local clock = core.clock()
    if now or clock - self.changed >= COMMIT_SECONDS then commit(self, clock - self.synced >= SYNC_SECONDS) end
  end
  if self.failure then core.raise(self.failure) end
  return self.changed and COMMIT_SECONDS
end

--- A later map of this process opens the same file: this one ends.
function journal:give_way()
  if not self.db then return end
  local err = errors.new{code = 'journal', message = ('journal %s: a later map has opened it'):format(self.path)}
  self.job:abort(err)
  self:finish(err)
end

--- The map is over. Returns an error if something could not be kept.
function journal:finish(err)
  if not self.db then return self.failure end
  local ok, problem = pcall(self.db.note, self.db, 'state', err and 'stopped' or 'done')
  if not ok then self.failure = self.failure or problem end
  commit(self, true)
  self.db:close()
  self.db = nil
  return self.failure
end

return journal
