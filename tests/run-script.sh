#!/usr/bin/env bash
# tests/run-script.sh VERSION script.lua [args]: a script on one interpreter, under the sanitizer the build was made with.
set -eu

# The run-time library of a sanitizer, asan or tsan, in which this script itself may run already. gcc's is named by what is linked with
# it; clang links it to programs alone.
runtime() {
  local core=${PARALLEL_BUILD:-$root/build/release}/lib/$version/parallel/core.so file
  file=$(LD_PRELOAD= ldd "$core" | awk -v name="lib$1\\.so" '$1 ~ name { print $3 }')
  echo "${file:-$("${CLANG:-clang}" -print-file-name="libclang_rt.$1-$(uname -m).so")}"
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=$1
case ${PARALLEL_SANITIZE:-} in
  address) # the interpreter itself is not instrumented, so the run-time library has to come first
    export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:${ASAN_OPTIONS:-} UBSAN_OPTIONS=print_stacktrace=1
    export LD_PRELOAD=$(runtime asan)
    ;;
  thread) export LD_PRELOAD=$(runtime tsan) ;;
esac
exec "$root/tools/lua" "$@"
