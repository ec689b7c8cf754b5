--- Children that are programs of another kind (in C, with the library's C API), and being the child of one: what goes to and fro are
-- strings.
local core = require 'parallel.core'
local children = require 'parallel.children'
local state = require 'parallel.state'

local program = {}

local function misuse(text) require 'parallel.options'.misuse(text) end

local known = {program = 'string', args = 'table', env = 'table', cwd = 'string', stdout = 'string', name = 'string'}

local function check(options)
  for name, value in pairs(options) do
    if not known[name] then
      misuse(require 'parallel.options'.unknown('parallel.run', name, known, 'of a program'))
    end
    if type(value) ~= known[name] then
      misuse(("parallel.run: option '%s' must be a %s, got %s"):format(name, known[name], type(value)))
    end
  end
  for i, word in ipairs(options.args or {}) do
    if type(word) ~= 'string' then
      misuse(('parallel.run: argument %d of a program must be a string, got %s'):format(i, type(word)))
    end
  end
end

--- parallel.run{program=, args={...}, env=, cwd=, stdout=, name=} -> child
function program.start(options)
  check(options)
  local module, id = package.loaded.parallel, state.last_id + 1
  local env = {}
  for name, value in pairs(options.env or {}) do env[name] = value end
  env.PARALLEL_SOCKET = '3 ' .. id
  local ok, child, fields = pcall(core.child.spawn, {
    program = options.program, args = options.args or {}, id = id, ring_bytes = module.getSharedSize(), env = env, cwd = options.cwd,
    output = options.stdout ~= 'inherit' and options.stdout or nil, prefix = module._prefix_of(id) .. '\t', raw = true,
  })
  if not ok then misuse(tostring(child)) end
  state.last_id = id
  fields.ip, fields.speed, fields.name = '127.0.0.1', 1, options.name
  core.child.limit_inbox(child, module.getInboxSize())
  children.add(child)
  return child
end

--- In a script that a program of another kind has started as its child: makes it one. `where`: the descriptor and our id.
function program.adopt(parallel, where)
  local fd, id = where:match('^(%d+) (%d+)$')
  local parent = fd and core.child.attach_raw(tonumber(fd))
  if not parent then return end -- the variable was meant for somebody else
  core.set_variable('PARALLEL_SOCKET', false)
  core.line_buffer_output()
  parallel._become_child(parent, {id = tonumber(id), parent_id = 0, path = {}, shared_size = parallel.getSharedSize(),
    inbox_size = parallel.getInboxSize()})
end

return program
