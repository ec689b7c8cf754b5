--- Counts words in files, one task for each file, streamed so that not all names need be known. Usage: word_count.lua files...
local parallel = require 'parallel'

local files = arg and #arg > 0 and arg or nil
local scratch = {}
if not files then -- something to count
  files = {}
  for i = 1, 24 do
    local path = os.tmpname()
    local out = assert(io.open(path, 'w'))
    for n = 1, 20000 do out:write(('word%d line%d the and of\n'):format(n % (i + 5), n % 97)) end
    out:close()
    files[i], scratch[i] = path, path
  end
end

local function count(path)
  local counts = {}
  local file = assert(io.open(path))
  for found in file:read('*a'):gmatch('%w+') do
    local word = found:lower()
    counts[word] = (counts[word] or 0) + 1
  end
  file:close()
  return counts
end

local function add(total, counts)
  for word, n in pairs(counts) do total[word] = (total[word] or 0) + n end
end

local began = parallel.clock()
local expected = {}
for _, path in ipairs(files) do add(expected, count(path)) end
local sequential = parallel.clock() - began

began = parallel.clock()
local pool = parallel.pool()
local total = {}
for _, counts in pool:imap(count, files, {ordered = false}) do add(total, counts) end
pool:close()
local together = parallel.clock() - began

local words = {}
for word, n in pairs(total) do
  assert(expected[word] == n)
  words[#words + 1] = word
end
table.sort(words, function(a, b) return total[a] > total[b] or total[a] == total[b] and a < b end)
for i = 1, math.min(5, #words) do print(('%8d  %s'):format(total[words[i]], words[i])) end
for _, path in ipairs(scratch) do os.remove(path) end
print(('%d files  sequential %.2f s  parallel %.2f s  %.2fx'):format(#files, sequential, together, sequential / together))
