-- An image pipeline: frames go through a chain of stages, each a process of its own with a tensor that it fills again
-- and again. While one frame is smoothed, the one before it is already measured.
require 'torch'
require 'parallel'

local width, height, nframes = 64, 48, 20

-- first stage: mean of each pixel and its four neighbours
function smooth()
   require 'torch'
   local height, width = parallel.args[1], parallel.args[2]
   local frame = torch.FloatTensor(height, width)
   while true do
      local m = parallel.yield()
      if m == 'break' then break end
      frame = parallel.parent:receive(frame)
      local inner = {{2, height - 1}, {2, width - 1}}
      local out = frame:clone()
      out[inner]:add(frame[{{1, height - 2}, {2, width - 1}}]):add(frame[{{3, height}, {2, width - 1}}])
      out[inner]:add(frame[{{2, height - 1}, {1, width - 2}}]):add(frame[{{2, height - 1}, {3, width}}]):div(5)
      parallel.parent:send(out)
   end
end

-- second stage: where is the brightest pixel?
function measure()
   require 'torch'
   while true do
      local m = parallel.yield()
      if m == 'break' then break end
      local frame = parallel.parent:receive()
      local best, column = torch.max(frame, 2)
      local _, row = torch.max(best, 1)
      parallel.parent:send({row[1][1], column[row[1][1]][1]})
   end
end

-- stands for a camera: a bright square moves over a dark image
function grab(i)
   local frame = torch.FloatTensor(height, width):fill(0)
   frame[{{10, 12}, {2 * i + 1, 2 * i + 3}}]:fill(255)
   return frame
end

function main()
   local smoother = parallel.fork(nil, nil, nil, height, width)
   smoother:exec(smooth)
   local gauge = parallel.fork()
   gauge:exec(measure)

   local track = {}
   for i = 1, nframes + 1 do
      if i > 1 then -- hand the frame before on to the second stage
         local smoothed = smoother:receive()
         gauge:join()
         gauge:send(smoothed)
      end
      if i <= nframes then
         smoother:join()
         smoother:send(grab(i))
      end
      if i > 1 then track[#track + 1] = gauge:receive() end
   end
   parallel.children:join('break')
   parallel.children:sync()

   print(#track .. ' frames')
   for _, i in ipairs{1, 10, 20} do
      print(string.format('frame %d: row %d, column %d', i, track[i][1], track[i][2]))
   end
end

ok, err = pcall(main)
if not ok then print(err) end
parallel.close()
