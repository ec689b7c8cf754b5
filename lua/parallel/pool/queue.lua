--- The jobs of a pool that may have tasks to be given out, in the order in which they came: the first one goes first.
local queue = {}
queue.__index = queue

-- Field: broken, the error for which nothing is given out any more.
function queue.new() return setmetatable({}, queue) end

function queue:add(job) self[#self + 1] = job end

function queue:remove(job)
  for i, other in ipairs(self) do
    if other == job then return table.remove(self, i) end
  end
end

-- May this job have tasks to be given out?
local function has_tasks(job) return job.next_number <= job.last or job.ranges[1] or job.pull end

--- May any job have tasks to be given out?
function queue:has_tasks()
  for i = 1, #self do
    if has_tasks(self[i]) then return true end
  end
  return false
end

--- The next chunk for one of so many workers, of at most `most` tasks (nil: no limit); nil when there is none right now.
function queue:take(workers, most)
  for i = 1, #self do
    local job = self[i]
    if has_tasks(job) then
      local size = job:chunk_size(workers)
      local chunk = job:take(most and most < size and most or size)
      if chunk then return chunk end
    end
  end
end

--- How many tasks wait to be given out.
function queue:waiting()
  local n = 0
  for _, job in ipairs(self) do n = n + job:waiting() end
  return n
end

--- The pool cannot go on: everything that waits fails with this error. The first reason stays.
function queue:breakdown(err)
  self.broken = self.broken or err
  local jobs = {}
  for i = #self, 1, -1 do jobs[#jobs + 1], self[i] = self[i], nil end
  for _, job in ipairs(jobs) do
    job:abort(err)
    if job.on_abort then job:on_abort(err) end
  end
end

return queue
