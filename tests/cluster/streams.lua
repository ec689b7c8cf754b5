--- Numbered messages to and from children, and a program that exchanges some with its own: nothing may be lost, doubled or broken.
local support = require 'support'
local assert = require 'luassert'
local world = require 'world'
local parallel = require 'parallel'

local streams = {}
local patience = {timeout = support.patience}

--- A child that sends three numbers and its process id, and then waits; they have come when this returns.
function streams.talker(host)
  local child = parallel.run{host = host, code = function()
    for i = 1, 3 do parallel.parent:send(i) end
    parallel.parent:send(parallel.pid)
    parallel.yield() -- comes behind them
    parallel.parent:receive()
  end}
  child:join('go on', patience)
  return child
end

--- What had come of it is received, then the error says why nothing more does.
function streams.expect_death(child, pattern)
  for i = 1, 3 do assert.equal(i, child:receive(patience)) end
  child:receive(patience)
  local err = support.error_of(function() child:receive(patience) end)
  assert.equal('died', err.code, tostring(err))
  if pattern then assert.matches(pattern, tostring(err)) end
end

--- A child that sends numbered texts without end, long ones or short ones.
function streams.flood(host, size)
  return parallel.run{host = host, code = function(bytes)
    local text, i = ('x'):rep(bytes), 0
    while true do
      i = i + 1
      parallel.parent:send(text .. ':' .. i)
    end
  end, args = {size}}
end

--- f() returns the error of a child's end, if it had one: it may be lost, and f is called again, up to three times in all, since a machine
--- may stand still for as long as nobody may be silent.
function streams.expect_survival(f)
  local err
  for _ = 1, 3 do
    err = f()
    if not err then return end
    assert.equal('died', err.code, tostring(err))
    world.expect_empty()
  end
  assert.is_nil(err)
end

local function check(got, text, number)
  if got ~= text .. number then error(('message %d is another: %s'):format(number, tostring(got):sub(-20))) end -- too many for assert
end

--- The messages from number `from` to `to` of such a child come.
function streams.expect_next(child, size, from, to)
  local text = ('x'):rep(size) .. ':'
  for number = from, to do check(child:receive(patience), text, number) end
end

--- Such a child on h1, whose first n messages have come though the link was cut for two seconds after the first ones.
function streams.flood_through_a_cut(host, size, n)
  local child
  streams.expect_survival(function()
    child = streams.flood(host, size)
    local ok, err = pcall(function()
      streams.expect_next(child, size, 1, 2)
      world.cut('h1')
      require 'parallel.core'.sleep(2)
      world.join('h1')
      streams.expect_next(child, size, 3, n)
    end)
    if not ok and type(err) ~= 'table' then error(err, 0) end
    return not ok and err or nil
  end)
  return child
end

--- What comes is whole, and the next one each time, from number `from` on. Returns the error of the end.
function streams.expect_whole(child, size, from)
  local text = ('x'):rep(size) .. ':'
  while true do
    local ok, got = pcall(child.receive, child, patience)
    if not ok then return got end
    check(got, text, from)
    from = from + 1
  end
end

--- Code of a child that sends back what comes, until 'stop' does.
function streams.echo()
  while true do
    local message = parallel.parent:receive()
    if message == 'stop' then return end
    parallel.parent:send(message)
  end
end

--- Such a child, which has answered.
function streams.echoing(host)
  local child = parallel.run{host = host, code = streams.echo}
  child:send('there')
  assert.equal('there', child:receive(patience))
  return child
end

--- Sends short and long messages to such a child and takes them back; happen() is called in between. Returns the error of the child's end, if
-- it had one.
function streams.both_ways(child, happen)
  local sizes, n, ahead = {20, 2 ^ 16, 2 ^ 20}, 90, 12
  local function text_of(i) return ('x'):rep(sizes[i % #sizes + 1]) .. ':' end
  local ok, err = pcall(function()
    for i = 1, n + ahead do
      if i == 20 then happen() end
      if i <= n then child:send(text_of(i) .. i) end
      if i > ahead then check(child:receive(patience), text_of(i - ahead), i - ahead) end
    end
    child:send('stop')
    child:join()
  end)
  if not ok and type(err) ~= 'table' then error(err, 0) end
  return not ok and err or nil
end

local program = {}
program.__index = program

--- A program of its own that asks children on two hosts again and again, until finish() is called, which returns what it printed.
function streams.program()
  local path, ready, gate = support.scratch('.lua'), support.scratch('.ready'), support.gate()
  support.write_file(path, ([[
    package.path = '%s/tests/cluster/?.lua;' .. package.path
    local world, parallel = require 'world', require 'parallel'
    local children = {}
    for i, name in ipairs{'h1', 'h2'} do children[i] = parallel.run{host = world.host(name), code = require 'streams'.echo} end
    local function ask(text)
      for _, child in ipairs(children) do child:send(text) end
      for _, child in ipairs(children) do assert(child:receive() == text) end
    end
    ask('before')
    local file = io.open('%s.part', 'w')
    file:write(parallel.pid)
    file:close()
    os.rename('%s.part', '%s')
    local i, gate = 0, nil
    repeat
      i = i + 1
      ask('again' .. i)
      gate = io.open('%s')
    until gate
    gate:close()
    print('good')
  ]]):format(support.root, ready, ready, ready, gate.path))
  local self = setmetatable({path = path, gate = gate}, program)
  self.pipe = io.popen(('%s/tools/lua %s %s 2>&1'):format(support.quote(support.root), support.version, support.quote(path)))
  assert.is_true(support.await_file(ready))
  self.pid = tonumber(support.read_file(ready))
  os.remove(ready)
  return self
end

function program:finish()
  self.gate.open()
  local said = self.pipe:read('*a')
  self.pipe:close()
  self.gate.remove()
  os.remove(self.path)
  return said
end

return streams
