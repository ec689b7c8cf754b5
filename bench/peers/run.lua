-- Ours beside what other languages have, in one run: tools/lua 5.4 bench/peers/run.lua [rounds]
-- The programs take turns; each figure is the median of the rounds, ratio = ours / peer. A peer that is not installed is left out.
local rounds = tonumber(arg[1]) or 5
local here = arg[0]:match('^(.*)/[^/]*$') or '.'
local lua = jit and 'jit' or _VERSION:match('[%d.]+')

local programs = {
  {name = 'ours', command = ('%s/../../tools/lua %s %s/ours.lua'):format(here, lua, here)},
  {name = 'Python', command = ('python3 %s/python.py'):format(here)},
  {name = 'node', command = ('node %s/node.js'):format(here)},
}

local figures, order = {}, {} -- name of the figure -> unit and, by program, its samples

local function take(program)
  local pipe = io.popen(program.command .. ' 2>/dev/null')
  for line in pipe:lines() do
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
  pipe:close()
end

local median = dofile(arg[0]:gsub('[^/]*$', '') .. '../median.lua')

for _ = 1, rounds do
  for _, program in ipairs(programs) do take(program) end
end
print(('%s, %d rounds, medians; ratio = ours / peer'):format(jit and jit.version or _VERSION, rounds))
for _, name in ipairs(order) do
  local figure = figures[name]
  local ours = median(figure.ours)
  local text = ('%-28s %9.4g %-4s'):format(name, ours, figure.unit)
  for i = 2, #programs do
    local samples = figure[programs[i].name]
    if samples then text = text .. ('  %s %.4g (%.2f)'):format(programs[i].name, median(samples), ours / median(samples)) end
  end
  print(text)
end
