#!/usr/bin/env bash
# apart.sh VERSION LAUNCHER LAYER/SUBJECT...: specs of local children, with every child on host h1, or in turn on those of PARALLEL_TEST_HOST.
# Left out is what cannot be the same there.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$1
command -v "$2" >/dev/null || { echo "skipped: there is no $2"; exit 77; }
export PARALLEL_TEST_HOST=${PARALLEL_TEST_HOST:-h1} PARALLEL_TEST_LAUNCHER=$2 LUA_INIT=@$root/tests/cluster/everywhere.lua
shift 2
out=(
  'finds the modules that the parent finds'       # package.path has what the host's own Lua finds, too
  'is found by a child that gets it with its code' # these take the library's folder out of the environment,
  'are our own tensors, too'                       # where an agent has to find it
  'that is killed leaves no process behind'        # these read what children print, of which some is on its way when the program is killed
  'that is terminated leaves no process behind'
  'starts a child that waits for code and ends'    # its ip is this machine's
  'may start more than a thousand children'        # these two are about what is local, and take long
  'leaves nothing in /dev/shm'
)
filters=()
for name in "${out[@]}"; do filters+=("--filter-out=$name"); done
failed=0
for spec in "$@"; do
  "$root/tests/run-script.sh" "$version" "$root/tests/busted.lua" "${filters[@]}" "$root/tests/lua/${spec}_spec.lua" || failed=1
done
exit $failed
