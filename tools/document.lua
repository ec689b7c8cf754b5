--- Files, and parts of files, that are made: written by the tool that makes them, compared by a test.
local document = {}

local function read(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read '*a'
  file:close()
  return text
end

--- A text between a line `begins` and the line <!-- end --> of a file -> {path, text = the whole file with it}.
function document.part(path, begins, text)
  local whole = read(path)
  local _, first = whole:find(begins, 1, true)
  local last = first and whole:find('\n<!-- end -->', first, true)
  assert(last, path .. ' has no place for what is made')
  return {path = path, text = whole:sub(1, first) .. text .. whole:sub(last)}
end

--- Writes {path, text}... where the tool of this name is run as a program; a test, which loads it, gets them.
function document.finish(made, tool)
  if not (arg and arg[0] and arg[0]:find(tool .. '%.lua$')) then return made end
  for _, one in ipairs(made) do
    local file = assert(io.open(one.path, 'wb'))
    file:write(one.text)
    file:close()
  end
end

--- The first of {path, text}... whose file says something else; nil when all are as they would be made.
function document.first_old(made)
  for _, one in ipairs(made) do
    local file = io.open(one.path, 'rb')
    local text = file and file:read '*a'
    if file then file:close() end
    if text ~= one.text then return one.path end
  end
end

return document
