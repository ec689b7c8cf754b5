#!/usr/bin/env bash
# tests/install/run.sh BUILD: installs the build into a folder with a blank in its name, by cmake --install, and has each Lua find the
# module there and start children of its own kind and of every other.
set -eu
build=$1
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
work="$temporary/a folder"
mkdir "$work"
cmake --install "$build" --prefix "$work" >"$work/log" || {
  cat "$work/log"
  exit 1
}
cat >"$work/all.lua" <<'LUA'
local parallel = require 'parallel'
local out = {parallel.run('return 1 + 1'):join()}
for i = 1, #arg, 2 do
  local says = 'return _VERSION .. (rawget(_G, "jit") and " jit" or "")'
  local got, wanted = parallel.run{code = says, lua = arg[i + 1]}:join(), arg[i] == 'jit' and 'Lua 5.1 jit' or 'Lua ' .. arg[i]
  out[#out + 1] = got == wanted and got or ('wanted %s, got %s'):format(wanted, got)
end
print(table.concat(out, ', '))
LUA
# A C program finds the library by pkg-config, shared and static.
if command -v pkg-config >/dev/null; then
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
  export PKG_CONFIG_PATH=$(dirname "$(find "$work" -name parallel.pc)")
  libraries=$(dirname "$(find "$work" -name libparallel.a)")
  eval "flags=($(pkg-config --cflags parallel)) shared=($(pkg-config --libs parallel))" # it quotes for a shell
  ${CC:-cc} "$root/examples/c/worker.c" "${flags[@]}" "${shared[@]}" -Wl,-rpath,"$libraries" -o "$work/worker"
  ${CC:-cc} "$root/examples/c/worker.c" "${flags[@]}" "$libraries/libparallel.a" $(pkg-config --libs-only-l --static parallel |
    sed 's/-lparallel//') -o "$work/worker-static"
  for worker in worker worker-static; do
    out=$("$work/$worker" 2>&1) || true # it says that nobody started it
    case $out in *'no other process has started'*) ;; *) echo "$worker: $out"; exit 1 ;; esac
  done
fi

others=()
for file in "$build"/lib/*/interpreter; do
  others+=("$(basename "$(dirname "$file")")" "$(cat "$file")")
done
unset LUA_INIT PARALLEL_LUA
cd /
failed=0
for ((i = 0; i < ${#others[@]}; i += 2)); do
  folder=${others[i]/jit/5.1}
  c_files=$(dirname "$(dirname "$(find "$work" -path "*/lua/$folder/parallel/core.so")")")
  out=$(LUA_PATH="$work/share/lua/$folder/?.lua;$work/share/lua/$folder/?/init.lua;;" LUA_CPATH="$c_files/?.so;;" \
    "${others[i + 1]}" "$work/all.lua" "${others[@]}" 2>&1) || failed=1
  echo "${others[i]}: $out"
  case $out in 2,*wanted*) failed=1 ;; 2,*) ;; *) failed=1 ;; esac
done
# The program for the shell, by the Lua that it finds first of those named, where that has what it needs.
for ((i = 0; i < ${#others[@]}; i += 2)); do
  "${others[i + 1]}" -e 'require "argparse"' 2>/dev/null || {
    echo "luapar on ${others[i]}: argparse is not installed for it"
    continue
  }
  folder=${others[i]/jit/5.1}
  c_files=$(dirname "$(dirname "$(find "$work" -path "*/lua/$folder/parallel/core.so")")")
  out=$(printf '3\n4\n' | LUA_PATH="$work/share/lua/$folder/?.lua;$work/share/lua/$folder/?/init.lua;;" LUA_CPATH="$c_files/?.so;;" \
    PARALLEL_LUA=${others[i + 1]} "$work/bin/luapar" map 'tonumber(x) + 0.5' 2>&1) || failed=1
  case $out in 3.5$'\n'4.5) ;; *) echo "luapar on ${others[i]}: $out"; failed=1 ;; esac
done
exit $failed
