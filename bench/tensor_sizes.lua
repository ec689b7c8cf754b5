-- Tensors of a thousand and of ten million elements beside NumPy and, where there is one, Torch7: tools/lua jit bench/tensor_sizes.lua [rounds].
-- All in turns, one thread, the best of the rounds; the last column is ours divided by the better of the others.
--   TORCH='luajit'   the command of a Lua that finds a real Torch7
local rounds = tonumber(arg and arg[1]) or 3
local folder = arg[0]:match('^(.*)/') or '.'
local version = jit and 'jit' or _VERSION:match('[%d.]+$') -- luacheck: ignore
local one_thread = 'OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 '

local sides = {
  {'ours', ('%s/../tools/lua %s %s/tensor_cases.lua'):format(folder, version, folder)},
  {'NumPy', ('%s %s/tensor_sizes_numpy.py'):format(os.getenv('PYTHON') or '/usr/bin/python3', folder)},
  os.getenv('TORCH') and {'Torch7', ('%s %s/tensor_cases.lua'):format(os.getenv('TORCH'), folder)} or nil,
}

local order, best = {}, {}
local function run(side, n)
  local pipe = io.popen(one_thread .. side[2] .. (' %d 2>&1'):format(n))
  for line in pipe:lines() do
    local name, ns = line:match('^(.-)\t([%d.]+)$')
    if name then
      local key = ('%s, %.0e'):format(name, n)
      if not best[key] then best[key], order[#order + 1] = {}, key end
      best[key][side[1]] = math.min(best[key][side[1]] or math.huge, tonumber(ns))
    else
      io.stderr:write(side[1], ': ', line, '\n')
    end
  end
  pipe:close()
end

for _, n in ipairs {1000, 10000000} do
  for _ = 1, rounds do
    for _, side in ipairs(sides) do run(side, n) end
  end
end

local function text(ns) return ns and ('%.1f'):format(ns / 1000) or '-' end
print(('%-28s %12s %12s %12s %8s   us, %s'):format('', 'ours', 'NumPy', 'Torch7', 'ratio', jit and jit.version or _VERSION)) -- luacheck: ignore
for _, key in ipairs(order) do
  local of = best[key]
  local other = math.min(of.NumPy or math.huge, of.Torch7 or math.huge)
  print(('%-28s %12s %12s %12s %8.2f'):format(key, text(of.ours), text(of.NumPy), text(of.Torch7), of.ours / other))
end
