#!/usr/bin/env bash
# launcher.sh VERSION LAUNCHER SPEC [OPTION OF BUSTED]...: a spec of clusters, with agents that this launcher starts.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$1 spec=$3
command -v "$2" >/dev/null || { echo "skipped: there is no $2"; exit 77; }
export PARALLEL_TEST_LAUNCHER=$2
shift 3
exec "$root/tests/run-script.sh" "$version" "$root/tests/busted.lua" "$@" "$spec"
