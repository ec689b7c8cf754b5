#!/usr/bin/env bash
# tests/run-script.sh VERSION script.lua [args]: a script on one interpreter, under the sanitizer the build was made with.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${PARALLEL_SANITIZE:-} in
  address) # the interpreter itself is not instrumented, so the run-time library has to come first
    export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:${ASAN_OPTIONS:-} UBSAN_OPTIONS=print_stacktrace=1
    export LD_PRELOAD=$(${CC:-gcc} -print-file-name=libasan.so)
    ;;
  thread) export LD_PRELOAD=$(${CC:-gcc} -print-file-name=libtsan.so) ;;
esac
exec "$root/tools/lua" "$@"
