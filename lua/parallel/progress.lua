--- Progress on standard error: one line that is rewritten on a terminal (`63% 630/1000 41/s ETA 9s`), a line now and then
-- elsewhere. PARALLEL_PROGRESS=0 silences it.
local core = require 'parallel.core'

local progress = {}
progress.__index = progress

local TERMINAL_SECONDS = 0.1 -- between updates of a terminal's line
local SPARSE_SECONDS = 10 -- between lines elsewhere
local STDERR = 2

local function duration(seconds)
  if seconds < 1 then return ('%.1fs'):format(seconds) end
  if seconds < 60 then return ('%ds'):format(math.ceil(seconds)) end
  if seconds < 3600 then return ('%dm%02ds'):format(math.floor(seconds / 60), math.floor(seconds % 60)) end
  return ('%dh%02dm'):format(math.floor(seconds / 3600), math.floor(seconds % 3600 / 60))
end

local function per_second(rate)
  if rate >= 1e6 then return ('%.1fM/s'):format(rate / 1e6) end
  if rate >= 1e4 then return ('%.0fk/s'):format(rate / 1e3) end
  if rate >= 10 then return ('%.0f/s'):format(rate) end
  return ('%.2g/s'):format(rate)
end

--- what: true, a label, or function(done, total, seconds) which is called instead. total: nil when nobody knows.
function progress.new(what, total)
  local self = setmetatable({total = total, began = core.clock(), width = 0}, progress)
  if type(what) == 'function' then
    self.report = what
  elseif type(what) == 'string' then
    self.label = what .. ' '
  end
  self.silent = not self.report and os.getenv('PARALLEL_PROGRESS') == '0'
  self.terminal = not self.report and core.is_terminal(STDERR)
  self.every = (self.terminal or self.report) and TERMINAL_SECONDS or SPARSE_SECONDS
  self.due = self.began + self.every
  return self
end

--- The text for so many finished tasks.
function progress:line(done, seconds)
  local rate = seconds > 0 and done / seconds or 0
  local text = self.label or ''
  if not self.total then return ('%s%d %s'):format(text, done, per_second(rate)) end
  local share = self.total > 0 and done / self.total or 1
  text = ('%s%d%% %d/%d %s'):format(text, math.floor(share * 100), done, self.total, per_second(rate))
  if done >= self.total then return ('%s in %s'):format(text, duration(seconds)) end
  return rate > 0 and ('%s ETA %s'):format(text, duration((self.total - done) / rate)) or text
end

local function write(self, text, last)
  if self.terminal then
    local pad = (' '):rep(math.max(0, self.width - #text))
    self.width = #text
    io.stderr:write('\r', text, pad, last and '\n' or '')
  else
    io.stderr:write(text, '\n')
  end
  io.stderr:flush()
end

local function tell(self, done, now, last)
  local seconds = now - self.began
  if self.report then return self.report(done, self.total, seconds) end
  write(self, self:line(done, seconds), last)
end

--- Shows how far it is, when it is time for that. Returns the seconds until it is time again.
function progress:show(done)
  if self.silent then return nil end
  local now = core.clock()
  if now >= self.due then
    self.due = now + self.every
    tell(self, done, now)
  end
  return self.due - now
end

--- The last line.
function progress:finish(done, failed)
  if self.silent then return end
  if failed and not self.terminal then return end
  if failed and self.report then return end
  tell(self, done, core.clock(), true)
end

return progress
