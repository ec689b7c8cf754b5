-- Connections by transport='tcp' where libzmq is missing, or another one than is needed, on this machine or on the agent's.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

local linux = support.read_file('/proc/sys/kernel/ostype') == 'Linux\n'
local folders = {}

-- A folder, with a blank in its name, in which libzmq is looked for first.
local function folder(make)
  local path = support.scratch(' libraries')
  folders[#folders + 1] = path
  os.execute('mkdir -p ' .. support.quote(path))
  for _, name in ipairs{'libzmq.so.5', 'libzmq.so'} do make(path .. '/' .. name) end
  return path
end

local function missing() return folder(function(path) support.write_file(path, 'no library') end) end

local function too_old() -- one that is here for certain, and has nothing of what is needed
  local core = ('%s/lib/%s/parallel/core.so'):format(support.build, support.version)
  return folder(function(path) os.execute(('ln -s %s %s'):format(support.quote(core), support.quote(path))) end)
end

local code = [[
  local parallel = require 'parallel'
  local function try(name, options)
    options.host, options.launcher, options.connect_timeout, options.lua = name, 'here', 100, '"' .. arg[1] .. '"'
    local ok, err = pcall(function() return parallel.run{host = options, code = 'return 7'}:join() end)
    print(name, ok, tostring(err))
  end
  try('dials', {transport = 'tcp', address = '127.0.0.1', env = {LD_LIBRARY_PATH = arg[2]}})
  try('pipes', {})
]]

-- here: where the program looks; there: where the agent does.
local function out_of(here, there)
  local before = here and ('export LD_LIBRARY_PATH=%s:"$LD_LIBRARY_PATH";'):format(support.quote(here)) or ''
  local args = support.quote(support.interpreter(support.version)) .. ' ' .. (there and support.quote(there) or '')
  local text, status = support.script(code, {before = before, args = args})
  assert.equal(0, status, text)
  return text
end

if not linux or support.emulated then
  describe('libzmq', function() it('is looked for elsewhere on this system', function() pending 'needs Linux' end) end)
  return
end

describe('libzmq', function()
  after_each(function()
    for _, path in ipairs(folders) do os.execute('rm -rf ' .. support.quote(path)) end
    folders = {}
  end)

  it('that is missing is told with an advice, and is not needed for other hosts', function()
    local text = out_of(missing())
    assert.matches("^dials\tfalse\tcannot start a child on dials: libzmq is missing, which carries connections of transport='tcp': install it", text)
    assert.matches('\npipes\ttrue\t7\n', text)
  end)

  it('that is too old is told as such', function()
    local text = out_of(too_old())
    assert.matches('^dials\tfalse\tcannot start a child on dials: this libzmq is too old: 4.2 is needed\n', text)
    assert.matches('\npipes\ttrue\t7\n', text)
  end)

  it("that the agent's machine lacks is told by it, with the command as a shell takes it", function()
    if out_of():find('libzmq is missing', 1, true) then return pending "no libzmq for this program's C library" end
    local path = missing()
    local text = out_of(nil, path)
    assert.matches('^dials\tfalse\tcannot start a child on dials: ', text)
    assert.matches("agent: libzmq is missing, which carries connections of transport='tcp': install it", text, 1, true)
    local command = text:match('\n  command: ([^\n]*)')
    assert.matches("^env 'LD_LIBRARY_PATH=" .. path:gsub('%p', '%%%0') .. "' ", command)
    assert.matches('^env\nLD_LIBRARY_PATH=.*\n%-e\nrequire "parallel.agent"\n$',
      (support.shell('for word in ' .. command .. '; do printf "%s\\n" "$word"; done')))
    assert.matches('\npipes\ttrue\t7\n', text)
    assert.matches('agent: this libzmq is too old: 4.2 is needed', out_of(nil, too_old()), 1, true)
  end)
end)
