-- Is there a test for each check? Applies the mutations of list.lua one by one to a copy of the tree, builds what the tests
-- named with it need, runs them and prints the mutations that none of them noticed. `make mutants`; not a part of the tests.
--
--   lua tests/mutants/run.lua [text]    those with this text in their title or folder; all without it
--   lua tests/mutants/run.lua --check   only: is the old text of each there exactly once?
local root = arg[0]:match('^(.*)/tests/mutants/[^/]*$') or '.'
local work = root .. '/build/mutants'
local mutants = dofile(root .. '/tests/mutants/list.lua')

-- The folders may be split or renamed; a mutation is found by its text, in any of these.
local folders = {
  channel = {'src/channel/'},
  codec = {'src/codec/'},
  lent = {'src/lua/group/'},
  group = {'src/group/'},
  link = {'src/link/'},
  os = {'src/os/'},
  pool = {'src/lua/pool/', 'src/link/tasks', 'lua/parallel/pool'},
}

-- --- files and commands ---

local function read(path)
  local file = io.open(path, 'rb')
  local text = file and file:read('*a')
  if file then file:close() end
  return text
end

local function write(path, text)
  local file = assert(io.open(path, 'wb'))
  file:write(text)
  file:close()
end

local function execute(command)
  local ok = os.execute(command)
  return ok == true or ok == 0
end

local function lines_of(command)
  local pipe, list = assert(io.popen(command)), {}
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local function tree_files()
  return lines_of(('git -C "%s" ls-files -co --exclude-standard'):format(root))
end

-- --- the list ---

-- Where blanks are, any blanks may be: how lines are broken and indented says nothing about what they do.
local function find(text, old, at)
  return text:find((old:gsub('%p', '%%%0'):gsub('%s+', '%%s+')), at)
end

local function occurrences(text, old)
  local n, at = 0, 1
  while true do
    local first, last = find(text, old, at)
    if not first then return n end
    n, at = n + 1, last + 1
  end
end

