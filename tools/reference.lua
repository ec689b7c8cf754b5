-- tools/reference.lua: writes docs/reference.md from types/parallel.lua. Run in the clone's folder, by any Lua.
package.path = 'tools/?.lua;' .. package.path
local annotations = require 'annotations'

local out = {}
local function put(format, ...) out[#out + 1] = select('#', ...) > 0 and format:format(...) or format end

local function cell(text) return (text:gsub('|', '\\|')) end

local function put_rows(heading, rows)
  if #rows == 0 then return end
  put('| %s | type | |\n|---|---|---|', heading)
  for _, row in ipairs(rows) do put('| `%s` | `%s` | %s |', row.name ~= '' and row.name or '-', cell(row.type), cell(row.text)) end
  put('')
end

local short = {['parallel'] = 'parallel', ['parallel.Child'] = 'child', ['parallel.Children'] = 'children', ['parallel.Pool'] = 'pool',
  ['parallel.Future'] = 'future', ['parallel.Group'] = 'group', ['parallel.Counter'] = 'counter', ['parallel.Lock'] = 'lock',
  ['parallel.Table'] = 'table'}

local function put_function(entry)
  put('#### `%s%s%s(%s)`\n', short[entry.owner], entry.method and ':' or '.', entry.name, entry.arguments)
  put(table.concat(entry.text, '\n'))
  put('')
  put_rows('argument', entry.params)
  put_rows('result', entry.returns)
end

local function put_class(entry)
  put('### %s%s\n', entry.class, entry.parents ~= '' and (': %s'):format(entry.parents) or '')
  if #entry.text > 0 then
    put(table.concat(entry.text, '\n'))
    put('')
  end
  put_rows('field', entry.fields)
end

put('# Reference\n')
put('Every public function with its arguments, results and errors, made from `types/parallel.lua` by `tools/reference.lua`: do not edit it here.')
put('Editors with the Lua language server show the same when `types` is among their libraries. [api.md](api.md) says more about each.\n')
put('Times are in seconds, sizes in bytes. Misuse raises a text that names the argument; what another process did raises a `parallel.Error`.\n')
for _, entry in ipairs(annotations.read('types/parallel.lua')) do
  if entry.kind == 'section' then put('## %s\n', (entry.name:gsub('^%l', string.upper)))
  elseif entry.kind == 'class' then put_class(entry)
  else put_function(entry) end
end

local text = (table.concat(out, '\n') .. '\n'):gsub('\n\n\n+', '\n\n'):gsub('\n+$', '\n')
if arg[1] == '--print' then
  io.write(text)
else
  local file = assert(io.open('docs/reference.md', 'w'))
  file:write(text)
  file:close()
end
