--- What parallel.tensor has, from two sources: tools/tensor_words.txt says what each function is for and how its arguments are called, the
-- running module which types they have, which may be left out, and what comes out (torch._forms; the letters are those of src/lua/tensor/call.h).
local words = {}

local torch = require 'parallel.tensor'

local types = {
  R = 'torch.Tensor', W = 'torch.Tensor', O = 'torch.Tensor', Q = 'torch.Tensor', S = 'torch.Tensor', T = 'torch.Tensor', F = 'torch.Tensor',
  P = 'torch.LongTensor', L = 'torch.LongTensor', B = 'torch.ByteTensor', G = 'torch.Generator', b = 'boolean', s = 'string',
  v = 'number', w = 'number', n = 'number', m = 'number', i = 'integer', j = 'integer', d = 'integer', e = 'integer',
  Z = 'integer|torch.LongStorage',
}
local own_names = {R = 'result', W = 't', O = 'result', Q = 'result', P = 'positions', G = 'generator'}

-- The methods of each owner; where names of the text stand for others.
local metatable = torch.getmetatable
local places = {
  {owner = 't', class = 'torch.Tensor', metatable 'torch.DoubleTensor', metatable 'torch.LongTensor'},
  {owner = 's', class = 'torch.Storage', metatable 'torch.CharStorage', metatable 'torch.DoubleStorage'},
  {owner = 'file', class = 'torch.File', metatable 'torch.File'},
  {owner = 'cmd', class = 'torch.CmdLine', metatable 'torch.CmdLine'},
  {owner = 'tester', class = 'torch.Tester', metatable 'torch.Tester'},
  {owner = 'timer', class = 'torch.Timer', metatable 'torch.Timer'},
  {owner = 'torch', class = 'torch', torch},
}

local function method_of(owner, name)
  for _, place in ipairs(places) do
    if place.owner == owner then
      for _, t in ipairs(place) do
        if rawget(t, name) then return rawget(t, name) end
      end
    end
  end
end

-- Names of the text for types: Tensor is torch.Tensor.
local function full_type(text)
  local padded = (' ' .. text .. ' '):gsub('([^%w_%.])(%u%l[%w]+)(%??)', function(before, name, mark) return before .. 'torch.' .. name .. mark end)
  return padded:match '^ (.*) $'
end

-- --- forms ---

local function may_be_absent(letter, is_method)
  if letter == 'R' then return not is_method end
  if letter == 'S' then return is_method end
  return ('OPQGwmjebs'):find(letter, 1, true) ~= nil
end

