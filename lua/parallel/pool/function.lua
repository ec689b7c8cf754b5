--- Which functions a pool's workers have already: a function travels once to each worker, not with every task.
--
-- The worker's copy is good for as long as nothing that the function refers to has changed. Numbers, strings, booleans,
-- library tables and other functions of that sort among its upvalues are compared. When there are other things, such
-- as tables, the encoded bytes are compared: whatever changed inside is noticed. Functions that were declared constant
-- (parallel.constant) are not looked at again.
local core = require 'parallel.core'

local pool_function = {}
pool_function.__index = pool_function

local constants = require 'parallel.state'.constants

local KEPT = 128 -- functions remembered by a pool
local DEEP = 8 -- functions in upvalues of functions

--- forget(id) is called with functions that no worker needs any more. check(f): with one that is new here, which it may refuse.
function pool_function.new(forget, check)
  return setmetatable({known = {}, order = {}, last_id = 0, forget = forget, check = check}, pool_function)
end

local library_names = setmetatable({}, {__mode = 'k'}) -- those that were found once, so that they are found at once

local function is_library(t)
  local known = library_names[t]
  if t == _G or known and package.loaded[known] == t then return true end
  for name, module in pairs(package.loaded) do
    if module == t then
      library_names[t] = name
      return true
    end
  end
  return false
end

-- Walks through what f refers to, each a call of visit(value); n counts them. Returns n, or nil as soon as there is something
-- whose inside may change, or as soon as visit says no.
local function walk(f, visit, list, n, depth)
  if depth > DEEP then return nil end
  local i = 1
  while true do
    local name, value = debug.getupvalue(f, i)
    if not name then return n end
    n = n + 1
    if not visit(list, n, value) then return nil end
    local kind = type(value)
    if kind == 'function' then
      if value ~= f then n = walk(value, visit, list, n, depth + 1) end
      if not n then return nil end
    elseif kind == 'table' then
      if not is_library(value) then return nil end
    elseif kind == 'userdata' or kind == 'thread' or kind == 'cdata' then
      return nil
    end
    i = i + 1
  end
end

local function put(list, i, value)
  list[i] = value
  return true
end

local function equals(list, i, value) return list[i] == value end

-- A list of what f refers to, or nil.
local function references(f)
  local list = {}
  list.n = walk(f, put, list, 0, 1)
  return list.n and list
end

local function same(f, list) return walk(f, equals, list, 0, 1) == list.n end

function pool_function:new_id()
  self.last_id = self.last_id + 1
  return self.last_id
end

local function remember(self, f, entry)
  local old = self.known[f]
  if old then
    self.forget(old.id)
  else
    self.order[#self.order + 1] = f
    if #self.order > KEPT then
      local oldest = table.remove(self.order, 1)
      self.forget(self.known[oldest].id)
      self.known[oldest] = nil
    end
  end
  entry.id = self:new_id()
  self.known[f] = entry
  return entry.id
end

--- The id of f as it is now. Second result: it is for one use, to be forgotten after it.
-- once: the caller sends f at most once to each worker, so nothing is gained by a comparison of bytes.
function pool_function:id_of(f, once)
  local known = self.known[f]
  if known and (known.constant or known.list and same(f, known.list)) then return known.id end
  if constants[f] then return remember(self, f, {constant = true}) end
  if not known then self.check(f) end
  local list = not (known and known.bytes) and references(f) -- its tables are not looked up anew each time
  if list then return remember(self, f, {list = list}) end
  if once then return self:new_id(), true end
  local ok, bytes = pcall(core.encode, f)
  if not ok then return self:new_id(), true end -- what is wrong with it is told when it is sent
  if known and known.bytes == bytes then return known.id end
  return remember(self, f, {bytes = bytes})
end

return pool_function
