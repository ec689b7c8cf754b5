--- Tables and plots of what was measured. The numbers of a plot stand beside it, as docs/figures/NAME.tsv, with machine and date above them.
local measure = require 'figures.measure'

local draw = {}
local FOLDER = 'docs/figures/'
local scripts = (os.getenv 'PARALLEL_BUILD' or 'build/release') .. '/figures'

local function write(path, text)
  local file = assert(io.open(path, 'w'))
  file:write(text)
  file:close()
end

--- A number of three digits; nothing where there is none.
function draw.cell(value) return value and (value < 1000 and '%.3g' or '%.0f'):format(value) or '' end

--- A table of Markdown; format(row) gives the cells.
function draw.table_of(head, rows, format)
  local lines = {'| ' .. table.concat(head, ' | ') .. ' |', ('|---'):rep(#head) .. '|'}
  for _, row in ipairs(rows) do lines[#lines + 1] = '| ' .. table.concat(format(row), ' | ') .. ' |' end
  return table.concat(lines, '\n') .. '\n'
end

--- The numbers of a plot. Returns their file; format(row) gives the columns.
function draw.data(name, where, rows, format)
  local lines = {'# ' .. where}
  for _, row in ipairs(rows) do lines[#lines + 1] = table.concat(format(row), '\t') end
  write(FOLDER .. name .. '.tsv', table.concat(lines, '\n') .. '\n')
  return FOLDER .. name .. '.tsv'
end

local function gnuplot(name, script)
  os.execute('mkdir -p ' .. scripts)
  write(scripts .. '/' .. name .. '.gp', script)
  assert(measure.lines_of(('gnuplot %s/%s.gp; echo $?'):format(scripts, name))[1] == '0', 'gnuplot could not draw ' .. name)
end

local STYLES = [[
set bmargin 5
set grid lc rgb '#dddddd'
set key outside right
set style line 1 lc rgb '#2a7f4f' lw 3
set style line 2 lc rgb '#4c9f70' lw 2
set style line 3 lc rgb '#d1495b'
set style line 4 lc rgb '#9aa5b1'
set style line 5 lc rgb '#5b6770'
set style line 6 lc rgb '#b8860b'
]]

--- Draws docs/figures/NAME.svg, with machine and date below it. commands: what gnuplot is told besides.
function draw.plot(name, title, where, commands)
  gnuplot(name, ("set terminal svg size 760,380 font 'sans-serif,13' background '#ffffff'\nset output '%s%s.svg'\nset title '%s'\n" ..
    "set label 1 '%s' at graph 0, screen 0.03 font ',9' tc rgb '#666666'\n"):format(FOLDER, name, title, where:gsub("'", ' ')) .. STYLES .. commands)
end

--- Draws README's plot by bench/plots/readme.gp.
function draw.readme(data, where)
  gnuplot('readme', ("where = '%s'\nfile = '%s'\nload 'bench/plots/readme.gp'\n"):format(where:gsub("'", ' '), data))
end

return draw
