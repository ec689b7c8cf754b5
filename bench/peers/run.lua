-- Ours beside what other languages and libraries have, in one run: tools/lua 5.4 bench/peers/run.lua [rounds]
-- The programs take turns; each figure is the median of the rounds. Printed as tables of Markdown. A peer that is not installed is left out;
-- a library that this Lua has no package of runs in the newest Lua that has it.
local rounds = tonumber(arg[1]) or 3
local here = arg[0]:match('^(.*)/[^/]*$') or '.'
local root = here .. '/../..'
local build = os.getenv('PARALLEL_BUILD') or root .. '/build/release'
local own = jit and 'jit' or _VERSION:match('[%d.]+')
local median = dofile(here .. '/../median.lua')

-- What a command prints, or nil when it fails.
local function output_of(command)
  local pipe = io.popen('(' .. command .. ') 2>/dev/null && echo ok')
  local text = pipe:read('*a')
  pipe:close()
  return text:match('^(.*)ok\n$')
end

-- The Lua in which all these modules can be loaded.
local function lua_with(modules)
  for _, lua in ipairs{own, '5.4', '5.3', 'jit', '5.1'} do
    local code = "require '" .. table.concat(modules, "' require '") .. "'"
    if output_of(('%s/tools/lua %s -e "%s"'):format(root, lua, code)) then return lua end
  end
end

local programs = {}
local function add(name, command) programs[#programs + 1] = {name = name, command = command} end

local function add_library(name, modules, script)
  local lua = lua_with(modules)
  if not lua then return io.stderr:write(name, ' is not installed\n') end
  add(lua == own and name or ('%s (Lua %s)'):format(name, lua), ('%s/tools/lua %s %s/%s'):format(root, lua, here, script))
end

add('ours', ('%s/tools/lua %s %s/ours.lua'):format(root, own, here))
add('Python', ('python3 %s/python.py'):format(here))
add('node', ('node %s/node.js'):format(here))
add_library('luv', {'luv', 'cjson'}, 'luv.lua')
add_library('cqueues', {'cqueues', 'cjson'}, 'cqueues.lua')
add_library('posix and mpack', {'posix.unistd', 'mpack'}, 'posix.lua mpack')
add_library('posix and cjson', {'posix.unistd', 'cjson'}, 'posix.lua cjson')
add('Open MPI', ('mpirun --allow-run-as-root --oversubscribe -n 2 %s/bench/peers_mpi'):format(build))

local figures, order = {}, {} -- name of the figure -> unit and, by program, its samples

local function take(program)
  for line in (output_of(program.command) or ''):gmatch('[^\n]+') do
    local name, value, unit = line:match('^(.-)\t(.-)\t(.*)$')
    if tonumber(value) then
      if not figures[name] then
        figures[name] = {unit = unit}
        order[#order + 1] = name
      end
      local samples = figures[name][program.name] or {}
      samples[#samples + 1] = tonumber(value)
      figures[name][program.name] = samples
    end
  end
end

for _ = 1, rounds do
  for _, program in ipairs(programs) do take(program) end
end

local function digits(value) return (value < 1000 and '%.3g' or '%.0f'):format(value) end

local head, rule = {'', 'ours'}, '|---|---'
for i = 2, #programs do
  head[#head + 1], rule = programs[i].name, rule .. '|---'
end
print(('%s, medians of %d rounds in turns; in brackets how many times faster ours is\n'):format(jit and jit.version or _VERSION, rounds))
print('| ' .. table.concat(head, ' | ') .. ' |\n' .. rule .. '|')
for _, name in ipairs(order) do
  local figure = figures[name]
  local ours = median(figure.ours)
  local cells = {('%s, %s'):format(name, figure.unit), digits(ours)}
  for i = 2, #programs do
    local samples = figure[programs[i].name]
    local theirs = samples and median(samples)
    local times = theirs and (figure.unit == 'M/s' and ours / theirs or theirs / ours)
    cells[#cells + 1] = theirs and ('%s (%s)'):format(digits(theirs), digits(times)) or ''
  end
  print('| ' .. table.concat(cells, ' | ') .. ' |')
end
