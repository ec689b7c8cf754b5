-- What fork, pipes and a serialiser take by hand, for what ours.lua does: posix.lua mpack, or posix.lua cjson. (lua-posix)
local unistd, time = require 'posix.unistd', require 'posix.time'
local codec = require(arg[1])
local trips = dofile(arg[0]:gsub('[^/]*$', '') .. 'trips.lua')
local encode, decode = codec.pack or codec.encode, codec.unpack or codec.decode
local HEAD = 10 -- digits of a length before each message

local function clock()
  local now = time.clock_gettime(time.CLOCK_MONOTONIC)
  return now.tv_sec + now.tv_nsec / 1e9
end

-- So many bytes; nil at the end.
local function read(fd, n)
  local parts, left = {}, n
  while left > 0 do
    local part = unistd.read(fd, left)
    if not part or part == '' then return nil end
    parts[#parts + 1] = part
    left = left - #part
  end
  return table.concat(parts)
end

local function send(fd, value)
  local text = encode(value)
  text = ('%010d'):format(#text) .. text
  while text ~= '' do text = text:sub(assert(unistd.write(fd, text)) + 1) end
end

local function receive(fd)
  local head = read(fd, HEAD)
  return head and decode(read(fd, tonumber(head)))
end

local function answer(value)
  if type(value) ~= 'table' or not value[1] then return value end
  for i, x in ipairs(value) do value[i] = x * x end
  return value
end

local function start()
  local their_end, to_child = unistd.pipe()
  local from_child, their_answers = unistd.pipe()
  if unistd.fork() == 0 then
    unistd.close(to_child)
    for value in function() return receive(their_end) end do send(their_answers, answer(value)) end
    os.exit(0)
  end
  unistd.close(their_end)
  unistd.close(their_answers)
  return {send = function(value) send(to_child, value) end, receive = function() return receive(from_child) end,
          close = function() unistd.close(to_child) end}
end

trips.measure(clock, start)
local a = start()
local b = start()
trips.maps(clock, function(list) return trips.map_by_hand(a, b, list) end)
b.close() -- it has the other's pipe as well
a.close()
