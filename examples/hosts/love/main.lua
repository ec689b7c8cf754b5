--- Inside LÖVE: rows of a picture are computed by a pool; love.update only looks whether some are there, so that no frame is late.
-- love examples/hosts/love (with the library on LUA_PATH and LUA_CPATH). Children need an interpreter of LÖVE's own kind, LuaJIT: the
-- package luajit, or parallel-luajit, which comes with this library.
local parallel = require 'parallel'

local WIDTH, HEIGHT = 320, 200
local pool, image, picture
local rows, frames = 0, 0

local function row(y, width, height)
  local bytes = {}
  for x = 0, width - 1 do
    local cx, cy, a, b, n = 3 * x / width - 2, 2 * y / height - 1, 0, 0, 0
    while a * a + b * b < 4 and n < 255 do a, b, n = a * a - b * b + cx, 2 * a * b + cy, n + 1 end
    bytes[x + 1] = string.char(n)
  end
  return table.concat(bytes)
end

local function show(y, bytes)
  rows = rows + 1
  if not picture then return end
  for x = 1, #bytes do
    local light = bytes:byte(x) / 255
    picture:setPixel(x - 1, y, light, light, light)
  end
  image:replacePixels(picture)
end

function love.load()
  if love.graphics then
    picture = love.image.newImageData(WIDTH, HEIGHT)
    image = love.graphics.newImage(picture)
  end
  pool = parallel.pool{workers = 2}
  for y = 0, HEIGHT - 1 do
    pool:submit(row, y, WIDTH, HEIGHT):on_done(function(future) show(y, future:result()) end)
  end
end

function love.update()
  frames = frames + 1
  pool:poll()
  if rows == HEIGHT and not love.graphics then
    print(('%d rows while %d frames went by'):format(rows, frames))
    love.event.quit()
  end
end

function love.draw() love.graphics.draw(image) end

function love.quit() pool:close() end
