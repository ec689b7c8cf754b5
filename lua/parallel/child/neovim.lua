-- Neovim before 0.9 runs no script with arguments. It is given this file as its configuration; behind it come the script and its
-- arguments, as other interpreters have them.
local words, first = vim.v.argv, nil -- luacheck: ignore
for i, word in ipairs(words) do
  if word == '--' then
    first = i + 1
    break
  end
end
arg = {} -- luacheck: ignore
for i = first, #words do arg[i - first] = words[i] end -- luacheck: ignore 122

-- Neovim listens on a socket in a folder of its own, which stays when it is killed. A child needs neither.
local folder, tempname = vim.fn.fnamemodify(vim.fn.tempname(), ':h'), vim.fn.tempname -- luacheck: ignore
vim.fn.serverstop(vim.v.servername) -- luacheck: ignore
vim.fn.delete(folder, 'd') -- luacheck: ignore
function vim.fn.tempname() -- luacheck: ignore
  vim.fn.mkdir(folder, 'p', 448) -- luacheck: ignore
  return tempname()
end

local script = assert(loadfile(arg[0]))
local ok, message = xpcall(function() return script(unpack(arg)) end, debug.traceback) -- luacheck: ignore
if not ok then io.stderr:write(tostring(message), '\n') end
io.stdout:flush()
vim.fn.delete(folder, 'rf') -- luacheck: ignore
os.exit(ok and 0 or 1)
