-- Found as `paths` where Torch's package of that name is not installed: the functions that programs of its time call.
-- Like the real one, it also sets the global.
local core = require 'parallel.core'

local paths = {}

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- --- names ---

function paths.basename(path, suffix)
  local name = path:gsub('/+$', ''):match('[^/]*$')
  if suffix and #suffix < #name and name:sub(-#suffix) == suffix then name = name:sub(1, -#suffix - 1) end
  return name
end

function paths.dirname(path)
  local folder = path:gsub('/+$', ''):match('^(.*)/[^/]*$')
  if not folder then return '.' end
  return folder == '' and '/' or folder
end

--- "txt" of "a/b.txt", or nil
function paths.extname(path) return path:match('[^/]%.([^./]+)$') end

--- Joins the parts of a path, from the current folder on; an absolute part starts anew.
function paths.concat(...)
  local path = paths.cwd()
  for i, part in ipairs{...} do
    if i == 1 or part:sub(1, 1) == '/' then path = part else path = path:gsub('/+$', '') .. '/' .. part end
  end
  return path
end

-- --- what there is ---

function paths.dirp(path) return core.real_path(path .. '/.') ~= nil end
function paths.filep(path) return core.real_path(path) ~= nil and not paths.dirp(path) end
function paths.cwd() return core.real_path('.') end
paths.home = os.getenv('HOME')

function paths.filesize(path)
  local file = paths.filep(path) and io.open(path, 'rb')
  if not file then return nil end
  local size = file:seek('end')
  file:close()
  return size
end

--- for name in paths.files(folder) do: every name in it, "." and ".." included
function paths.files(folder)
  if not paths.dirp(folder) then error(("paths.files: there is no folder '%s'"):format(folder), 2) end
  local pipe = assert(io.popen('LC_ALL=C ls -a ' .. quote(folder .. '/')))
  local text = pipe:read('*a')
  pipe:close()
  return text:gmatch('[^\n]+')
end

--- The same names as a list; nil when there is no such folder.
function paths.dir(folder)
  if not paths.dirp(folder) then return nil end
  local list = {}
  for name in paths.files(folder) do list[#list + 1] = name end
  return list
end

--- Full path of the first of these programs that is found, or nil.
function paths.findprogram(...)
  for _, name in ipairs{...} do
    if name:find('/', 1, true) and paths.filep(name) then return core.real_path(name) end
    for folder in (os.getenv('PATH') or ''):gmatch('[^:]+') do
      if paths.filep(folder .. '/' .. name) then return folder .. '/' .. name end
    end
  end
end

-- --- changing things ---

local function succeeds(command)
  local status = os.execute(command .. ' 2>/dev/null')
  return status == true or status == 0
end

--- Makes a folder and those above it. Returns whether it is there.
function paths.mkdir(path) return succeeds('mkdir -p ' .. quote(path)) end
function paths.rmdir(path) return succeeds('rmdir ' .. quote(path)) end
paths.tmpname = os.tmpname

_G.paths = paths
return paths
