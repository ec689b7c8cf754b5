--- Progress on standard error. On a terminal one line for each map that runs, redrawn in place and as wide as the terminal is at that
-- moment (`primes [=====>    ] 63% 630/1000 41/s ETA 9s 2 failed`); elsewhere, and in children, a line every 10 seconds.
-- PARALLEL_PROGRESS=0 silences it.
local core = require 'parallel.core'
local terminal = require 'parallel.terminal'

local progress = {}
progress.__index = progress

local TERMINAL_SECONDS = 0.1 -- between updates of a terminal's line
local SPARSE_SECONDS = 10 -- between lines elsewhere
local WINDOW_SECONDS = 15 -- the rate is that of so long
local STALE_SECONDS = 5 -- the row of one that says nothing for so long goes: a stream that nobody reads any more
local LEAST_BAR, MOST_BAR = 10, 40 -- columns

-- --- words ---

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

-- --- the bars of this terminal ---

-- All that are shown, in the order of their rows; what each row says; and how wide the terminal was then.
local bars, rows, columns = {}, {}, 0

-- Back to the first row, which is further up when the terminal got narrower and the rows broke.
local function erase()
  local up = -1
  for _, row in ipairs(rows) do up = up + math.max(1, math.ceil(#row / math.max(1, columns))) end
  return (up > 0 and ('\r\27[%dA'):format(up) or '\r') .. '\27[J'
end

local function draw(now, before)
  columns = terminal.columns(terminal.STDERR) or 80
  local text = erase() .. (before or '')
  rows = {}
  for i = #bars, 1, -1 do
    if now - bars[i].shown > STALE_SECONDS then table.remove(bars, i).listed = false end
  end
  for i, bar in ipairs(bars) do rows[i] = bar:row(columns - 1) end -- a full row would break
  io.stderr:write(text, table.concat(rows, '\n'))
  io.stderr:flush()
end

--- What is written to the terminal next comes in the place of the bars, which are drawn again behind it.
function progress.hide()
  if not rows[1] then return end
  io.stderr:write(erase())
  io.stderr:flush()
  rows = {}
end

local function remove(bar)
  for i, one in ipairs(bars) do
    if one == bar then return table.remove(bars, i) end
  end
end

-- --- one of them ---

local function none() return 0 end

--- what: true, a label, or function(done, total, seconds, failed) which is called instead. total: nil when nobody knows.
-- failed, kept: functions that give how many tasks have failed, and how many of those done an earlier run has done.
function progress.new(what, total, failed, kept)
  local self = setmetatable({total = total, began = core.clock(), samples = {}, done = 0, label = ''}, progress)
  self.failed, self.kept = failed or none, kept or none
  if type(what) == 'function' then
    self.report = what
  elseif type(what) == 'string' then
    self.label = what .. ' '
  end
  local top = package.loaded.parallel == nil or package.loaded.parallel.id == 0
  self.silent = not self.report and os.getenv('PARALLEL_PROGRESS') == '0'
  self.terminal = not self.report and not self.silent and top and core.is_terminal(terminal.STDERR)
  self.every = (self.terminal or self.report) and TERMINAL_SECONDS or SPARSE_SECONDS
  self.due = self.began + self.every
  return self
end

-- Tasks per second lately, or in all if none ended lately.
function progress:rate(done, now)
  local samples = self.samples
  done = done - self.kept()
  samples[#samples + 1] = {now, done}
  while #samples > 2 and now - samples[2][1] >= WINDOW_SECONDS do table.remove(samples, 1) end
  local from = samples[1][2] < done and now - samples[1][1] >= 1 and samples[1] or {self.began, 0}
  return now > from[1] and (done - from[2]) / (now - from[1]) or 0
end

--- What is known, in words: the part before a bar, and the part behind it.
function progress:words(done, rate, seconds)
  local failed = self.failed()
  local behind = failed > 0 and (' %d failed'):format(failed) or ''
  if not self.total then return self.label, ('%d %s%s'):format(done, per_second(rate), behind) end
  local share = self.total > 0 and done / self.total or 1
  local text = ('%d%% %d/%d%s'):format(math.floor(share * 100), done, self.total, done > self.kept() and ' ' .. per_second(rate) or '')
  if done >= self.total then
    local kept = self.kept()
    return self.label, ('%s in %s%s%s'):format(text, duration(seconds), kept > 0 and (', %d kept'):format(kept) or '', behind)
  end
  return self.label, (rate > 0 and ('%s ETA %s'):format(text, duration((self.total - done) / rate)) or text) .. behind
end

--- One row of a terminal, at most so wide.
function progress:row(width)
  local before, behind = self:words(self.done, self.now_rate, core.clock() - self.began)
  local room = math.min(width - #before - #behind - 3, MOST_BAR)
  if not self.total or room < LEAST_BAR then
    local words = behind:sub(1, math.max(width, 1))
    return (before:sub(1, math.max(width - #words, 0)):gsub('.$', ' ')) .. words
  end
  local full = math.floor(room * math.min(1, self.total > 0 and self.done / self.total or 1))
  local bar = ('='):rep(full)
  if full > 0 and full < room then bar = bar:sub(2) .. '>' end
  return ('%s[%s%s] %s'):format(before, bar, (' '):rep(room - full), behind)
end

local function tell(self, done, now)
  local seconds = now - self.began
  if self.report then return self.report(done, self.total, seconds, self.failed()) end
  self.done, self.now_rate = done, self:rate(done, now)
  if self.terminal then
    if not self.listed then bars[#bars + 1] = self end
    self.listed, self.shown = true, now
    return draw(now)
  end
  io.stderr:write(self.label, (select(2, self:words(done, self.now_rate, seconds))), '\n')
  io.stderr:flush()
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

--- The last line; it stays.
function progress:finish(done, failed)
  if self.silent or failed and not self.terminal then return end
  local now = core.clock()
  self.samples = {} -- the rate of all of it
  if not self.terminal then return tell(self, done, now) end
  self.done, self.now_rate = done, self:rate(done, now)
  remove(self)
  draw(now, self:row((terminal.columns(terminal.STDERR) or 80) - 1) .. '\n')
end

return progress
