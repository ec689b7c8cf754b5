--- torch.CmdLine: options and arguments of a program, a name for its results made of those that are not the default, and a log of
-- what it prints.
return function(torch)
  local CmdLine = torch.class('torch.CmdLine', torch)

  local function without_dashes(key) return (key:gsub('^%-+', '')) end

  function CmdLine:__init(argument_separator, key_separator)
    self.argseparator, self.keyseparator = argument_separator or ',', key_separator or '='
    self.options, self.arguments, self.helplines = {}, {}, {}
    self.silentio = false
  end

  -- --- what there is ---

  function CmdLine:text(text)
    if text ~= nil and type(text) ~= 'string' then error('CmdLine: a text expected, got ' .. type(text), 2) end
    table.insert(self.helplines, text or '')
  end

  --- An argument that has to be there, in the order of these calls.
  function CmdLine:argument(key, help, kind)
    local argument = {key = key, help = help, type = kind}
    table.insert(self.arguments, argument)
    table.insert(self.helplines, argument)
  end

  --- An option '-key value', whose default tells its type; one that is true or false is turned round by its key alone.
  function CmdLine:option(key, default, help, kind)
    if default == nil then error(('option %s has no default value'):format(key), 2) end
    if kind and kind ~= type(default) then
      error(('option %s has wrong default type value: a %s, not a %s'):format(key, type(default), kind), 2)
    end
    local option = {key = key, default = default, help = help, type = kind or type(default)}
    self.options[key] = option
    table.insert(self.helplines, option)
  end

  function CmdLine:default()
    local params = {}
    for key, option in pairs(self.options) do params[without_dashes(key)] = option.default end
    return params
  end

  -- --- reading them ---

  --- Says what is wrong, shows the help and ends the program.
  function CmdLine:error(message)
    io.stderr:write('\n', message, '\n\n')
    self:help()
    os.exit(1)
  end

  -- The value of an option from the words behind it, and how many of those it takes.
  local function option_value(self, option, word)
    if option.type == 'boolean' then return not option.default, 0 end
    if word == nil then self:error('missing argument for option ' .. option.key) end
    if option.type == 'string' then return word, 1 end
    local number = option.type == 'number' and tonumber(word)
    if not number then self:error(('invalid type for option %s (should be %s)'):format(option.key, option.type)) end
    return number, 1
  end

  local function argument_value(self, argument, word)
    if not argument then self:error('invalid argument: ' .. word) end
    local value = argument.type == 'number' and tonumber(word) or word
    if argument.type and type(value) ~= argument.type then
      self:error(('invalid argument type for argument %s (should be %s)'):format(argument.key, argument.type))
    end
    return value
  end

  local asks_for_help = {['-h'] = true, ['-help'] = true, ['--help'] = true}

  --- parse(words) -> values by name, without dashes. What is wrong ends the program with the help.
  function CmdLine:parse(words)
    local params, given, i = self:default(), 0, 1
    while i <= #words do
      local word, taken = words[i], 0
      local option = self.options[word]
      if asks_for_help[word] and not option then
        self:help(words)
        os.exit(0)
      elseif option then
        params[without_dashes(word)], taken = option_value(self, option, words[i + 1])
      else
        given = given + 1
        local argument = self.arguments[given]
        params[argument and without_dashes(argument.key) or word] = argument_value(self, argument, word)
      end
      i = i + 1 + taken
    end
    if given < #self.arguments then self:error('not enough arguments') end
    return params
  end

  -- --- a name for results ---

  local function shown(value)
    if type(value) == 'boolean' then return value and 't' or 'f' end
    return tostring(value)
  end

  --- string(prefix, params, ignore): the arguments and what is not the default, joined. ignore[name] = true leaves one out, false
  -- takes it in always.
  function CmdLine:string(prefix, params, ignore)
    ignore = ignore or {}
    local arguments, options = {}, {}
    for _, argument in ipairs(self.arguments) do
      local name = without_dashes(argument.key)
      if params[name] ~= nil and not ignore[name] then table.insert(arguments, name .. self.keyseparator .. shown(params[name])) end
    end
    for name, value in pairs(params) do
      local option = self.options['-' .. name] or self.options['--' .. name]
      if option and not ignore[name] and (value ~= option.default or ignore[name] == false) then
        table.insert(options, name .. self.keyseparator .. shown(value))
      end
    end
    table.sort(options)
    local separator, name = self.argseparator, table.concat(arguments, self.argseparator)
    if name ~= '' then name = name .. separator end -- as Torch does: names of folders stay what they were
    name = name .. table.concat(options, separator)
    return name == '' and (prefix or '') or (prefix or '') .. separator .. name
  end

  -- --- the log ---

  --- Nothing that is logged is shown as well.
  function CmdLine:silent() self.silentio = true end

  --- Time (and a name) in front of each line of the log.
  function CmdLine:addTime(name, format)
    if format ~= nil and type(format) ~= 'string' then error('CmdLine:addTime: a format as for os.date expected', 2) end
    self.dateformat = (format or '%Y-%m-%d %H:%M:%S') .. (name and '[' .. name:gsub('%%', '%%%%') .. ']: ' or '')
  end

  local plain_print

  --- From now on what the program prints goes to this file (a path or an open file), too.
  function CmdLine:log(file, params)
    local log = io.type(file) == 'file' and file or assert(io.open(file, 'w'))
    plain_print = plain_print or print
    _G.print = function(...)
      if not self.silentio then plain_print(...) end
      local words = {self.dateformat and os.date(self.dateformat)}
      for i = 1, select('#', ...) do words[#words + 1] = tostring((select(i, ...))) end
      log:write(table.concat(words, ' '), '\n')
      log:flush()
    end
    print('[program started on ' .. os.date() .. ']')
    print('[command line arguments]')
    for key, value in pairs(params or {}) do print(key, value) end
    print('[----------------------]')
  end

  -- --- help ---

  local function name_in_help(line) return line.default ~= nil and line.key or '<' .. without_dashes(line.key) .. '>' end

  function CmdLine:help(words)
    local width, usage = 0, {'Usage:'}
    if words and words[0] then usage[2] = words[0] end
    usage[#usage + 1] = '[options]'
    for _, argument in ipairs(self.arguments) do usage[#usage + 1] = name_in_help(argument) end
    io.write(table.concat(usage, ' '), '\n')
    for _, line in ipairs(self.helplines) do
      if type(line) == 'table' then width = math.max(width, #name_in_help(line)) end
    end
    for _, line in ipairs(self.helplines) do
      if type(line) == 'string' then
        io.write(line, '\n')
      else
        local name = name_in_help(line)
        io.write('  ', name, (' '):rep(width - #name), line.help and ' ' .. line.help or '',
          line.default ~= nil and (' [%s]'):format(tostring(line.default)) or '', '\n')
      end
    end
  end
end
