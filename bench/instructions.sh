#!/usr/bin/env bash
# Instructions that small things take, counted by callgrind, so other work on the machine does not matter: one number sent, one received,
# one child started and joined (in the parent, and all of the child).
#   bench/instructions.sh [clone...]     built clones of this and older versions, side by side; default this one; needs valgrind
# LUAS="5.4 jit" names the Luas; VALUE=string or VALUE=table sends a short string or {name='x', i=1} in the place of the number.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/messages.lua" <<'LUA'
local parallel = require 'parallel'
local core = require 'parallel.core'
local what, n = arg[1], tonumber(arg[2])
local value = ({number = 1, string = 'hello world', table = {name = 'x', i = 1}})[os.getenv('VALUE') or 'number']
local child = parallel.run(function(count, value)
  for _ = 1, count do parallel.parent:send(value) end
  require('parallel.core').sleep(60)
end, what == 'receive' and n or 0, value)
core.sleep(2) -- all of them are there: nothing below waits
local long = {}
for i = 1, 30000 do long[i] = i end
parallel.encode(long) -- from now on tables are read directly
collectgarbage('stop')
if what == 'receive' then for i = 1, n do child:receive() end end
if what == 'send' then for _ = 1, n do child:send(value) end end
child:close()
LUA
cat >"$scratch/starts.lua" <<'LUA'
local parallel = require 'parallel'
for i = 1, tonumber(arg[1]) do parallel.run(function() end):join() end
LUA

# clone, lua, script, arguments -> the instructions of each process, the parent's last
count() {
  local root=$1 lua=$2 program=lua$2
  shift 2
  [ "$lua" = jit ] && program=luajit
  LUA_PATH="$root/lua/?.lua;$root/lua/?/init.lua;;" LUA_CPATH="$root/build/release/lib/$lua/?.so;;" \
    valgrind --trace-children=yes --tool=callgrind --callgrind-out-file=/dev/null "$program" "$@" 2>&1 | sed -n 's/.*Collected : //p'
}

of_messages() { # clone, lua, send or receive
  local few many
  few=$(count "$1" "$2" "$scratch/messages.lua" "$3" 1000 | tail -1)
  many=$(count "$1" "$2" "$scratch/messages.lua" "$3" 9000 | tail -1)
  echo $(((many - few) / 8000))
}

printf '%-6s %-24s %10s %10s %14s %12s\n' Lua clone sent received 'start: parent' 'child'
for lua in ${LUAS:-5.4 jit}; do
  for root in "${@:-$here}"; do
    one=$(count "$root" "$lua" "$scratch/starts.lua" 1)
    six=$(count "$root" "$lua" "$scratch/starts.lua" 6)
    printf '%-6s %-24s %10d %10d %14d %12d\n' "$lua" "$(basename "$root")" "$(of_messages "$root" "$lua" send)" \
      "$(of_messages "$root" "$lua" receive)" $((($(echo "$six" | tail -1) - $(echo "$one" | tail -1)) / 5)) "$(echo "$one" | head -1)"
  done
done
