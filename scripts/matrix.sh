#!/usr/bin/env bash
# Every combination that is kept working, in one table: what was built, how many tests passed, and which did not.
# usage: matrix.sh [-q] [NAME...]    -q: only the C tests and a few specs for each Lua; NAME: only these rows
# rows: gcc clang asan tsan portable stress musl m32 arm64 (stress: where the preset is there)
# Other Luas than those of the distribution are named as for CMake: MATRIX_CMAKE='-DPARALLEL_LUA_5.5_INCLUDE=/a/folder'
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.."
quick=
if [ "${1:-}" = -q ]; then
  quick=1
  shift
fi
rows=${*:-gcc clang asan tsan portable stress musl m32 arm64}
jobs=$(nproc)
has_preset() { grep -q "\"name\": \"$1\"" CMakePresets.json; }

# The tests of a row, as ctest's options.
choose() {
  case $1 in
    tsan | musl | m32 | arm64) echo "-R ^(c|faults|crash|start)\\." ;;
    *) if [ -n "$quick" ]; then echo "-R ^(c|faults)\\.|layers|(run|message|pool|options)_spec"; fi ;;
  esac
}

# One row: configures, builds, tests. Sets built, luas, passed, all, bad.
run() {
  local preset=$1 log=build/matrix-$1
  built=no luas='' passed=0 all=0 bad=''
  [ "$1" = gcc ] && preset=release
  cmake --preset "$preset" -DPARALLEL_BENCH=OFF -DPARALLEL_FUZZERS=OFF ${MATRIX_CMAKE:-} >"$log.configure" 2>&1 || return
  luas=$(sed -n 's/^-- Building parallel for Lua: //p' "$log.configure" | tr ';' ' ')
  cmake --build "build/$preset" -j "$jobs" >"$log.build" 2>&1 || return
  built=yes
  # shellcheck disable=SC2046
  ctest --test-dir "build/$preset" -j "$jobs" $(choose "$1") >"$log.test" 2>&1
  all=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#' "$log.test")
  passed=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#.*(Passed|Skipped) ' "$log.test")
  bad=$(sed -nE 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) .*\*\*\*(Failed|Timeout|Not Run|Exception).*/\1/p' "$log.test" | tr '\n' ' ')
}

mkdir -p build
failed=0
printf '%-9s %-6s %-26s %-11s %s\n' row built Luas tests 'not passed'
for row in $rows; do
  case $row in gcc) ;; *) has_preset "$row" || continue ;; esac
  run "$row"
  printf '%-9s %-6s %-26s %-11s %s\n' "$row" "$built" "$luas" "$passed/$all" "${bad:-}"
  { [ $built = yes ] && [ -z "$bad" ]; } || failed=1
done
exit $failed
