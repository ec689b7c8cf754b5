-- One timeline over all hosts: by the clock of the program, whatever the clocks of the hosts say. Clocks are known as well as half of the
-- quickest exchange between bridge and agent took: on a busy machine that is long, but no longer than the program runs.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

local core = require 'parallel.core'

-- The events of a run, checked line by line, the names of its processes, and how long it took; the times in microseconds.
local function trace_of(code)
  local path = support.scratch('.json')
  local head = "package.path = 'tests/cluster/?.lua;' .. package.path local world, parallel = require 'world', require 'parallel'\n"
  local began = core.clock()
  local out, status = support.script(head .. code, {env = 'PARALLEL_TRACE=' .. support.quote(path)})
  local took = (core.clock() - began) * 1e6
  assert.equal(0, status, out)
  local text = support.read_file(path)
  os.remove(path)
  assert.matches('^{"displayTimeUnit":"ms","traceEvents":%[\n', text)
  assert.matches('\n%]}\n$', text)
  local events, names = {}, {}
  for line in text:gmatch('\n({[^\n]*})') do
    local event = {name = line:match('"name":"([^"]*)"'), pid = tonumber(line:match('"pid":(%d+)')), ts = tonumber(line:match('"ts":([%d.]+)'))}
    assert.is_truthy(event.name and event.pid, line)
    events[#events + 1] = event
    if event.name == 'process_name' then names[event.pid] = line:match('"args":{"name":"([^"]*)"') end
  end
  return events, names, took
end

describe('the timeline', function()
  for what, launcher in pairs{['with the same clock'] = '', ['with another clock'] = 'unshare --time --monotonic 5000 --fork '} do
    it('has children on hosts ' .. what, function()
      if launcher ~= '' and select(2, support.shell(launcher .. 'true')) ~= 0 then return pending('no other clocks can be had here') end
      local events, names, slack = trace_of(([[
        local pool = parallel.pool{hosts = {
          world.host('h1', {slots = 1, launcher = 'ssh -T {host} %s{cmd}'}), world.host('h2', {slots = 1, launcher = 'ssh -T {host} %s{cmd}'})}}
        for round = 1, 3 do pool:map(function(i) require 'parallel.core'.sleep(0.002) return i end, {1, 2, 3, 4, 5, 6, 7, 8}, {chunk = 1}) end
        pool:close()
      ]]):format(launcher, launcher))
      local from, to, tasks, hosts = math.huge, 0, 0, {}
      for _, event in ipairs(events) do
        if event.pid < 5000000 and event.ts then from, to = math.min(from, event.ts), math.max(to, event.ts) end
      end
      for _, event in ipairs(events) do
        if event.pid >= 5000000 and event.ts then
          assert.is_true(event.ts >= from - slack and event.ts <= to + slack,
            ('%s at %.3f, not from %.3f to %.3f'):format(event.name, event.ts, from, to))
          hosts[names[event.pid]:match('^%S+')] = true
          if event.name == 'task' then tasks = tasks + 1 end
        end
      end
      assert.equal(24, tasks)
      assert.same({h1 = true, h2 = true}, hosts)
    end)
  end

  it('ends with its children, and loses nothing of one that has ended', function()
    local events, names = trace_of([[
      local child = parallel.run{host = world.host('h1'), name = 'far', code = function()
        for i = 1, 3000 do parallel.parent:send(i) end
        return parallel.run('return 7'):join()
      end}
      for i = 1, 3000 do assert(child:receive() == i) end
      assert(child:join() == 7)
    ]])
    local sent, runs = {}, 0
    for _, event in ipairs(events) do
      if event.pid >= 5000000 and event.name == 'send' then sent[event.pid] = (sent[event.pid] or 0) + 1 end
      if event.pid >= 5000000 and event.name == 'run' then runs = runs + 1 end
    end
    local most = 0
    for _, n in pairs(sent) do most = math.max(most, n) end
    assert.is_true(most >= 3000 and most < 3010, most .. ' sent') -- and what starts another child, and ends
    assert.equal(4, runs) -- of the child and of its own, begin and end
    local far
    for _, name in pairs(names) do far = far or name:match('^h1 .* far$') end
    assert.is_truthy(far)
  end)
end)
