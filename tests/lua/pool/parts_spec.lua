-- The parts of a pool by themselves, with a worker that is only a table: what it says too much, too early or in the wrong
-- order ends it, and no task is lost, run twice or answered twice.
local protocol = require 'parallel.pool.protocol'
local new_job = require 'parallel.pool.job'.new
local new_queue = require 'parallel.pool.queue'.new
local new_scheduler = require 'parallel.pool.scheduler'.new

local unpack = table.unpack or unpack -- luacheck: ignore

local function list_of(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

-- A job of n tasks that notes what becomes of each.
local function job_of(n, fields)
  fields = fields or {}
  fields.mode, fields.items, fields.last = protocol.ONE, list_of(n), n
  fields.values, fields.errors = {}, {}
  fields.on_value = function(self, number, value)
    assert(self.values[number] == nil, 'answered twice')
    self.values[number] = value
  end
  fields.on_error = function(self, number, err)
    assert(self.errors[number] == nil, 'failed twice')
    self.errors[number] = err
  end
  return new_job(fields)
end

local function ranges(job)
  local list = {}
  for _, range in ipairs(job.ranges) do list[#list + 1] = range[1] .. '-' .. range[2] end
  return table.concat(list, ' ')
end

-- --- a world of tables ---

-- children are tables: says = list of messages {kind, values...} that collect gives, claimed = {slot 0, slot 1}, limit likewise
local function new_world()
  local world = {now = 0, started = 0, killed = {}, posts = {}, given = {}}
  local function nothing() end
  world.system = {
    clock = function() return world.now end, sleep = nothing, stop = nothing, wait = nothing,
    forget = function(child)
      assert(not child.forgotten, 'forgotten twice')
      child.forgotten = true
    end,
    retired = function() return false end,
    continue = function(child) child.continued = true end,
    failure = function(child) return child.failure end,
    start = function()
      world.started = world.started + 1
      return {id = world.started, says = {}, claimed = {[0] = 0, 0}, limit = {[0] = 0, 0}}
    end,
    kill = function(child)
      world.killed[child] = true
      child.says[#child.says + 1] = {protocol.GONE}
    end,
    post = function(child, kind, ...) world.posts[#world.posts + 1] = {child, kind, ...} end,
    give = function(child, count, slot, id, mode, args)
      local refusal = world.refuses and world.refuses(count, args)
      if refusal then error(refusal, 0) end
      child.claimed[slot], child.limit[slot] = 0, count
      world.given[#world.given + 1] = {child = child, count = count, slot = slot, args = args}
      return 0
    end,
    claimed = function(child, slot) return child.claimed[slot], child.limit[slot], world.age or 0 end,
    retract = function(child, slot, keep)
      local limit = math.max(keep, child.claimed[slot])
      child.limit[slot] = math.min(child.limit[slot], limit)
      return child.claimed[slot], child.limit[slot]
    end,
    collect = function(child, results, at, most)
      local n = 0
      while child.says[1] do
        local said = table.remove(child.says, 1)
        if said[1] ~= protocol.OK or n >= most then return n, unpack(said, 1, said.n or #said) end
        results[at + n] = said[2]
        n = n + 1
      end
      return n
    end,
  }
  world.loop = {add = nothing, remove = nothing, watch = nothing, unwatch = nothing}
  return world
end

local function new_pool(world, size, options)
  return new_scheduler{system = world.system, loop = world.loop, size = size, name = 'pool', share = 1, options = options or {}}
end

-- A pool of one worker that has a job of n tasks in one chunk.
local function working_on(job, options)
  local world = new_world()
  local pool = new_pool(world, 1, options)
  local worker = pool.crew.workers[1]
  worker.ready = true
  job.chunk = job.chunk or job.last
  job.id, job.f = 1, print
  pool:add_job(job)
  pool:assign()
  assert.is_true(#worker.chunks > 0)
  worker.child.claimed[0] = worker.chunks[1].n
  return pool, worker, world
end

local function says(pool, worker, ...)
  worker.child.says = {...}
  pool.crew:hear(worker)
end

local OK, LAST, FAILED, DONE = protocol.OK, protocol.LAST, protocol.FAILED, protocol.CHUNK_DONE

describe('what a worker says', function()
  it('is taken for the tasks of its chunk, in their order', function()
    local job = job_of(3)
    local pool, worker, world = working_on(job)
    says(pool, worker, {OK, 'a'}, {FAILED, 'text', 'traceback'}, {LAST, 0.1, 'c'})
    assert.same({'a', nil, 'c'}, job.values)
    assert.equal('text', job.errors[2].message)
    assert.is_true(job:idle())
    assert.same({}, world.killed)
    assert.same({}, worker.chunks)
  end)

  it('may be put into the list of results directly, while somebody wants them', function()
    local job = job_of(3, {results = {}})
    local pool, worker = working_on(job)
    says(pool, worker, {OK, 'a'}, {OK, 'b'})
    assert.same({'a', 'b'}, job.results)
    assert.equal(2, job.ended)
    job:abort('enough')
    says(pool, worker, {OK, 'c'}, {DONE, 0.1})
    assert.same({'a', 'b'}, job.results)
    assert.equal(2, job.ended)
    assert.equal(0, job.out)
  end)

  local function cuts_off(title, ...)
    local messages = {...}
    it('ends it when it is ' .. title, function()
      local job = job_of(2)
      local pool, worker, world = working_on(job)
      says(pool, worker, unpack(messages))
      assert.is_true(world.killed[worker.child])
      assert.is_true(worker.settled)
      assert.are_not.equal(worker, pool.crew.workers[1]) -- there is another
      assert.equal(0, job.out)
      local answered = 0
      for i = 1, 2 do
        if job.values[i] ~= nil or job.errors[i] ~= nil then answered = answered + 1 end
      end
      assert.equal(2, answered)
    end)
  end
  cuts_off('a result too many', {OK, 1}, {OK, 2}, {OK, 3})
  cuts_off('an error too many', {OK, 1}, {OK, 2}, {FAILED, 'x', ''})
  cuts_off('a last result too early', {LAST, 0.1, 1})
  cuts_off('a last result too late', {OK, 1}, {OK, 2}, {LAST, 0.1, 3})
  cuts_off('a last result without a time', {OK, 1}, {LAST, 'soon', 2})
  cuts_off('the end of a chunk too early', {OK, 1}, {DONE, 0.1})
  cuts_off('the end of a chunk without a time', {OK, 1}, {OK, 2}, {DONE, 'soon'})
  cuts_off('of a kind that nobody knows', {77})

  it('ends it when it has no chunk', function()
    for _, message in ipairs{{OK, 1}, {LAST, 0.1, 1}, {FAILED, 'x', ''}, {DONE, 0.1}} do
      local world = new_world()
      local pool = new_pool(world, 1)
      local worker = pool.crew.workers[1]
      worker.ready = true
      says(pool, worker, message)
      assert.is_true(world.killed[worker.child])
    end
  end)
end)

describe('the end of a worker', function()
  local function gone(pool, worker, claimed, ...)
    worker.child.claimed[0] = claimed
    worker.child.failure = {code = 'died', signal = 9}
    local said = {...}
    said[#said + 1] = {protocol.GONE}
    says(pool, worker, unpack(said))
  end

  it('is the end of the task that was running, and of none that had not begun', function()
    local job = job_of(5)
    local pool, worker = working_on(job)
    gone(pool, worker, 3, {OK, 'a'}, {OK, 'b'})
    assert.same({'a', 'b'}, job.values)
    assert.equal('died', job.errors[3].code)
    assert.equal('4-5', ranges(job))
    assert.equal(0, job.out)
  end)

  it('is believed no more claims than there were tasks', function()
    local job = job_of(3)
    local pool, worker = working_on(job)
    gone(pool, worker, 1000, {OK, 'a'})
    assert.equal('died', job.errors[2].code)
    assert.equal('died', job.errors[3].code)
    assert.is_nil(job.errors[4])
    assert.equal(0, job.out)
  end)

  it('is settled once', function()
    local job = job_of(3)
    local pool, worker, world = working_on(job)
    gone(pool, worker, 0)
    pool.crew:ended(worker)
    assert.equal(2, world.started)
    assert.equal(1, pool.crew.counts.replaced)
    assert.equal('1-3', ranges(job))
    assert.equal(0, job.out)
  end)

  it('before it begins a chunk, again and again, is the fault of the first task', function()
    local job = job_of(2)
    local pool, worker = working_on(job)
    for _ = 1, 3 do
      gone(pool, worker, 0)
      worker = pool.crew.workers[1]
      worker.ready = true
      pool:assign()
    end
    assert.equal('died', job.errors[1].code)
    assert.is_nil(job.errors[2])
  end)

  it('before it is ready is the end of the pool at the third time', function()
    local world = new_world()
    local pool = new_pool(world, 1)
    for i = 1, 3 do
      assert.is_nil(pool.queue.broken)
      assert.equal(i, world.started)
      gone(pool, pool.crew.workers[1], 0)
    end
    assert.matches('could not start', pool.queue.broken.message)
    assert.equal(3, world.started)
  end)
end)

describe('a task that is stopped', function()
  it('is the one that was meant, or none', function()
    local job = job_of(3)
    local pool, worker, world = working_on(job)
    local chunk = worker.chunks[1]
    worker.child.claimed[0] = 2
    assert.is_false(pool.crew:stop_task(worker, chunk, 1, error)) -- it has gone on to the next
    assert.is_true(worker.child.continued)
    worker.child.says = {{OK, 'a'}, {OK, 'b'}}
    assert.is_false(pool.crew:stop_task(worker, chunk, 2, error)) -- it is done
    assert.same({}, world.killed)
    worker.child.claimed[0] = 3
    assert.is_true(pool.crew:stop_task(worker, chunk, 3, function() return {code = 'late'} end))
    assert.equal('late', job.errors[3].code)
  end)
end)

describe('a job', function()
  local function error_with(code) return {code = code, summary = 'x'} end

  it('gives out what came back first, lower numbers before, and never more than asked for', function()
    local job = job_of(10)
    assert.same({1, 4}, {job:take_range(4)})
    job:put_back(3, 4)
    job:put_back(1, 1)
    job:put_back(5, 4) -- none
    assert.equal('1-1 3-4', ranges(job))
    assert.same({1, 1}, {job:take_range(3)})
    assert.same({3, 3}, {job:take_range(1)})
    assert.same({4, 4}, {job:take_range(9)})
    assert.same({5, 10}, {job:take_range(100)})
    assert.is_nil(job:take_range(1))
  end)

  it('tries a task again as often as asked, but not what would fail again', function()
    local job = job_of(3, {retries = 2})
    job:take(3)
    for attempt = 1, 3 do
      assert.is_nil(job.errors[1])
      job:fail(1, error_with('failed'))
      if attempt < 3 then
        assert.equal('1-1', ranges(job))
        job:take(1)
      end
    end
    assert.equal(3, job.errors[1].attempts)
    job:fail(2, error_with('cancelled'))
    job:fail(3, error_with('unsupported'))
    assert.equal('cancelled', job.errors[2].code)
    assert.equal('unsupported', job.errors[3].code)
    assert.equal('', ranges(job))
    assert.is_true(job:idle())
  end)

  it('that was given up takes nothing back and hears of nothing', function()
    local job = job_of(5)
    job:take(3)
    job:abort('why')
    job:abort('another')
    job:complete(1, 'late')
    job:fail(2, error_with('failed'))
    job:give_up(3, 3)
    assert.equal('why', job.aborted)
    assert.same({}, job.values)
    assert.same({}, job.errors)
    assert.equal('', ranges(job))
    assert.equal(0, job.ended)
    assert.is_true(job:idle())
  end)
end)

describe('the queue', function()
  it('breaks down for the first reason, and tells everybody', function()
    local queue, told = new_queue(), 0
    queue:add(job_of(3, {on_abort = function() told = told + 1 end}))
    queue:add(job_of(3))
    queue:breakdown('first')
    queue:breakdown('second')
    assert.equal('first', queue.broken)
    assert.equal(1, told)
    assert.equal(0, #queue)
    assert.is_nil(queue:take(1))
  end)
end)

describe('giving out', function()
  it('uses the other slot for the chunk that comes ahead', function()
    local job = job_of(4, {chunk = 1, cost = 0.001})
    local pool, worker, world = working_on(job)
    pool:assign()
    assert.equal(2, #worker.chunks)
    assert.equal(0, world.given[1].slot)
    assert.equal(1, world.given[2].slot)
    pool:assign()
    assert.equal(2, #worker.chunks) -- and no third
  end)

  it('sends a function once, and again after it was forgotten', function()
    local job = job_of(2, {chunk = 1, cost = 0.001})
    local pool, worker, world = working_on(job)
    pool:assign()
    assert.equal(1, #world.posts)
    assert.equal(protocol.FUNCTION, world.posts[1][2])
    worker.chunks = {}
    pool.crew:forget_function(1)
    job:put_back(1, 1)
    pool:assign()
    assert.equal(protocol.FORGET, world.posts[2][2])
    assert.equal(protocol.FUNCTION, world.posts[3][2])
  end)

  it('gives a worker no more tasks than it may have', function()
    local job = job_of(10, {chunk = 2, cost = 0.001})
    local pool, worker, world = working_on(job, {max_tasks = 3})
    pool:assign()
    pool:assign()
    assert.equal(3, worker.taken)
    assert.equal(1, world.given[2].count)
    says(pool, worker, {OK, 'a'}, {LAST, 0.001, 'b'})
    pool:assign()
    assert.equal(1, #worker.chunks)
    assert.equal(2, #world.given)
  end)

  it('takes back what a worker has not begun for a job that is dropped', function()
    local job = job_of(6)
    local pool, worker = working_on(job)
    worker.child.claimed[0] = 2
    pool:drop_job(job, 'why')
    assert.equal(2, worker.chunks[1].n)
    assert.equal(2, worker.taken)
    assert.equal(2, job.out)
    says(pool, worker, {OK, 'a'}, {LAST, 0.1, 'b'})
    assert.equal(0, job.out)
    assert.is_false(pool.crew:works_on(job))
  end)

  it('puts a chunk back whose worker is gone, and fails a task that cannot travel', function()
    local job = job_of(4, {chunk = 4, id = 1, f = print})
    local world = new_world()
    local pool = new_pool(world, 1)
    pool.crew.workers[1].ready = true
    pool:add_job(job)
    world.refuses = function(count, args)
      if count > 1 or args[1] < 3 then return {code = 'unsupported', message = 'values 4[1]: no'} end
    end
    pool:assign() -- each on its own, until one is taken
    assert.equal('argument: no', job.errors[1].message)
    assert.equal('argument: no', job.errors[2].message)
    assert.is_nil(job.errors[3])
    assert.equal('4-4', ranges(job))
    assert.equal(1, job.out)
    world.refuses = function() return {code = 'died', message = 'x'} end
    says(pool, pool.crew.workers[1], {LAST, 0.1, 'c'})
    pool:assign()
    assert.is_nil(job.errors[4])
    assert.equal('4-4', ranges(job))
    assert.equal(0, job.out)
    assert.equal(2, world.started)
  end)
end)

