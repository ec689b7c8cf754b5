#!/usr/bin/env bash
# What tracing costs while it is off: instructions for one message sent and one received, by a build as it is and by one
# without the test (PAR_WITHOUT_TRACE). Counted by callgrind, so other work on the machine does not matter.
# bench/untraced.sh [lua version, default 5.4]      needs valgrind; builds into build/untraced
set -eu
cd "$(dirname "$0")/.."
version=${1:-5.4}
cmake --preset release -B build/untraced -DCMAKE_C_FLAGS=-DPAR_WITHOUT_TRACE >build/untraced.log
cmake --build build/untraced -j2 --target "core-$version" >>build/untraced.log
script=build/untraced/messages.lua
cat >"$script" <<'LUA'
local parallel = require 'parallel'
local core = require 'parallel.core'
local n = tonumber(arg[1])
local child = parallel.run(function(count)
  for i = 1, count do parallel.parent:send{i = i, name = 'x'} end
  require('parallel.core').sleep(30)
end, n)
core.sleep(2) -- all of them are there: nothing below waits
collectgarbage('stop')
for i = 1, n do child:send(child:receive()) end
child:close()
LUA
program=lua$version
[ "$version" = jit ] && program=luajit
count() { # build folder, messages -> instructions of the parent
  LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;;" LUA_CPATH="$PWD/$1/lib/$version/?.so;;" \
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$script" "$2" 2>&1 | sed -n 's/.*Collected : //p'
}
for build in build/release build/untraced; do
  few=$(count $build 1000)
  many=$(count $build 9000)
  echo "$build: $(((many - few) / 8000)) instructions for a message each way"
done
