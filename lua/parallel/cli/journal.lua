--- luapar journal: what a map with a journal has done, and what failed.
local common = require 'parallel.cli.common'
local core = require 'parallel.core'

local meanings = {done = 'all done', stopped = 'stopped by an error or Ctrl-C', running = 'its program was killed, or runs on another machine'}

-- A journal that somebody writes is locked.
local function is_in_use(path)
  local ok, db = pcall(core.journal.open, path)
  if not ok then return tostring(db):find('in use', 1, true) ~= nil end
  db:close()
  return false
end

local function print_failures(db, failed, most)
  local number, shown = 0, 0
  while shown < most do
    local next_number, _, _, _, message, at = db:next('failed', number)
    if not next_number then break end
    number, shown = next_number, shown + 1
    print(('  %s  %s'):format(common.moment(at), message))
  end
  if failed > shown then print(('  and %d more: --failures %d shows them'):format(failed - shown, failed)) end
end

return function(args)
  local file, problem = io.open(args.file, 'rb')
  if not file then error(problem, 0) end
  local start
  start, problem = file:read(1)
  file:close()
  if not start then error(args.file .. (problem and ': ' .. problem or ' is empty'), 0) end
  local in_use = is_in_use(args.file)
  local db = core.journal.open(args.file, true)
  local done, failed, first, last = db:count()
  local tasks, state = tonumber(db:note('tasks') or ''), db:note('state') or 'running'
  print(('%s: %s at %s, Lua %s, begun %s'):format(args.file, db:note('what') or 'no map yet', db:note('place') or '?', db:note('kind') or '?',
    db:note('began') or '?'))
  print(('state: %s'):format(in_use and 'running' or meanings[state] or state))
  print(('tasks: %d done, %d failed%s'):format(done, failed, tasks and (', %d to come, of %d'):format(tasks - done - failed, tasks) or ''))
  if done + failed > 1 then
    print(('times: first %s, last %s, %s between, %.3g tasks/s'):format(common.moment(first), common.moment(last), common.duration(last - first),
      last > first and (done + failed - 1) / (last - first) or 0))
  end
  if failed > 0 then
    print("failures (retry='failed' tries them again):")
    print_failures(db, failed, args.failures)
  end
  db:close()
  return 0
end
