#!/usr/bin/env bash
# Every combination that is kept working, in one table: a row for each compiler and preset, a column for the tests without Lua and one
# for each Lua: how many passed of how many; skipped ones do not count, `-` is what is not built.
# usage: matrix.sh [-q] [ROW...]    -q: the C tests and a few specs for each Lua; ROW: only these, as gcc-release, clang-asan, musl
# MATRIX_LUAS=FOLDER: more Luas than the distribution's: headers, interpreter and library in FOLDER/5.5, and for other systems in
# FOLDER/5.4-m32, FOLDER/5.4-musl, FOLDER/5.4-arm64. MATRIX_CMAKE: more words for cmake.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.."
quick=
if [ "${1:-}" = -q ]; then
  quick=1
  shift
fi
rows=${*:-gcc-release gcc-asan gcc-portable gcc-stress gcc-tsan clang-release clang-asan clang-portable clang-stress musl m32 arm64}
jobs=${JOBS:-$(nproc)}
luas="5.1 5.2 5.3 5.4 5.5 jit"

# The tests of a preset, as options of ctest. By emulation, and where the sanitizer slows down most, not those that need real time.
choose() {
  local without_lua='^(base|os|channel|link|group|tensor|cluster|api|faults|start)\.[a-z0-9_]+$'
  case $1 in
    tsan) echo "-L ^c\$" ;;
    arm64) echo "-R $without_lua|^codec\\.(value|checks|hostile)\\.|^child\\.(run|message|options)\\.|^pool\\.map\\." ;;
    musl | m32) echo "-E ^(cluster|lint|layers|mutants|model|macos|install|docs|sandbox|torch|cli)" ;;
    *) if [ -n "$quick" ]; then echo "-R $without_lua|^codec\\.|^child\\.(run|message|view)\\.|^pool\\.(map|pool)\\.|^tensor\\.tensor\\."; fi ;;
  esac
}

# cmake's words for the Luas of MATRIX_LUAS that are for this preset.
more_luas() {
  local version folder
  [ -n "${MATRIX_LUAS:-}" ] || return 0
  for version in $luas; do
    case $1 in musl | m32 | arm64) folder=$MATRIX_LUAS/$version-$1 ;; *) folder=$MATRIX_LUAS/$version ;; esac
    if [ -d "$folder" ]; then echo "-DPARALLEL_LUA_${version}_INCLUDE=$folder"; fi
  done
}

# The log of ctest as cells: "passed/all" without Lua, then for each one.
count() {
  awk -v luas="$luas" '
    BEGIN { n = split("C " luas, column, " ") }
    match($0, /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: /) {
      rest = substr($0, RLENGTH + 1); split(rest, word, " "); name = word[1]; where = "C"
      if (match(name, /\.(5\.[0-9]|jit)$/)) where = substr(name, RSTART + 1)
      if (rest ~ /\*\*\*Skipped/) next
      all[where]++
      if (rest ~ / Passed /) passed[where]++
      else bad = bad " " name
    }
    END {
      for (i = 1; i <= n; i++) printf "%-9s", all[column[i]] ? (passed[column[i]] + 0) "/" all[column[i]] : "-"
      print bad
    }' "$1"
}

# One row: configures, builds, tests, and prints.
run() {
  local row=$1 preset=${1#*-} log=build/matrix-$1 words=()
  case $row in
    gcc-*) words=(-DCMAKE_C_COMPILER=gcc) ;;
    clang-*) words=(-DCMAKE_C_COMPILER=clang) ;;
  esac
  grep -q "\"name\": \"$preset\"" CMakePresets.json || { # this release has no such preset
    printf '%-15s no preset\n' "$row"
    return 0
  }
  # shellcheck disable=SC2046,SC2086
  cmake --preset "$preset" -B "build/matrix/$row" -DPARALLEL_BENCH=OFF -DPARALLEL_FUZZERS=OFF "${words[@]}" $(more_luas "$preset") \
    ${MATRIX_CMAKE:-} >"$log.configure" 2>&1 && cmake --build "build/matrix/$row" -j "$jobs" -- -k 0 >"$log.build" 2>&1 || {
    printf '%-15s not built: see %s.*\n' "$row" "$log"
    return 1
  }
  # shellcheck disable=SC2046
  ctest --test-dir "build/matrix/$row" -j "$jobs" --output-on-failure $(choose "$preset") >"$log.test" 2>&1
  local status=$?
  printf '%-15s %s\n' "$row" "$(count "$log.test")"
  return $status
}

mkdir -p build/matrix
failed=0
# shellcheck disable=SC2086
printf '%-15s %-9s%-9s%-9s%-9s%-9s%-9s%-9s %s\n' row C $luas 'not passed'
for row in $rows; do run "$row" || failed=1; done
exit $failed