local function candidates(folder, files)
  local list = {}
  for _, path in ipairs(files) do
    for _, prefix in ipairs(assert(folders[folder], 'no such folder: ' .. folder)) do
      if path:sub(1, #prefix) == prefix then list[#list + 1] = path end
    end
  end
  return list
end

-- Gives each mutation its file. Returns how many have none or several.
local function locate(files, tree)
  local wrong, texts = 0, {}
  for _, mutant in ipairs(mutants) do
    local n = 0
    for _, path in ipairs(candidates(mutant.folder, files)) do
      texts[path] = texts[path] or read(tree .. '/' .. path) or ''
      local here = occurrences(texts[path], mutant.old)
      if here > 0 then mutant.path = path end
      n = n + here
    end
    if n ~= 1 then
      wrong = wrong + 1
      print(('%s: %s: the old text is there %d times:\n%s'):format(mutant.folder, mutant.title, n, mutant.old))
    end
  end
  return wrong
end

-- --- the copy ---

-- What stands in the copy: where a check is gone things may be left unused, which is no error there.
local function text_for_copy(path)
  local text = read(root .. '/' .. path)
  return path == 'cmake/options.cmake' and text:gsub('%-Werror ', '') or text
end

-- Only what differs is written, so that the build stays incremental; what a run that was stopped left behind goes.
local function copy_tree(files)
  local made = {}
  for _, path in ipairs(files) do
    local folder, text = path:match('^(.*)/') or '', text_for_copy(path)
    if not made[folder] then execute(('mkdir -p "%s/tree/%s"'):format(work, folder)) end
    made[folder] = true
    if text and text ~= read(work .. '/tree/' .. path) then
      write(work .. '/tree/' .. path, text)
      execute(('test ! -x "%s/%s" || chmod +x "%s/tree/%s"'):format(root, path, work, path))
    end
  end
  local known = {}
  for _, path in ipairs(files) do known[path] = read(root .. '/' .. path) ~= nil end
  for _, path in ipairs(lines_of(('cd "%s/tree" && find . -type f'):format(work))) do
    if not known[path:sub(3)] then os.remove(work .. '/tree/' .. path:sub(3)) end
  end
end

-- --- building and testing ---

-- A test may name the build it wants, as in tsan:channel.fences.
local function split(test)
  local build, name = test:match('^(%w+):(.*)$')
  return build or 'release', name or test
end

local function target_of(name)
  local version = name:match('%.(5%.%d)$') or name:match('%.(jit)$')
  local layer, subject = name:match('^([^.]+)%.([^.]+)')
  if read(('%s/tree/tests/%s/test_%s.c'):format(work, layer, subject)) then
    return ('test_%s_%s%s'):format(layer, subject, version and '-' .. version or '')
  end
  if name == 'lua.states.5.4' then return 'test_lua_states' end
  return version and 'core-' .. version or layer .. '_' .. subject
end

local function configure(build)
  local sanitize = build == 'release' and '' or build == 'tsan' and 'thread' or 'address'
  local ok = execute(('nice cmake -S "%s/tree" -B "%s/%s" -G Ninja -DPARALLEL_BENCH=OFF -DPARALLEL_LUAS=5.4 ' ..
    '-DPARALLEL_SANITIZE=%s -DTEST_SECONDS=150 >"%s/log" 2>&1'):format(work, work, build, sanitize, work))
  if not ok then error('cannot configure, see ' .. work .. '/log', 0) end
end

-- The tests by build: {release = {names}}
local function by_build(tests)
  local builds = {}
  for test in tests:gmatch('%S+') do
    local build, name = split(test)
    builds[build] = builds[build] or {}
    table.insert(builds[build], name)
  end
  return builds
end

-- Builds what they need. Does it build?
local function make(build, names)
  local list = {}
  for _, name in ipairs(names) do list[#list + 1] = target_of(name) end
  if #list == 0 then return true end
  return execute(('nice cmake --build "%s/%s" -j 1 --target %s >"%s/log" 2>&1'):format(work, build, table.concat(list, ' '), work))
end

local function pass(build, names)
  local pattern = table.concat(names, '|'):gsub('%.', '\\.')
  local limit = build == 'release' and 'ulimit -v 12000000; ' or '' -- a mutation may eat memory; sanitizers only reserve it
  return execute((limit .. 'TAP_SECONDS=60 nice ctest --test-dir "%s/%s" --no-tests=error --stop-on-failure -R "^(%s)$" >"%s/log" 2>&1')
    :format(work, build, pattern, work))
end

-- "killed", "survived", or "does not build".
local function try(tests)
  for build, names in pairs(by_build(tests)) do
    if not make(build, names) then return 'does not build' end
    if not pass(build, names) then return 'killed' end
  end
  return 'survived'
end

-- Without a mutation everything has to pass, or a killed one says nothing.
local function check_tests(chosen)
  local seen = {}
  for _, mutant in ipairs(chosen) do
    for test in (mutant.tests or ''):gmatch('%S+') do seen[test] = true end
  end
  local list = {}
  for test in pairs(seen) do list[#list + 1] = test end
  table.sort(list)
  local configured = {}
  for _, test in ipairs(list) do
    local build = split(test)
    if not configured[build] then configure(build) end
    configured[build] = true
    local result = try(test)
    if result ~= 'survived' then error(('%s without a mutation: %s, see %s/log'):format(test, result, work), 0) end
  end
end

local function attempt(mutant)
  local path = work .. '/tree/' .. mutant.path
  local text = read(path)
  local first, last = find(text, mutant.old, 1)
  write(path, text:sub(1, first - 1) .. mutant.new .. text:sub(last + 1))
  local result = try(mutant.tests)
  write(path, text)
  return result
end

-- --- what to do ---

local function choose(wanted)
  local chosen = {}
  for _, mutant in ipairs(mutants) do
    if not wanted or (mutant.folder .. ': ' .. mutant.title):find(wanted, 1, true) then chosen[#chosen + 1] = mutant end
  end
  return chosen
end

local function check_only()
  if locate(tree_files(), root) > 0 then os.exit(1) end
  print(('%d mutations, each in its place'):format(#mutants))
end

local function run(wanted)
  local files = tree_files()
  execute(('mkdir -p "%s/tree"'):format(work))
  copy_tree(files)
  if locate(files, root) > 0 then os.exit(1) end
  local chosen, count, bad = choose(wanted), {}, 0
  check_tests(chosen)
  for i, mutant in ipairs(chosen) do
    local result = mutant.untestable and 'untestable' or attempt(mutant)
    count[result] = (count[result] or 0) + 1
    if result == 'survived' or result == 'does not build' then bad = bad + 1 end
    print(('%3d/%d %-10s %s: %s%s'):format(i, #chosen, result, mutant.folder, mutant.title,
      mutant.untestable and ' (' .. mutant.untestable .. ')' or ''))
    io.stdout:flush()
  end
  for result, n in pairs(count) do print(result, n) end
  if bad > 0 then os.exit(1) end
end

if arg[1] == '--check' then check_only() else run(arg[1]) end
