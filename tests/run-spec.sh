#!/usr/bin/env bash
# tests/run-spec.sh VERSION spec.lua: one spec file on one interpreter, under the sanitizer the build was made with.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PARALLEL_BUILD=${PARALLEL_BUILD:-$root/build/release}
exec "$root/tests/run-script.sh" "$1" "$root/tests/busted.lua" "$2"
