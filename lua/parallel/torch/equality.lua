--- Are two values the same, up to a tolerance for numbers? For torch.Tester. Each returns true or false and why; tensors that differ in
-- shape alone are the same with a reason.
local equality = {}

local function numbers(a, b, tolerance)
  local same = math.abs(a - b) <= tolerance
  return same, not same and ('%s ~= %s%s'):format(tostring(a), tostring(b), tolerance > 0 and ' with tolerance=' .. tolerance or '') or nil
end

local function elements(a, b, tolerance)
  if a:nElement() == 0 then return true end
  local largest = (a:double():view(a:nElement()) - b:double():view(b:nElement())):abs():max()
  local same = largest <= tolerance
  return same, not same and ('max diff=%s, tolerance=%s'):format(tostring(largest), tostring(tolerance)) or nil
end

function equality.tensors(_, a, b, tolerance)
  if a:dim() ~= b:dim() then return false, 'The tensors have different dimensions' end
  if a:type() ~= b:type() then return false, 'The tensors have different types' end
  if a:dim() > 0 and not a:isSameSizeAs(b) then return false, 'The tensors have different sizes' end
  return elements(a:contiguous(), b:contiguous(), tolerance)
end

function equality.tensors_of_any_shape(_, a, b, tolerance)
  if a:type() ~= b:type() then return false, 'The tensors have different types' end
  if a:nElement() ~= b:nElement() then return false, 'The tensors have different sizes' end
  local same, why = elements(a:contiguous(), b:contiguous(), tolerance)
  if same and not (a:dim() == b:dim() and a:isSameSizeAs(b)) then why = 'the tensors have the same elements, in different dimensions' end
  return same, why
end

local function storages(torch, a, b, tolerance)
  if torch.type(a) ~= torch.type(b) then return false, 'The storages have different types' end
  if a:size() ~= b:size() then return false, 'The storages have different sizes' end
  local class = torch[torch.type(a):match('%.(%a+)Storage') .. 'Tensor']
  return elements(class(a), class(b), tolerance)
end

-- Level by level, so that the first difference is one that is near the top.
local function tables(torch, a, b, tolerance)
  local queue, first, met = {{a, b, nil}}, 1, {}
  while queue[first] do
    local one, other, place = queue[first][1], queue[first][2], queue[first][3]
    first = first + 1
    for key, value in pairs(one) do
      local here = (place and place .. '.' or '') .. tostring(key)
      if other[key] == nil then return false, ('Entry %s missing in second table (is %s in first)'):format(here, tostring(value)) end
      if type(value) == 'table' and type(other[key]) == 'table' then
        if met[value] ~= other[key] then queue[#queue + 1] = {value, other[key], here} end
        met[value] = other[key]
      else
        local same, why = equality.values(torch, value, other[key], tolerance)
        if not same then return false, ('At table location %s: %s'):format(here, why) end
      end
    end
    for key, value in pairs(other) do
      if one[key] == nil then
        return false, ('Entry %s missing in first table (is %s in second)'):format((place and place .. '.' or '') .. tostring(key),
          tostring(value))
      end
    end
  end
  return true
end

function equality.values(torch, a, b, tolerance)
  if type(a) ~= type(b) then
    return false, ('values have different types (first: %s, second: %s)'):format(type(a), type(b))
  elseif type(a) == 'number' then
    return numbers(a, b, tolerance)
  elseif type(a) == 'table' then
    return tables(torch, a, b, tolerance)
  elseif torch.isTensor(a) and torch.isTensor(b) then
    return equality.tensors(torch, a, b, tolerance)
  elseif torch.isStorage(a) and torch.isStorage(b) then
    return storages(torch, a, b, tolerance)
  end
  return a == b, a ~= b and ('%s (%s) ~= %s (%s)'):format(tostring(a), type(a), tostring(b), type(b)) or nil
end

return equality
