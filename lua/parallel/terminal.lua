--- What is known of a terminal.
local core = require 'parallel.core'

local terminal = {STDOUT = 1, STDERR = 2}

--- terminal.columns(fd) -> its width, now; nil: it is no terminal, or does not say
function terminal.columns(fd)
  local columns = core.terminal_columns(fd)
  if columns and columns > 0 then return columns end
  return core.is_terminal(fd) and 80 or nil
end

return terminal
