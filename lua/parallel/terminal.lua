--- What is known of a terminal.
local core = require 'parallel.core'

local terminal = {STDIN = 0, STDOUT = 1, STDERR = 2}

--- terminal.columns(fd) -> its width, now; nil: it is no terminal, or does not say
function terminal.columns(fd)
  local columns = core.terminal_columns(fd)
  if columns and columns > 0 then return columns end
  return core.is_terminal(fd) and 80 or nil
end

local LOOK_SECONDS = 0.1 -- how often the width is looked at

--- terminal.wait(fd, seconds, columns) -> a key that was pressed on standard input, or 'resized' when the terminal fd has not this width (any
-- more); nil: the time is up. The program may be anybody's, so this takes no signal for it. terminal.give_lines() ends what this has set.
function terminal.wait(fd, seconds, columns)
  local deadline = core.clock() + seconds
  repeat
    local left = math.max(0, math.min(LOOK_SECONDS, deadline - core.clock()))
    local key, without = core.terminal_key(terminal.STDIN, left)
    if key then return key end
    if without then core.sleep(left) end
    if terminal.columns(fd) ~= columns then return 'resized' end
  until core.clock() >= deadline
end

function terminal.give_lines() core.terminal_lines(terminal.STDIN) end

return terminal