-- The letters of a form with their names: {letter, name, optional}.
local function letters_of(form, names, is_method)
  local list, at = {}, 0
  for letter in form:gmatch '.' do
    local name = own_names[letter]
    if not name then
      at = at + 1
      name = assert(names[at], 'a name is missing')
    end
    list[#list + 1] = {letter = letter, name = letter == 'Z' and '...' or name, optional = may_be_absent(letter, is_method)}
  end
  assert(at == #names, 'a name too many')
  return list
end

local function results_of(form, told)
  if told then return {told} end
  local list = {}
  if form:find '[RWO]' then list[1] = 'torch.Tensor' end
  if form:find 'Q' then list[1] = 'torch.ByteTensor' end
  if form:find 'P' then list[#list + 1] = 'torch.LongTensor' end
  return #list > 0 and list or {'number'}
end

-- All ways to call a form: an optional argument is left out or given, where that changes what the others are; those at the end are marked '?'.
local function ways_of(letters, is_method)
  local ways = {}
  local function go(k, given)
    local one = letters[k]
    if not one then
      ways[#ways + 1] = given
      return
    end
    local last = one.letter ~= 'G'
    for i = k, #letters do last = last and letters[i].optional end
    local function with(mark)
      local list = {}
      for i, argument in ipairs(given) do list[i] = argument end
      list[#list + 1] = {name = one.name, type = types[one.letter], optional = mark, letter = one.letter}
      go(k + 1, list)
    end
    if one.optional and not last then go(k + 1, given) end
    with(last or nil)
  end
  go(1, {})
  if not is_method then return ways end
  local methods = {}
  for _, way in ipairs(ways) do -- the first argument is the object
    if way[1] and ('RWOQSTPBLF'):find(way[1].letter, 1, true) then
      local own = table.remove(way, 1)
      for _, argument in ipairs(way) do
        if argument.letter == 'S' and own.letter == 'R' then argument.name = 'source' end
      end
      methods[#methods + 1] = way
    end
  end
  return methods
end

local function shown(one, is_method) return one.letter == 'Z' and 'sizes...' or one.letter == 'S' and is_method and 'source' or one.name end

-- As people write it: torch.add([result,] t, value), t:add(value).
local function call_of(owner, name, letters, is_method)
  local text, required = '', 0
  for k, one in ipairs(letters) do
    if not one.optional then required = k end
  end
  for k, one in ipairs(letters) do
    local hidden = is_method and (('ROQPW'):find(one.letter, 1, true) or (k == 1 and not one.optional) or
      (one.letter == 'T' and not text:find '%S' and letters[1].letter:find '[OQP]'))
    if hidden then -- luacheck: ignore
    elseif one.optional and k < required then text = text .. '[' .. shown(one, is_method) .. ',] '
    elseif one.optional then text = text:gsub(', $', '') .. (text == '' and '[' or '[, ') .. shown(one, is_method) .. ']'
    else text = text .. shown(one, is_method) .. (k < required and ', ' or '') end
  end
  return ('%s%s%s(%s)'):format(owner, is_method and ':' or '.', name, (text:gsub(', $', '')))
end

local function split(text, by)
  local list = {}
  for part in (text .. by):gmatch('%s*(.-)%s*%' .. by) do list[#list + 1] = part end
  return list
end

-- Names of the arguments of each form, by the form: 'a | b, c' of the function, and behind a / those of the method.
local function names_by_form(arguments, forms_of_function, forms_of_method)
  local function pairs_up(text, forms, by_form)
    local lists = split(text, '|')
    for i, form in ipairs(split(forms, '|')) do by_form[form] = by_form[form] or split(assert(lists[i], 'a form has no names'), ',') end
  end
  local for_function, for_method = arguments:match '^(.-)%s*/%s*(.*)$'
  local functions, methods = {}, {}
  pairs_up(for_function or arguments, forms_of_function or forms_of_method, functions)
  if for_method then pairs_up(for_method, forms_of_method, methods) end
  return functions, for_method and methods or functions
end

local function signature_of(entry, owner, forms, names, is_method)
  local signature = {owner = owner, method = is_method, ways = {}, calls = {}}
  local told = entry.results and split(full_type(entry.results), '|')
  for i, form in ipairs(split(forms, '|')) do
    local by_name = assert(names[form], 'no names for the form ' .. form)
    local letters = letters_of(form, by_name[1] == '' and {} or by_name, is_method)
    for _, way in ipairs(ways_of(letters, is_method)) do
      signature.ways[#signature.ways + 1] = {arguments = way, results = results_of(form, told and (told[i] or told[1]))}
    end
    signature.calls[#signature.calls + 1] = call_of(owner, entry.name, letters, is_method)
  end
  return signature
end

local kinds = {[96] = 'Float and Double', [31] = 'integer types', [1] = 'ByteTensor'}

local function describe(entry)
  local f, method = rawget(torch, entry.name), method_of('t', entry.name)
  local forms, mask = torch._forms(f or print)
  local forms_of_method, mask_of_method = torch._forms(method or print)
  assert(forms or forms_of_method, 'it is not described in the code')
  entry.only = kinds[mask or mask_of_method]
  local names, names_of_method = names_by_form(entry.arguments, forms, forms_of_method)
  if forms then entry[1] = signature_of(entry, 'torch', forms, names, false) end
  if forms_of_method then entry[#entry + 1] = signature_of(entry, 't', forms_of_method, names_of_method, true) end
end

-- --- what is not described in the code: with types in the text ---

-- 'a: T, b: U?' -> arguments. A type may have commas inside brackets.
local function typed_arguments(text)
  local list = {}
  text = text:gsub('%b()', function(inside) return (inside:gsub(',', '\1')) end)
  for _, one in ipairs(text ~= '' and split(text, ',') or {}) do
    local name, kind = one:gsub('\1', ','):match '^([%w_%.]+): (.*)$'
    assert(name, 'an argument has no type: ' .. one)
    local optional = not kind:find '^fun' and (kind:find '%?$' ~= nil or kind:find '|nil$' ~= nil)
    list[#list + 1] = {name = name, type = full_type(optional and kind:gsub('%?$', ''):gsub('|nil$', '') or kind), optional = optional or nil}
  end
  return list
end

local function typed_signature(entry, owner, is_method, arguments, results)
  local names = {}
  for i, argument in ipairs(arguments) do
    names[i] = argument.optional and (i > 1 and '[, ' or '[') .. argument.name .. ']' or (i > 1 and ', ' or '') .. argument.name
  end
  return {owner = owner, method = is_method, ways = {{arguments = arguments, results = results}},
    calls = {('%s%s%s(%s)'):format(owner, is_method and ':' or '.', entry.name, table.concat(names))}}
end

local function describe_typed(entry)
  local arguments = typed_arguments(entry.arguments)
  local results = entry.results and split(full_type(entry.results), ',') or {}
  local owners = entry.owner == 'both' and {'torch', 't'} or {entry.owner}
  for i, owner in ipairs(owners) do
    local there = owner == 'torch' and torch[entry.name] or owner ~= 'torch' and method_of(owner, entry.name)
    assert(there, 'the module has no such function')
    assert(not torch._forms(there), 'it is described in the code')
    local list = {}
    if entry.owner == 'both' and owner == 'torch' then list[1] = {name = 't', type = 'torch.Tensor'} end
    for _, argument in ipairs(arguments) do list[#list + 1] = argument end
    entry[i] = typed_signature(entry, owner, owner ~= 'torch', list, results)
  end
end

-- --- the text ---

local function read_entry(line)
  local owner, name, arguments, rest = line:match '^(%l+)%.([%a][%w]*)(%b())(.*)$'
  if not owner then name, arguments, rest = line:match '^([%a][%w]*)(%b())(.*)$' end
  if not name or not rest:find '^:' and not rest:find '^ %->' then return nil end
  local results, text = rest:match '^ %-> (.-): (.*)$'
  return {owner = owner, name = name, arguments = arguments:sub(2, -2), results = results, text = text or rest:match '^: (.*)$'}
end

--- The sections in order: {name, text, entries...}; an entry is {name, text, only, signatures...}; a signature {owner, method, calls, ways},
-- a way {arguments, results}. An error says which line of the text does not fit the code.
function words.read(path)
  local sections, number = {}, 0
  for line in io.lines(path) do
    number = number + 1
    local title, entry = line:match '^# (.*)$', read_entry(line)
    if title then
      sections[#sections + 1] = {name = title}
    elseif entry then
      local good, problem = pcall(entry.owner and describe_typed or describe, entry)
      if not good then error(('%s:%d: %s: %s'):format(path, number, entry.name, problem), 0) end
      table.insert(sections[#sections], entry)
    elseif line ~= '' and line:sub(1, 1) ~= ';' then
      sections[#sections].text = line
    end
  end
  return sections
end

--- Names that are there by owner: {torch = {name = true}, t = ..., s = ...}. Those with _ in front are the library's own.
function words.there()
  for _, class in ipairs {'torch.File', 'torch.CmdLine', 'torch.Tester'} do metatable(class) end -- loads what is loaded late
  local there = {}
  for _, place in ipairs(places) do
    there[place.owner] = {}
    for _, t in ipairs(place) do
      for name, value in pairs(t) do
        local public = type(name) == 'string' and name:sub(1, 1) ~= '_' and not torch._missing[name]
        local is_constructor = name == 'new' and #place == 1
        if public and not is_constructor and type(value) == 'function' then there[place.owner][name] = true end
      end
    end
  end
  return there
end

words.places = places
return words
