--- The Mandelbrot set as a picture: each row is a task. Usage: mandelbrot.lua [width] [file.ppm]
-- Rows differ much in cost, so this also shows how work is balanced.
local parallel = require 'parallel'

local width = tonumber(arg and arg[1]) or 600
local file = arg and arg[2] or 'mandelbrot.ppm'
local height = math.floor(width * 2 / 3)
local limit = 200

local function row(y)
  local pixels = {}
  local ci = (y - 0.5) / height * 2 - 1
  for x = 1, width do
    local cr = (x - 0.5) / width * 3 - 2
    local zr, zi, n = 0, 0, 0
    while n < limit and zr * zr + zi * zi < 4 do
      zr, zi = zr * zr - zi * zi + cr, 2 * zr * zi + ci
      n = n + 1
    end
    local shade = n == limit and 0 or 255 - math.floor(n % 32 * 8)
    pixels[x] = string.char(shade, math.floor(shade / 2), 255 - shade)
  end
  return table.concat(pixels)
end

local rows = {}
for y = 1, height do rows[y] = y end

local began = parallel.clock()
local expected = {}
for y = 1, height do expected[y] = row(y) end
local sequential = parallel.clock() - began

began = parallel.clock()
local picture = parallel.map(row, rows, {progress = 'rows'})
local together = parallel.clock() - began

assert(table.concat(picture) == table.concat(expected))
local out = assert(io.open(file, 'wb'))
out:write(('P6\n%d %d\n255\n'):format(width, height), table.concat(picture))
out:close()
print(('%s: %dx%d  sequential %.2f s  parallel %.2f s on %d cores  %.2fx'):format(file, width, height, sequential, together,
  parallel.cores(), sequential / together))
