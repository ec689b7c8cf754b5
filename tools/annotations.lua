--- Reads types/parallel.lua: classes with their fields, functions with their parameters and results, in the order in which they stand.
local annotations = {}

-- A type ends at the first space that is in no bracket.
local function split_type(text)
  local depth = 0
  for i = 1, #text do
    local c = text:sub(i, i)
    if c:find('[%(%[{<]') then depth = depth + 1 elseif c:find('[%)%]}>]') then depth = depth - 1 end
    local joins = text:sub(i - 1, i - 1):find('[:,|]')
    if c == ' ' and depth == 0 and not joins then return text:sub(1, i - 1), text:sub(i + 1) end
  end
  return text, ''
end

local function new_entry(kind) return {kind = kind, text = {}, params = {}, returns = {}} end

local tags = {}

function tags.class(entry, rest)
  entry.class, entry.parents = rest:match('^([%w_%.]+):?%s*(.*)$')
  entry.fields = {}
end

function tags.field(entry, rest)
  local name, after = rest:match('^(%b[])%s+(.*)$')
  if not name then name, after = rest:match('^(%S+)%s+(.*)$') end
  local kind, text = split_type(after)
  entry.fields[#entry.fields + 1] = {name = name, type = kind, text = text}
end

function tags.param(entry, rest)
  local name, after = rest:match('^(%S+)%s+(.*)$')
  local kind, text = split_type(after)
  entry.params[#entry.params + 1] = {name = name, type = kind, text = text}
end

tags['return'] = function(entry, rest)
  local kind, after = split_type(rest)
  local name, text = after:match('^(%S*)%s*(.*)$')
  entry.returns[#entry.returns + 1] = {type = kind, name = name, text = text}
end

function tags.generic() end
function tags.meta() end

--- List of {kind='section', name} | {kind='class', class, parents, fields, text} | {kind='function', owner, name, method, arguments, params,
-- returns, text}.
function annotations.read(path)
  local list, entry, owners, number = {}, nil, {parallel = 'parallel'}, 0
  for line in io.lines(path) do
    number = number + 1
    local tag, rest = line:match('^%-%-%-@(%w+)%s*(.*)$')
    local text = not tag and line:match('^%-%-%- (.*)$')
    local section = line:match('^%-%- %-%-%- (.*) %-%-%-$')
    local owner, dot, name, arguments = line:match('^function ([%w_]+)([%.:])([%w_]+)%((.-)%) end$')
    local variable = line:match('^local ([%w_]+) = {}$')
    if tag or text then
      entry = entry or new_entry()
      if tag and not tags[tag] then error(('%s:%d: unknown annotation @%s'):format(path, number, tag), 0) end
      if tag then tags[tag](entry, rest) else entry.text[#entry.text + 1] = text end
    elseif section then
      list[#list + 1] = {kind = 'section', name = section}
    elseif owner then
      entry = entry or new_entry()
      entry.kind, entry.owner, entry.name, entry.method, entry.arguments, entry.line = 'function', owners[owner], name, dot == ':', arguments, number
      list[#list + 1], entry = entry, nil
    elseif entry then -- of a class: its variable, or nothing
      if entry.class then
        entry.kind, entry.line = 'class', number
        list[#list + 1] = entry
        if variable then owners[variable] = entry.class end
      end
      entry = nil
    end
  end
  return list
end

return annotations
