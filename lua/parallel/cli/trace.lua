--- luapar trace view: a timeline as a page that needs nothing else.
local core = require 'parallel.core'
local searcher = require 'parallel.searcher'

local function read(path)
  local file, problem = io.open(path, 'rb')
  if not file then return nil, problem end
  local text = file:read('*a')
  file:close()
  return text
end

local function write(path, text)
  local file, problem = io.open(path, 'wb')
  if not file then error(problem, 0) end
  local ok, why = file:write(text)
  local closed, why_not = file:close()
  if not ok or not closed then error(('%s: %s'):format(path, why or why_not), 0) end
end

-- The page as it is installed, or in the source tree.
local function template()
  local text = read(searcher.root .. '/cli/timeline.html') or read(searcher.root .. '/../../tools/timeline.html')
  if not text then error('timeline.html, which belongs beside the library, is missing: install it again', 0) end
  return text
end

local function check(text, path)
  if not text:find('"traceEvents"', 1, true) then error(path .. ': this is no timeline: PARALLEL_TRACE=file or --trace writes one', 0) end
end

-- Has the page been given to a browser?
local function open(parallel, path)
  for _, program in ipairs{'xdg-open', 'open'} do
    local started, child = pcall(parallel.run, {program = program, args = {path}, stdout = 'null'})
    if started and pcall(child.join, child) then return true end
  end
  return false
end

return function(args, parallel)
  local text, problem = read(args.file)
  if not text then error(problem, 0) end
  check(text, args.file)
  local data = text:gsub('</', '<\\/') -- the same text to JSON, and no end of the element to HTML
  local page = template():gsub('<body>', function(body) return body .. '\n<script type="application/json" id="trace">' .. data .. '</script>' end, 1)
  local name = args.output or os.tmpname() -- a file without an ending, which browsers want
  local path = args.output or name .. '.html'
  write(path, page)
  if path ~= name then os.remove(name) end
  print(path)
  if not args.output and core.is_terminal(1) and not open(parallel, path) then print('open it in a browser') end
  return 0
end
