-- Classes as Torch has them: torch.class, torch.typename, torch.isTypeOf and what belongs to them.
-- A class is a metatable; inheritance is the metatable's own metatable. Operators are methods with names like __add__.
local operators = {
  '__add', '__sub', '__mul', '__div', '__mod', '__pow', '__unm', '__concat', '__len', '__lt', '__le', '__call',
}

-- On 5.1 and LuaJIT tables have no __len, so this is never asked there.
local raw_length = rawget(_G, 'rawlen') or function()
  return 0
end

return function(torch)
  local metatables = torch._metatables -- by name
  local names = setmetatable({}, {__mode = 'k'}) -- by metatable
  local constructors = {}
  for name, metatable in pairs(metatables) do
    names[metatable] = name
    constructors[name] = torch[name:match('%.(.*)')]
  end

  local function check_name(name, position, call)
    if type(name) ~= 'string' then
      error(("bad argument #%d to '%s' (class name expected, got %s)"):format(position, call, type(name)), 3)
    end
  end

  -- The class of any object: a string, or nil.
  function torch.typename(object)
    local kind = type(object)
    if kind ~= 'table' and kind ~= 'userdata' then
      return nil
    end
    local metatable = debug.getmetatable(object)
    if type(metatable) ~= 'table' then
      return nil
    end
    return names[metatable] or (kind == 'userdata' and rawget(metatable, '__typename')) or nil
  end

  function torch.type(object)
    return torch.typename(object) or type(object)
  end

  -- Parts of the module that are loaded when a class of theirs is asked for, by name.
  local later = torch._later

  local function metatable_of(name)
    local load = not metatables[name] and later[name]
    if load then load() end
    return metatables[name]
  end

  function torch.getmetatable(name)
    check_name(name, 1, 'getmetatable')
    return metatable_of(name)
  end

  -- The version of an object's class, which is written with it.
  function torch.version(object)
    local name = torch.typename(object)
    return name and metatables[name].__version
  end

  function torch.getconstructortable(name)
    check_name(name, 1, 'getconstructortable')
    metatable_of(name)
    return constructors[name]
  end

  function torch.setmetatable(object, name)
    if type(object) ~= 'table' then
      error('torch.setmetatable: table expected, got ' .. type(object), 2)
    end
    check_name(name, 2, 'setmetatable')
    return setmetatable(object, metatable_of(name) or error('unknown class <' .. name .. '>', 2))
  end

  -- true when the object's class is `class` or inherits from it. `class` is a name or a pattern for all of it, a constructor or a
  -- metatable.
  function torch.isTypeOf(object, class)
    local wanted = class
    if type(class) == 'string' then
      wanted = metatable_of(class)
    elseif type(class) == 'table' and not names[class] then
      wanted = getmetatable(class)
    end
    local metatable = type(object) == 'string' and metatable_of(object) or debug.getmetatable(object)
    while type(metatable) == 'table' and names[metatable] do
      if metatable == wanted then return true end
      if not wanted and type(class) == 'string' and names[metatable]:match(class) == names[metatable] then return true end
      metatable = getmetatable(metatable)
    end
    return false
  end

  --- Are both the same object of Torch, under whatever userdata?
  function torch.isequal(a, b)
    return torch.typename(a) ~= nil and torch.typename(b) ~= nil and torch.pointer(a) == torch.pointer(b)
  end

  local function fill_metatable(metatable, name)
    function metatable.__index(self, key)
      local hook = metatable.__index__
      if hook then
        local value, found = hook(self, key)
        if found then
          return value
        end
      end
      return metatable[key]
    end
    function metatable.__newindex(self, key, value)
      local hook = metatable.__newindex__
      if not (hook and hook(self, key, value)) then
        rawset(self, key, value)
      end
    end
    function metatable.__tostring(self)
      local hook = metatable.__tostring__
      return hook and hook(self) or name
    end
    function metatable.__eq(a, b)
      local hook = metatable.__eq__
      if hook then
        return hook(a, b)
      end
      return rawequal(a, b)
    end
    for _, operator in ipairs(operators) do
      metatable[operator] = function(a, ...)
        local class = debug.getmetatable(a)
        if type(class) ~= 'table' or not names[class] then
          class = metatable -- 2 + object
        end
        local hook = class[operator .. '__']
        if hook then
          return hook(a, ...)
        elseif operator == '__len' then
          return raw_length(a)
        end
        error(('%s has no %s__ operator'):format(name, operator), 2)
      end
    end
  end

  -- The table that a class name like nn.Linear is put into: a module that is there already.
  local function package_of(name, module)
    local path, last = name:match('^(.*)%.([^.]*)$')
    if module or not path then
      return module or _G, last or name
    end
    local place = _G
    for part in path:gmatch('[^.]+') do
      place = type(place) == 'table' and rawget(place, part) or nil
    end
    place = place or package.loaded[path] or (path == 'torch' and torch) or nil
    if type(place) ~= 'table' then
      error(('while creating metatable <%s>: %s is an invalid module name'):format(name, path), 4)
    end
    return place, last
  end

  -- Returns the metatable of the new class, and the parent's.
  function torch.newmetatable(name, parent, constructor, _, factory, module)
    check_name(name, 1, 'newmetatable')
    if metatable_of(name) then
      error(('class %s has been already assigned a parent class or exists already'):format(name), 3)
    end
    if parent and not metatable_of(parent) then
      error(('cannot find the parent class <%s> of <%s>'):format(parent, name), 3)
    end
    local place, last = package_of(name, module)
    local metatable = {
      __typename = name, __version = 1, __constructor = constructor, __factory = factory, new = constructor,
    }
    fill_metatable(metatable, name)
    if parent then
      setmetatable(metatable, metatables[parent])
    end
    metatables[name], names[metatable] = metatable, name
    torch._register(name, metatable)
    local class = setmetatable({}, {
      __index = metatable, __newindex = metatable, __metatable = metatable,
      __call = function(_, ...)
        return constructor(...)
      end,
    })
    constructors[name] = class
    place[last] = class
    return metatable, parent and metatables[parent]
  end

  -- torch.class(name [, parent] [, module])
  function torch.class(name, parent, module)
    check_name(name, 1, 'class')
    if type(parent) == 'table' then
      parent, module = nil, parent
    end
    local function factory()
      return torch.setmetatable({}, name)
    end
    local function constructor(...)
      local self = factory()
      if self.__init then
        self:__init(...)
      end
      return self
    end
    return torch.newmetatable(name, parent, constructor, nil, factory, module)
  end

  -- A function that makes a raw object of the class, without its constructor: what readers of files call.
  function torch.factory(name)
    check_name(name, 1, 'factory')
    local metatable = metatable_of(name)
    return metatable and (metatable.__factory or metatable.new)
  end
end
