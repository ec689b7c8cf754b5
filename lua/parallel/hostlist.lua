--- Lists of hosts as people and programs write them, as tables of fields. Nothing is started here.
local hostlist = {}

local function fail(text, ...) error('parallel.hosts: ' .. text:format(...), 0) end

local function is_count(value) return type(value) == 'number' and value >= 1 and value % 1 == 0 end

-- Is it something that no shell and no launcher takes for more than a word?
local function is_plain(text) return text ~= '' and not text:find('[%s\'"`$;|&<>\\%c]') and text:sub(1, 1) ~= '-' end

--- Raises an error about what cannot be the name of a user.
function hostlist.user(text)
  if not is_plain(text) then fail("'%s' is no name of a user", text) end
end

--- 'user@host:2222' -> {name=, user=, port=}
function hostlist.name(text)
  if type(text) ~= 'string' or text == '' then fail("the name of a host expected, got %s", type(text)) end
  local user, rest = text:match('^([^@]+)@(.+)$')
  rest = rest or text
  local name, port = rest:match('^%[(.+)%]:(%d+)$') -- an IPv6 address in brackets
  if not name then name, port = rest:match('^([^:]+):(%d+)$') end
  name = name or rest:match('^%[(.+)%]$') or rest
  if not is_plain(name) or name:find('@', 1, true) then fail("'%s' is no name of a host", text) end
  if user then hostlist.user(user) end
  port = tonumber(port)
  if port and (port < 1 or port > 65535) then fail("host %s: there is no port %d", name, port) end
  return {name = name, user = user, port = port}
end

-- --- PARALLEL_HOSTS and hostfiles ---

--- 'h1:8,h2' -> hosts with slots. A number behind the colon is a number of slots here; a port is written user@host:port in tables.
function hostlist.variable(text)
  local list = {}
  for item in text:gmatch('[^,%s]+') do
    local name, slots = item:match('^(.+):(%d+)$')
    local host = hostlist.name(name or item)
    host.slots = tonumber(slots)
    if host.slots and not is_count(host.slots) then fail("host %s: slots must be a whole number from 1 on, got %s", host.name, slots) end
    list[#list + 1] = host
  end
  return list
end

--- Lines 'host', 'host slots=N' and 'host:N'; # begins a comment. What else stands in a line ('max_slots=4') is for others.
function hostlist.text(text, what)
  local list, number = {}, 0
  for line in (text .. '\n'):gmatch('(.-)\r?\n') do
    number = number + 1
    local words = line:gsub('#.*$', '')
    local item = words:match('^%s*(%S+)')
    if item then
      local ok, host = pcall(function() return hostlist.variable(item)[1] end)
      if not ok then error(('%s (%s, line %d)'):format(host, what, number), 0) end
      local slots = words:match('%sslots=(%S+)')
      if slots then
        host.slots = tonumber(slots)
        if not is_count(host.slots) then
          fail("host %s: slots must be a whole number from 1 on, got %s (%s, line %d)", host.name, slots, what, number)
        end
      end
      list[#list + 1] = host
    end
  end
  return list
end

--- One line for each slot, as PBS and SGE write it.
function hostlist.by_lines(text)
  local list, by_name = {}, {}
  for item in text:gmatch('%S+') do
    if by_name[item] then
      by_name[item].slots = by_name[item].slots + 1
    else
      local host = hostlist.name(item)
      host.slots = 1
      by_name[item], list[#list + 1] = host, host
    end
  end
  return list
end

-- --- Slurm's lists ---

local EXPANDED_MAX = 4096

-- 'a[1-3,7]b' -> each name, in order. Ranges keep their zeros: n[08-10] is n08, n09, n10.
local function expand(item, list)
  local before, ranges, after = item:match('^(.-)%[([^%]]*)%](.*)$')
  if not before then
    list[#list + 1] = item
    if #list > EXPANDED_MAX then fail('a list of more than %d hosts', EXPANDED_MAX) end
    return
  end
  for range in (ranges .. ','):gmatch('([^,]*),') do
    local first, last = range:match('^(%d+)%-(%d+)$')
    if not first then first = range:match('^%d+$') end
    last = last or first
    if not first or tonumber(last) - tonumber(first) > EXPANDED_MAX then fail("'%s' is no list of hosts as Slurm writes it", item) end
    for n = tonumber(first), tonumber(last) do
      local digits = tostring(math.floor(n))
      expand(before .. ('0'):rep(#first - #digits) .. digits .. after, list)
    end
  end
end

--- 'h[1-2],x7' -> {'h1', 'h2', 'x7'}
function hostlist.slurm_names(text)
  local list, item, depth = {}, '', 0
  for c in (text .. ','):gmatch('.') do
    if c == '[' then depth = depth + 1 elseif c == ']' then depth = depth - 1 end
    if c == ',' and depth == 0 then
      if item ~= '' then expand(item, list) end
      item = ''
    elseif not c:match('%s') then
      item = item .. c
    end
  end
  if depth ~= 0 then fail("'%s' is no list of hosts as Slurm writes it", text) end
  return list
end

--- '4(x2),3' -> {4, 4, 3}
function hostlist.slurm_counts(text)
  local list = {}
  for count, times in (text or ''):gmatch('(%d+)%(?x?(%d*)%)?') do
    for _ = 1, math.min(tonumber(times) or 1, EXPANDED_MAX) do list[#list + 1] = tonumber(count) end
  end
  return list
end

--- The nodes of the allocation that `env` (name -> value) tells of, or nil: there is none.
function hostlist.slurm(env)
  local nodes = env('SLURM_JOB_NODELIST') or env('SLURM_NODELIST')
  if not nodes then return nil end
  local counts = hostlist.slurm_counts(env('SLURM_TASKS_PER_NODE') or '')
  local cores = hostlist.slurm_counts(env('SLURM_JOB_CPUS_PER_NODE') or '')
  local list = {}
  for i, name in ipairs(hostlist.slurm_names(nodes)) do
    local host = hostlist.name(name)
    host.slots = cores[i] or counts[i]
    host.launcher = 'srun'
    list[i] = host
  end
  return list
end

return hostlist
