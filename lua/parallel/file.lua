--- parallel.save and parallel.load: any value that travels, in a file that knows whether it is whole.
--
-- A line of text (what it is, the version of this format, the number of bytes that follow, their SHA-256), then the value as
-- parallel.encode writes it.
local core = require 'parallel.core'
local options = require 'parallel.options'

local file = {}

local VERSION = 1
local LINE_MAX, PIECE = 128, 2 ^ 20

local function fail(call, path, why) options.misuse(('%s: %s: %s'):format(call, path, tostring(why):gsub('^decode: ', ''))) end

local function check(call, path, given)
  if type(path) ~= 'string' then options.misuse(('%s: a path expected, got %s'):format(call, type(path))) end
  if given ~= nil and type(given) ~= 'table' then options.misuse(('%s: a table of options expected, got %s'):format(call, type(given))) end
end

local function write(path, ...)
  local handle, why = io.open(path, 'wb')
  if not handle then return false, why end
  local good, written_why = handle:write(...)
  local closed, closed_why = handle:close()
  if good and closed then return true end
  os.remove(path)
  return false, written_why or closed_why
end

--- parallel.save(path, value [, options of parallel.encode]). A file that is there already is replaced when the new one is whole.
function file.save(path, value, given)
  check('parallel.save', path, given)
  local good, body = pcall(core.encode, value, given)
  if not good then fail('parallel.save', path, body) end
  local beside = ('%s.%d.part'):format(path, core.pid())
  local done, why = write(beside, ('parallel value %d %.0f %s\n'):format(VERSION, #body, core.digest(body)), body)
  if done then done, why = os.rename(beside, path) end
  if not done then
    os.remove(beside)
    fail('parallel.save', path, why)
  end
end

-- The next `wanted` bytes behind those that have been read; fewer at the end of the file. In pieces: the number may be anybody's.
local function read_body(handle, start, wanted)
  local parts, have = {start:sub(1, wanted)}, math.min(#start, wanted)
  while have < wanted do
    local piece = handle:read(math.min(PIECE, wanted - have))
    if not piece then break end
    parts[#parts + 1], have = piece, have + #piece
  end
  return table.concat(parts), have
end

local function read(handle)
  local start = handle:read(LINE_MAX) or ''
  local version, wanted, digest, at = start:match('^parallel value (%d+) (%d+) (%x+)\n()')
  if not version then return nil, 'this is not a file of parallel.save' end
  if tonumber(version) ~= VERSION then return nil, ('this is a file of version %s, and only %d is known here'):format(version, VERSION) end
  local body, have = read_body(handle, start:sub(at), tonumber(wanted))
  if have < tonumber(wanted) then return nil, ('the file is cut off: at position %d of %.0f'):format(at - 1 + have, at - 1 + wanted) end
  if core.digest(body) ~= digest then return nil, 'the file is damaged: its bytes are not those that were written' end
  return body
end

--- parallel.load(path [, options of parallel.decode]) -> value
function file.load(path, given)
  check('parallel.load', path, given)
  local handle, why = io.open(path, 'rb')
  if not handle then options.misuse('parallel.load: ' .. why) end
  local body
  body, why = read(handle)
  handle:close()
  if not body then fail('parallel.load', path, why) end
  local good, value = pcall(core.decode, body, given)
  if not good then fail('parallel.load', path, value) end
  return value
end

return file
