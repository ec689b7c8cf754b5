-- Modules of the program that a host lacks. All hosts of the world see the same files, so a host lacks what the program finds by a path
-- that begins in its own folder: agents run in another one.
package.path = 'tests/cluster/?.lua;' .. package.path
local world = require 'world'
local support = require 'support'
local parallel = require 'parallel'
local message_of = support.message_of

local folder = support.scratch('.modules')
local relative = 'relative_' .. require 'parallel.core'.pid()
local path, cpath = package.path, package.cpath

local function write(name, text)
  os.execute('mkdir -p ' .. support.quote((folder .. '/' .. name):match('^(.*)/')))
  support.write_file(folder .. '/' .. name, text)
end

describe('modules that a host lacks', function()
  setup(function()
    os.execute(('mkdir -p %s && ln -sfn %s /run/world/%s'):format(support.quote(folder), support.quote(folder), relative))
    require 'parallel.core'.set_directory('/run/world')
    package.path = path:gsub('[^;]+', function(t) return t:sub(1, 1) == '/' and t or support.root .. '/' .. t end) .. ';' .. relative .. '/?.lua'
    package.cpath = cpath .. ';' .. relative .. '/?.so'
    write('sent.lua', 'local name, where = ... return {name = name, where = where, other = require "folder.other"}')
    write('folder/other.lua', '#!/usr/bin/env lua\nreturn "other"')
    write('long.lua', 'local t = {' .. ('"' .. ('x'):rep(1000) .. '",'):rep(2000) .. '} return #t')
    write('wrong.lua', 'local = 1')
    write('raises.lua', 'error("from the module")')
    write('binary.so', '\127ELF')
  end)
  teardown(function()
    package.path, package.cpath = path, cpath
    require 'parallel.core'.set_directory(support.root)
    os.remove('/run/world/' .. relative)
  end)
  after_each(function() parallel.close() end)

  local function run(code, options, ...) return parallel.run{host = world.host('h1', options), code = code, args = {...}} end

  it('are sent when a child requires them, and what they require', function()
    assert.equal('sent', require 'sent'.name)
    local sent = run('return require "sent"'):join()
    assert.equal('sent', sent.name)
    assert.equal('other', sent.other)
    assert.equal(2000, run('return require "long"'):join())
  end)

  it('come to functions of tasks and to those that have a module as upvalue', function()
    local other = require 'sent'
    local name = 'sent'
    local results = parallel.map(function(i) return require(name).other .. i end, {1, 2, 3}, {hosts = {world.host('h1', {slots = 2})}})
    assert.same({'other1', 'other2', 'other3'}, results)
    assert.equal('other', other.other)
  end)

  it('come while the program is busy with something else', function()
    local file = support.scratch('.gate')
    run('local long = require "long" io.open(..., "w"):close()', nil, file)
    assert.is_true(support.await_file(file))
    os.remove(file)
  end)

  it('that are not there either, are wrong or need a compiler are told as such', function()
    assert.matches("nor is it where the parent's program finds its modules", message_of(function() run('require "no.such.module"'):join() end))
    assert.matches("error loading module 'wrong'.*" .. relative .. '/wrong.lua:1:', message_of(function() run('require "wrong"'):join() end))
    assert.matches(relative .. '/raises.lua:1: from the module', message_of(function() run('require "raises"'):join() end))
    assert.matches('as a C module %(.*/binary.so%): that has to be installed', message_of(function() run('require "binary"'):join() end))
  end)

  it('are not sent to a host that is not to have them', function()
    for _, options in ipairs{{send_modules = false}, {functions = false}} do
      local message = message_of(function() run('require "sent"', options):join() end)
      assert.matches("module 'sent' not found", message)
      assert.is_nil(message:find("parent's program", 1, true))
    end
  end)

  it('are modules, and no other files', function()
    support.write_file('/run/world/secret.lua', 'return "secret"')
    write('.hidden.lua', 'return "hidden"')
    for _, name in ipairs{'../secret', '..secret', '/run/world/secret', '.hidden', 'folder..other', 'sent/', '', 'a\0b', ('x'):rep(300)} do
      assert.is_false((run('return (pcall(require, ...))', nil, name):join()), name)
    end
  end)

  it('come to children of children, in all the ways in which these are waited for', function()
    local results = run(function()
      local function needs() return require 'sent'.other end
      local joined = parallel.run(needs):join()
      local sender = parallel.run(function() parallel.parent:send((require 'folder.other')) end)
      local received = sender:receive()
      sender:join()
      local mapped = parallel.map(function(i) return require 'sent'.other .. i .. require 'long' end, {1, 2, 3}, {workers = 2})
      local selected = parallel.run(function() parallel.parent:send(require 'sent'.name) end)
      local from = parallel.select{selected}
      local through = parallel.run(function() return parallel.run(function() return require 'sent'.other end):join() end):join()
      return {joined, received, table.concat(mapped, ' '), from:receive(), through}
    end):join()
    assert.same({'other', 'other', 'other12000 other22000 other32000', 'sent', 'other'}, results)
  end)

  it('are not sent to children of children either when their parent has none, and those that are nowhere are told as such', function()
    local function lacks(name) return (select(2, parallel.run(function(what) return pcall(require, what) end, name):join())) end
    assert.matches("nor is it where the parent's program finds its modules", (run(lacks, nil, 'no.such.module'):join()))
    local message = run(lacks, {send_modules = false}, 'sent'):join()
    assert.matches("module 'sent' not found", message)
    assert.is_nil(message:find("parent's program", 1, true))
  end)

  it('keep their order among messages', function()
    local child = run([[
      for i = 1, 100 do parallel.parent:send(i) end
      local other = require 'folder.other'
      parallel.parent:send(other)
      for i = 1, 100 do assert(parallel.parent:receive() == i) end
      return other
    ]])
    for i = 1, 100 do child:send(i) end
    for i = 1, 100 do assert.equal(i, child:receive()) end
    assert.equal('other', child:receive())
    assert.equal('other', child:join())
  end)
end)
