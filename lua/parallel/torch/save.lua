--- torch.save, torch.load and their kin: values in Torch7's format, in files, strings and storages.
return function(torch)
  local formats = {binary = true, ascii = true}

  local function check_format(call, format, more)
    if format == nil then return 'binary' end
    if formats[format] or more and more[format] then return format end
    error(("%s: the format must be 'binary'%s or 'ascii', not %s"):format(call, more and ", 'b32', 'b64'" or '', tostring(format)), 3)
  end

  -- options: {referenced=, functions=}, or Torch's boolean, which is referenced.
  local function check_options(call, options)
    if options == nil or type(options) == 'table' then return options or {} end
    if type(options) == 'boolean' then return {referenced = options} end
    error(('%s: options expected, or true or false for references, got %s'):format(call, type(options)), 3)
  end

  local function set_up(file, format, options)
    file[format](file)
    if options.referenced ~= nil then file:referenced(options.referenced) end
    return file
  end

  -- A place in our own code says nothing.
  local function fail(call, why)
    error(('%s: %s'):format(call, (tostring(why):gsub('^[^\n]*parallel/torch/[%w_]+%.lua:%d+: ', ''))), 0)
  end

  local function open(call, path, mode)
    local good, file = pcall(torch.DiskFile, path, mode)
    return good and file or fail(call, file)
  end

  -- f(...), and the file is closed whatever happens.
  local function closing(call, file, f, ...)
    local good, result = pcall(f, ...)
    local closed, why = pcall(file.close, file)
    if good and closed then return result end
    fail(call, good and why or result)
  end

  --- torch.save(path, value [, format [, {referenced=}]])
  function torch.save(path, value, format, options)
    format, options = check_format('torch.save', format), check_options('torch.save', options)
    local file = set_up(open('torch.save', path, 'w'), format, options)
    closing('torch.save', file, file.writeObject, file, value)
  end

  local long_bytes = {b32 = 4, b64 = 8}

  --- torch.load(path [, format [, {functions=, referenced=}]]); b32 and b64 are binary with longs of so many bits.
  function torch.load(path, format, options)
    format, options = check_format('torch.load', format, long_bytes), check_options('torch.load', options)
    local file = set_up(open('torch.load', path, 'r'), formats[format] and format or 'binary', options)
    if long_bytes[format] then file:longSize(long_bytes[format]) end
    return closing('torch.load', file, function() return file:readObject(options) end)
  end

  local function to_storage(call, value, format, options)
    local file = set_up(torch.MemoryFile(), format, options)
    return closing(call, file, function()
      file:writeObject(value)
      local chars = file:storage()
      return chars:resize(chars:size() - 1)
    end)
  end

  local function from_storage(call, chars, format, options)
    local file = set_up(torch.MemoryFile(chars, 'r'), format, options)
    return closing(call, file, function() return file:readObject(options) end)
  end

  function torch.serializeToStorage(value, format, options)
    format = check_format('torch.serializeToStorage', format)
    return to_storage('torch.serializeToStorage', value, format, check_options('torch.serializeToStorage', options))
  end

  function torch.serialize(value, format, options)
    format = check_format('torch.serialize', format)
    return to_storage('torch.serialize', value, format, check_options('torch.serialize', options)):string()
  end

  --- torch.deserialize(text [, format [, {functions=, referenced=}]])
  function torch.deserialize(text, format, options)
    if type(text) ~= 'string' then error('torch.deserialize: a string expected, got ' .. torch.type(text), 2) end
    format = check_format('torch.deserialize', format)
    return from_storage('torch.deserialize', torch.CharStorage(text .. '\0'), format, check_options('torch.deserialize', options))
  end

  function torch.deserializeFromStorage(chars, format, options)
    if torch.type(chars) ~= 'torch.CharStorage' then
      error('torch.deserializeFromStorage: a torch.CharStorage expected, got ' .. torch.type(chars), 2)
    end
    format = check_format('torch.deserializeFromStorage', format)
    local ended = torch.CharStorage(chars:string() .. '\0')
    return from_storage('torch.deserializeFromStorage', ended, format, check_options('torch.deserializeFromStorage', options))
  end

  torch.saveobj, torch.loadobj = torch.save, torch.load
end
