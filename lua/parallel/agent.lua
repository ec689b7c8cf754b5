-- What the agent of another machine runs: `lua -e 'require "parallel.agent"'`. It starts children here for the bridge that speaks to it
-- through standard input and output, and ends with that connection.
local core = require 'parallel.core'
local searcher = require 'parallel.searcher'

local ok, message = pcall(function()
  require 'parallel'
  local commands = require 'parallel.interpreter'.commands()
  core.cluster.agent_serve(commands[1][1], searcher.root .. '/child/child.lua', core.module_path())
end)
if not ok then io.stderr:write(tostring(message), '\n') end
os.exit(ok and 0 or 1)
