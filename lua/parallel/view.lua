--- Looking at a tree of processes while it works: what each of them does (top), and where its Lua is right now (stacks,
-- child:traceback). What is shown lies in shared memory; a process that hangs shows it as well.
--
-- Each works on any tree of this machine and user, by the number of its first process, or on the caller's own. Children on other
-- machines are seen there.
local core = require 'parallel.core'
local options_of = require 'parallel.options'
local terminal = require 'parallel.terminal'

local view = {}

local ANSWER_SECONDS = 1 -- for a stack to come
local EVERY_SECONDS = 1 -- between pictures

-- --- the tree ---

local function compare(a, b) return a.pid < b.pid end

local function add(node, children_of, depth)
  node.depth, node.children = depth, children_of[node.pid] or {}
  table.sort(node.children, compare)
  local seen = core.view.look(node.pid)
  for name, value in pairs(seen or {}) do node[name] = value end
  node.shown = seen ~= nil
  for _, child in ipairs(node.children) do add(child, children_of, depth + 1) end
end

--- view.tree([pid]) -> the process and all below it, or nil when there is none: {pid=, parent=, command=, state= (a letter of the
-- system), cpu_seconds=, memory_bytes=, depth=, children={...}, shown=}; and of one that uses this library (shown): name=, sent=,
-- received= (messages), tasks=, failed= (ended), task=, task_seconds= (the one that runs), waits_for= ('parent', 'child', 'sibling',
-- 'any'), waits_id=, waits_seconds=.
function view.tree(pid)
  pid = pid or core.pid()
  local root, children_of = nil, {}
  for _, process in ipairs(core.view.processes()) do
    if process.pid == pid then root = process end
    local list = children_of[process.parent] or {}
    children_of[process.parent] = list
    list[#list + 1] = process
  end
  if root then add(root, children_of, 0) end
  return root
end

local function each(node, f)
  f(node)
  for _, child in ipairs(node.children) do each(child, f) end
end

-- --- one line of it ---

local function seconds(s) return s < 10 and ('%.1fs'):format(s) or s < 600 and ('%.0fs'):format(s) or ('%.0fm'):format(s / 60) end

local function bytes(n)
  if n < 1e6 then return ('%.0f KB'):format(n / 1e3) end
  return n < 1e9 and ('%.0f MB'):format(n / 1e6) or ('%.1f GB'):format(n / 1e9)
end

local function rate(now, before, passed)
  local per_second = passed and before and passed > 0 and (now - before) / passed
  if not per_second then return '' end
  return per_second >= 1e4 and ('%.0fk'):format(per_second / 1e3) or per_second >= 10 and ('%.0f'):format(per_second)
    or per_second > 0 and ('%.1f'):format(per_second) or '0'
end

local function label(node)
  local name = node.shown and node.name or ''
  if name == '' then name = node.shown and node.depth == 0 and node.command or '(' .. node.command .. ')' end
  return ('  '):rep(node.depth) .. name:gsub('[%c\127-\255]', '?')
end

local system_states = {T = 'stopped', t = 'stopped', Z = 'ended', X = 'ended', R = 'runs', D = 'waits for a device'}

local function state(node)
  local system = system_states[node.state]
  if system == 'stopped' or system == 'ended' then return system end
  if not node.waits_for then return system or 'sleeps' end
  local whom = node.waits_for == 'any' and 'children' or node.waits_for
  if whom == 'child' or whom == 'sibling' then whom = ('%s %d'):format(whom, node.waits_id) end
  return ('waits for %s %s'):format(whom, seconds(node.waits_seconds))
end

local FORMAT = '%-28s %7s  %-26s %-14s %8s %8s %9s %6s'

local function line(node, before, passed)
  local task = node.task and ('%.0f, %s'):format(node.task, seconds(node.task_seconds)) or ''
  local cpu = passed and before and passed > 0 and ('%.0f %%'):format((node.cpu_seconds - before.cpu_seconds) / passed * 100) or ''
  return FORMAT:format(label(node):sub(1, 28), node.pid, state(node), task,
    node.shown and node.tasks > 0 and rate(node.tasks, before and before.tasks, passed) or '',
    node.shown and rate(node.sent + node.received, before and before.sent and before.sent + before.received, passed) or '',
    bytes(node.memory_bytes), cpu)
end

local NARROW = 60 -- columns; with fewer there is room for name and state alone

local function narrow_lines(tree, columns)
  local width = math.max(6, math.floor(columns / 2) - 1)
  local lines = {('%-' .. width .. 's STATE'):format('PROCESS')}
  each(tree, function(node) lines[#lines + 1] = ('%-' .. width .. 's %s'):format(label(node):sub(1, width), state(node)) end)
  return lines
end

--- view.lines(tree [, what each process was before, by its number, seconds since then, columns that there are]) -> list of lines
function view.lines(tree, before, passed, columns)
  if columns and columns < NARROW then return narrow_lines(tree, columns) end
  local lines = {FORMAT:format('PROCESS', 'PID', 'STATE', 'TASK', 'TASKS/s', 'MSGS/s', 'MEMORY', 'CPU')}
  each(tree, function(node) lines[#lines + 1] = line(node, before and before[node.pid], passed) end)
  return lines
end

-- --- pictures of it ---

local function show(output, lines, columns, first)
  for i, text in ipairs(lines) do lines[i] = columns and text:sub(1, columns) or text:gsub('%s+$', '') end
  local text = table.concat(lines, columns and '\27[K\n' or '\n')
  if columns then output:write(first and '\27[2J' or '', '\27[H', text, '\27[K\27[J\n')
  else output:write(first and '' or '\n', text, '\n') end
  output:flush()
end

local function numbers_of(tree)
  local all = {}
  each(tree, function(node) all[node.pid] = node end)
  return all
end

local top_options = {pid = 'number', every = 'number', times = 'number', output = 'userdata'}

-- Waits for the next picture; on a terminal one is drawn again when it is not as wide as that one was drawn for: draw_again() returns how
-- wide. Returns true when somebody has had enough.
local function wait_for_next(every, columns, draw_again)
  local deadline = core.clock() + every
  if not columns then return core.sleep(every) end
  repeat
    local key = terminal.wait(terminal.STDOUT, math.max(0, deadline - core.clock()), columns)
    if key == 'q' or key == 'Q' then return true end
    if key == 'resized' then columns = draw_again() end
  until not key
end

-- pid: what the caller asked for; nil: his own process.
local function no_process(what, pid)
  local why = pid and ('there is no process %s'):format(tostring(pid)) or 'the system lists no processes (is /proc there, and may it be read?)'
  options_of.misuse(what .. ': ' .. why)
end

local function show_pictures(pid, every, times, output, on_terminal)
  local before, looked
  for i = 1, times do
    local tree, now = view.tree(pid), core.clock()
    if not tree then return i > 1 end
    local columns
    local function draw(first)
      columns = on_terminal and terminal.columns(terminal.STDOUT) or nil
      show(output, view.lines(tree, before, looked and now - looked, columns), columns, first)
      return columns
    end
    draw(i == 1)
    if i < times and wait_for_next(every, columns, function() return draw(true) end) then break end
    before, looked = numbers_of(tree), now
  end
  return true
end

--- parallel.top([{pid=, every=, times=, output=}]): shows the tree every so many seconds (1) until its first process has ended, or so
-- many times; on a terminal always in the same place, until the key q is pressed. Rates are those since the picture before.
function view.top(options)
  options = options_of.check(options, top_options, 'parallel.top')
  local pid = options.pid or core.pid()
  local ok, found = pcall(show_pictures, pid, options.every or EVERY_SECONDS, options.times or math.huge, options.output or io.stdout,
    not options.output)
  terminal.give_lines()
  if not ok then error(found, 0) end
  if not found then no_process('parallel.top', options.pid) end
end

-- --- stacks ---

-- What says nothing of the program: frames of the library, and below its own those of C through which it was called.
local ours = {'^stack traceback', '%[string "return"%]:', "%[string \"require%('parallel"}
local below = {'%[C%]: ', '%[builtin#%d+%]: ', '%(%.%.%.tail calls%.%.%.%)', '%(tail call%): %?'}

local function is_one(frame, patterns)
  for _, pattern in ipairs(patterns) do
    if frame:find(pattern) then return true end
  end
  return false
end

local function clean(text)
  local lines, own_file = {}, require 'parallel.child.failure'.own_file
  for one in text:gmatch('[^\n]+') do
    if not is_one(one, ours) and not own_file(one) then lines[#lines + 1] = one end
  end
  while lines[1] and is_one(lines[#lines], below) do lines[#lines] = nil end
  return table.concat(lines, '\n')
end

local why_not = {
  timeout = 'no answer: it is in a C function, a coroutine or code that LuaJIT has compiled, or it is stopped',
  unsupported = 'it shows nothing that can be seen from here',
  closed = 'it has ended',
}

--- view.stack(pid [, seconds]) -> where its Lua is right now, as a traceback ('' when it waits for work) | nil, why it does not say
function view.stack(pid, limit)
  local text, why = core.view.ask(pid, limit or ANSWER_SECONDS)
  if text then return clean(text) end
  return nil, why_not[why]
end

--- parallel.stacks([pid [, seconds]]) -> text: where each process of a tree is right now. Each has so many seconds (1) to answer.
function view.stacks(pid, limit)
  options_of.seconds(limit, 'parallel.stacks')
  if pid ~= nil and type(pid) ~= 'number' then options_of.misuse('parallel.stacks: the number of a process expected, got ' .. type(pid)) end
  local tree = view.tree(pid)
  if not tree then no_process('parallel.stacks', pid) end
  local parts = {}
  each(tree, function(node)
    if not node.shown then return end
    local stack, why
    if node.pid == core.pid() then stack = clean(debug.traceback('', 2)) else stack, why = view.stack(node.pid, limit) end
    if stack == '' then stack = '\tin the library' end
    local task = node.task and (', task %.0f for %s'):format(node.task, seconds(node.task_seconds)) or ''
    parts[#parts + 1] = ('%s (process %d, %s%s)\n%s\n'):format(label(node), node.pid, state(node), task, stack or '\t' .. why)
  end)
  return table.concat(parts, '\n')
end

--- child:traceback([seconds]) -> where its Lua is right now, even when it is busy in an endless loop | nil, why it does not say
function view.traceback(child, limit)
  if not core.child.is_child(child) or core.child.is_parent(child) then
    local given = core.child.is_child(child) and 'the parent' or type(child)
    options_of.misuse(('traceback: a child expected, got %s (call it as child:traceback(), with a colon)'):format(given))
  end
  options_of.seconds(limit, 'traceback')
  local fields = core.child.fields(child)
  if fields.host then
    return nil, ('child %d runs on %s: its stack is to be had there'):format(child.id, tostring(fields.host))
  end
  return view.stack(child.unixid, limit)
end

return view
