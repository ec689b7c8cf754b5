-- Maps with a journal: what was kept is never lost and never computed again, whatever happens to the program and to the file.
-- PARALLEL_JOURNAL_KILLS=200 kills a mapping program that often.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'
local parallel = require 'parallel'
local core = require 'parallel.core'
local view = require 'parallel.view'

local message_of, error_of, numbers = support.message_of, support.error_of, support.numbers

-- How often each task ran, by what it wrote into a file.
local function runs(path)
  local counts, n = {}, 0
  for digits in (support.read_file(path) or ''):gmatch('%d+') do
    local number = tonumber(digits)
    counts[number], n = (counts[number] or 0) + 1, n + 1
  end
  return counts, n
end

-- number -> state of all that a journal keeps.
local function kept(path)
  local found, ok, db = {}, pcall(core.journal.open, path, true)
  if not ok then return found end -- it was killed before there was one
  for _, state in ipairs{'done', 'failed'} do
    local number = db:next(state, 0)
    while number do
      found[number] = state
      number = db:next(state, number)
    end
  end
  db:close()
  return found
end

-- Is there an SQLite at all? Where there is none each call says so, and the rest cannot be tested.
local there, why = pcall(core.journal.open, support.scratch('.db'), true)
if not there and tostring(why):find('libsqlite3 is missing', 1, true) then
  describe('SQLite', function()
    it('is missed with an advice', function() assert.matches('install it %(Debian: libsqlite3%-0%)', tostring(why)) end)
  end)
  return
end

-- Kills a program, and waits until its workers have ended, too: they see its end a moment later.
local function kill_with_workers(child)
  local tree
  child:kill('STOP') -- it starts no others
  support.eventually(function()
    tree = view.tree(child.unixid)
    return not tree or tree.state ~= 'R'
  end)
  child:kill('KILL')
  pcall(child.join, child)
  local function await(node)
    assert.is_true(support.eventually(function() return not support.exists(node.pid) end))
    for _, below in ipairs(node.children) do await(below) end
  end
  if tree then await(tree) end
end

