-- Found as `xlua` where Torch's package of that name is not installed: its progress bar. Like the real one, it also
-- sets the global.
local core = require 'parallel.core'

local xlua = {print = print}

local WIDTH = 40
local REFRESH = 0.1 -- seconds between two pictures of the same bar

local started, shown_at, drawn

local function duration(seconds)
  if seconds < 1 then return ('%.0fms'):format(seconds * 1000) end
  if seconds < 60 then return ('%.0fs'):format(seconds) end
  local minutes = math.floor(seconds / 60)
  if minutes < 60 then return ('%.0fm%02.0fs'):format(minutes, seconds % 60) end
  return ('%.0fh%02.0fm'):format(math.floor(minutes / 60), minutes % 60)
end

local function draw(current, goal, passed)
  local filled = math.floor(WIDTH * math.min(1, current / goal) + 0.5)
  local bar = ('='):rep(math.max(0, filled - 1)) .. (filled > 0 and '>' or '') .. ('.'):rep(WIDTH - filled)
  local line = (' [%s] %s/%s | %s'):format(bar, tostring(current), tostring(goal), duration(passed))
  if current > 0 and current < goal then line = line .. ' | ETA ' .. duration(passed / current * (goal - current)) end
  local erase = drawn and #drawn > #line and (' '):rep(#drawn - #line) or ''
  io.write('\r', line, erase)
  io.flush()
  drawn = line
end

--- One bar at a time: progress(1, 100) ... progress(100, 100) ends its line.
function xlua.progress(current, goal)
  local now = core.clock()
  if not started or current <= 1 then started, shown_at, drawn = now, nil, nil end
  local last = current >= goal
  if not last and shown_at and now - shown_at < REFRESH then return end
  shown_at = now
  draw(current, goal, now - started)
  if last then
    io.write('\n')
    started = nil
  end
end

_G.xlua = xlua
return xlua
