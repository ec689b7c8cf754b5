--- Inside Neovim: words are counted by a pool, while the editor goes on. `:luafile examples/hosts/neovim.lua`, or in a shell:
-- nvim --headless --clean -c 'set rtp+=.' -c 'luafile examples/hosts/neovim.lua'
local parallel = require 'parallel'
local uv = vim.uv or vim.loop -- luacheck: ignore

local pool = parallel.pool{workers = 2}
local poll = uv.new_poll(pool:fd()) -- readable when a result waits: the editor's loop looks at it like at any other descriptor
local names = vim.split(vim.fn.glob('docs/*.md'), '\n') -- luacheck: ignore
local left, words = #names, 0

local function finish()
  poll:stop()
  pool:close()
  io.stdout:write(('%d words in %d files\n'):format(words, #names))
  if #vim.api.nvim_list_uis() == 0 then vim.cmd 'qa!' end -- luacheck: ignore
end

for _, name in ipairs(names) do
  pool:submit(function(path)
    local n = 0
    for line in io.lines(path) do n = n + select(2, line:gsub('%S+', '')) end
    return n
  end, name):on_done(function(future)
    words, left = words + future:result(), left - 1
    if left == 0 then vim.schedule(finish) end -- luacheck: ignore
  end)
end
poll:start('r', function() pool:poll() end)