describe('a map with a journal', function()
  local path, log
  before_each(function()
    path, log = support.scratch('.db'), support.scratch('.log')
  end)
  after_each(function()
    for _, name in ipairs{path, path .. '-wal', path .. '-shm', log} do os.remove(name) end
  end)

  -- A task that leaves a trace, and fails for numbers in `bad`.
  local function counted(bad)
    local file = log
    return function(x)
      local out = io.open(file, 'a')
      out:write(x .. '\n')
      out:close()
      if bad and bad[x] then error('bad number ' .. x, 0) end
      return {x * x, tostring(x)}
    end
  end

  it('gives the same results again without running anything', function()
    local f = counted()
    for _, workers in ipairs{2, 0, 1} do
      local results = parallel.map(f, numbers(20), {journal = path, workers = workers})
      for i = 1, 20 do assert.same({i * i, tostring(i)}, results[i]) end
      assert.equal(20, #results)
    end
    local _, n = runs(log)
    assert.equal(20, n)
  end)

  it('keeps nil, false, functions and tensors', function()
    local function f(x)
      if x == 1 then return nil elseif x == 2 then return false elseif x == 3 then return function() return 'called' end end
      return parallel.tensor.DoubleTensor(3):fill(x)
    end
    for _ = 1, 2 do
      local results = parallel.map(f, numbers(4), {journal = path, workers = 1})
      assert.is_nil(results[1])
      assert.is_false(results[2])
      assert.equal('called', results[3]())
      assert.equal(12, results[4]:sum())
    end
  end)

  it('goes on after an error, and tries what failed again when asked', function()
    local bad = {[3] = true, [7] = true}
    local f = counted(bad)
    local results, errors = parallel.map(f, numbers(8), {journal = path, workers = 2, on_error = 'skip'})
    assert.same({3, 7}, {errors[3].task, errors[7].task})
    assert.same({16, '4'}, results[4])
    local _, n = runs(log)
    assert.equal(8, n)

    results, errors = parallel.map(f, numbers(8), {journal = path, workers = 2, on_error = 'skip'})
    assert.same({64, '8'}, results[8])
    assert.is_true(errors[3].kept)
    assert.matches("bad number 3 (kept in ", tostring(errors[3]), 1, true)
    local err = error_of(parallel.map, f, numbers(8), {journal = path, workers = 2})
    assert.matches("retry='failed' tries it again", tostring(err), 1, true)
    assert.equal(8, (select(2, runs(log))))

    results, errors = parallel.map(f, numbers(8), {journal = path, workers = 2, on_error = 'skip', retry = 'failed'})
    assert.is_nil(errors[3].kept)
    assert.same({1, '1'}, results[1])
    local counts = runs(log)
    assert.same({1, 1, 2, 1, 1, 1, 2, 1}, counts)
  end)

  it('refuses another function, list or seed, unless it is to be reused', function()
    local factor = 2
    local function double(x) return factor * x end
    assert.same({2, 4, 6}, parallel.map(double, {1, 2, 3}, {journal = path}))
    factor = 3
    assert.matches('made by another function or with other options %(map at .*journal_spec.lua:%d+, as now%).*journal_mode=',
      message_of(parallel.map, double, {1, 2, 3}, {journal = path}))
    factor = 2
    assert.matches('made by another function', message_of(parallel.map, double, {1, 2, 3}, {journal = path, seed = 5}))
    assert.matches('made by another function', message_of(parallel.pairs_map, double, {1, 2, 3}, {journal = path}))
    assert.matches('made for a list of 3 elements, this one has 4', message_of(parallel.map, double, {1, 2, 3, 4}, {journal = path}))
    assert.matches('element 2 of the list is not what it was', message_of(parallel.map, double, {1, 5, 3}, {journal = path}))
    factor = 10
    assert.same({2, 50, 6, 40}, parallel.map(double, {1, 5, 3, 4}, {journal = path, journal_mode = 'reuse'}))
    assert.same({10, 20}, parallel.map(double, {1, 2}, {journal = path, journal_mode = 'new'}))
  end)

  it('knows the same list in any order of its tables\' keys', function()
    local function f(t) return t.a + #t.name end
    local function list(order)
      local t = {}
      for _, key in ipairs(order) do t[key] = key == 'name' and 'abc' or key == 'a' and 1 or key end
      return {t, {a = 2, name = ''}}
    end
    local before = parallel.map(f, list{'a', 'name', 'x', 'y', 1.5, true}, {journal = path})
    assert.same(before, parallel.map(f, list{true, 'y', 1.5, 'x', 'name', 'a'}, {journal = path}))
    assert.equal(2, (function() local n = 0 for _ in pairs(kept(path)) do n = n + 1 end return n end)())
  end)

  it('works for pairs_map, and for imap with what it reads', function()
    local function f(value, key) return (key or '') .. value end
    for _ = 1, 2 do assert.same({a = 'a1', b = 'b2'}, parallel.pairs_map(f, {a = 1, b = 2}, {journal = path})) end
    local pool, other, g = parallel.pool{workers = 2}, support.scratch('.db'), counted()
    local function read(n, stop)
      local i, sum = 0, 0
      for number, value in pool:imap(g, function() i = i + 1 return i <= n and i or nil end, {journal = other, in_flight = 4}) do
        sum = sum + value[1]
        if number == stop then break end
      end
      return sum
    end
    assert.equal(91, read(10, 6))
    assert.equal(2870, read(20))
    assert.equal(2870, read(20))
    for number, count in pairs((runs(log))) do assert.equal(number <= 6 and 1 or count, count) end
    assert.equal(20, #(runs(log)))
    local again = function()
      for _ in pool:imap(g, function() return 7 end, {journal = other}) do error('nothing was to come') end
    end
    assert.matches('element 1 of the list is not what it was', message_of(again))
    pool:close()
    for _, suffix in ipairs{'', '-wal', '-shm'} do os.remove(other .. suffix) end
  end)

  it('belongs to one program at a time', function()
    local gate = support.gate()
    local child = parallel.run(function(file, wait_for, root)
      package.path = root .. '/tests/lua/?.lua;' .. package.path
      parallel.map(function(x) return x end, {1}, {journal = file, workers = 0})
      local pool = parallel.pool{workers = 0}
      for _ in pool:imap(function(x) return x end, {1, 2}, {journal = file .. '2'}) do
        parallel.parent:send('open')
        require 'support'.await_file(wait_for)
      end
    end, path, gate.path, support.root)
    assert.equal('open', child:receive())
    assert.matches('is in use by another program', message_of(parallel.map, counted(), {1}, {journal = path .. '2'}))
    assert.same({[1] = 'done'}, kept(path .. '2')) -- looking at it is allowed
    gate.open()
    child:join()
    gate.remove()
    for _, suffix in ipairs{'', '-wal', '-shm'} do os.remove(path .. '2' .. suffix) end
  end)

  it('is refused where the file is something else, and that is left as it is', function()
    local f = counted()
    support.write_file(path, ('this is a text, and no database\n'):rep(100))
    assert.matches('this is no journal, and no database', message_of(parallel.map, f, {1}, {journal = path}))
    assert.equal(3200, #support.read_file(path))
    os.remove(path)
    assert.matches('cannot open', message_of(parallel.map, f, {1}, {journal = support.build}))
    assert.matches('cannot open', message_of(parallel.map, f, {1}, {journal = path .. '/no/such/folder'}))
    assert.matches("option 'journal' must be the name of a file", message_of(parallel.map, f, {1}, {journal = 5}))
    assert.matches("'retry' must be 'failed'", message_of(parallel.map, f, {1}, {journal = path, retry = 3}))
    assert.matches("option 'journal_mode' is of a journal", message_of(parallel.map, f, {1}, {journal_mode = 'new'}))
    assert.matches("there is no option 'journal'", message_of(parallel.pool, {journal = path}))
    assert.is_nil((next((runs(log)))))
  end)

  it('is a file whatever its name is', function()
    local folder = support.scratch('.folder')
    os.execute('mkdir ' .. support.quote(folder))
    for _, name in ipairs{':memory:', 'file:run.db', '-x'} do -- SQLite knows what it would make of these
      for round = 1, 2 do
        local child = parallel.run{cwd = folder, args = {name}, code = function(file)
          local count = 0
          require 'parallel'.map(function(x) count = count + 1 return x end, {1, 2}, {journal = file, workers = 0})
          return count, io.open(file) ~= nil
        end}
        assert.same({round == 1 and 2 or 0, true}, {child:join()}, name)
      end
    end
    os.execute('rm -r ' .. support.quote(folder))
  end)

  it('is refused where the database is of another program, or damaged', function()
    local f = counted()
    assert.same({{1, '1'}}, parallel.map(f, {1}, {journal = path}))
    local bytes = support.read_file(path)
    support.write_file(path, bytes:sub(1, 68) .. 'XXXX' .. bytes:sub(73)) -- the application id
    assert.matches('belongs to another program', message_of(parallel.map, f, {1}, {journal = path}))
    support.write_file(path, bytes:sub(1, 60) .. '\0\0\0\9' .. bytes:sub(65)) -- the user's version
    assert.matches('written by another release', message_of(parallel.map, f, {1}, {journal = path}))
    for at = 1, #bytes - 200, 997 do -- anything may be wrong but nothing may crash or hang
      support.write_file(path, bytes:sub(1, at) .. ('\255'):rep(200) .. bytes:sub(at + 201))
      for _, suffix in ipairs{'-wal', '-shm'} do os.remove(path .. suffix) end
      pcall(parallel.map, f, {1}, {journal = path, workers = 0})
    end
  end)

  it('says so when the disk is full, and keeps what it has', function()
    local out = support.script(([[
      local parallel = require 'parallel'
      local list = {}
      for i = 1, 400 do list[i] = i end
      print(pcall(parallel.map, function(x) return ('x'):rep(2000) .. x end, list, {journal = %q, workers = 0}))
    ]]):format(path), {before = "trap '' XFSZ; ulimit -f 200;"})
    assert.matches('false\tjournal .*: disk I/O error', out)
    local n = 0
    for _, state in pairs(kept(path)) do n = n + (state == 'done' and 1 or 0) end
    assert.is_true(n < 400)
  end)

  it('survives its program being killed, again and again', function()
    local kills = tonumber(os.getenv('PARALLEL_JOURNAL_KILLS')) or 6
    local n = 100 + 10 * kills
    local function program(file, trace, count)
      local list = {}
      for i = 1, count do list[i] = i end
      local results = parallel.map(function(x)
        local out = io.open(trace, 'a')
        out:write(x .. '\n')
        out:close()
        require 'parallel.core'.sleep(0.001)
        return x * x
      end, list, {journal = file, workers = 2})
      local right = #results == count
      for i = 1, count do right = right and results[i] == i * i end
      return right
    end
    local already = {}
    local function written() return support.read_file(log) or '' end
    for round = 1, kills do
      local before = #written()
      local child = parallel.run(program, path, log, n)
      local function goes_on()
        for number in pairs(kept(path)) do
          if not already[number] then return true end
        end
        return child:status() ~= 'running'
      end
      if round % 2 == 0 then support.eventually(goes_on) end -- else it is killed while it starts, or soon
      core.sleep(math.random() * 0.05)
      kill_with_workers(child)
      for number in written():sub(before + 1):gmatch('%d+') do assert.is_nil(already[tonumber(number)], number) end
      local now = kept(path)
      for number in pairs(already) do assert.equal('done', now[number]) end
      already = now
    end
    assert.is_truthy(next(already))
    local before = #written()
    assert.is_true((parallel.run(program, path, log, n):join()))
    for number in written():sub(before + 1):gmatch('%d+') do assert.is_nil(already[tonumber(number)], number) end
  end)
end)
