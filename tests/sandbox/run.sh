#!/usr/bin/env bash
# tests/sandbox/run.sh BUILD c|VERSION: a part of the suite as a container would run it: as nobody, without any way to new
# privileges, under a filter of system calls (confine.c), with 64 MB of /dev/shm. Skipped (77) where such a place cannot be made.
set -u
build=$1 what=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
confine=$build/tests/confine
specs="child/original child/message child/run child/death child/options child/forkserver child/transport tensor/tensor child/growth pool/pool pool/map pool/faults"

skip() {
  echo "skipped: $*"
  exit 77
}

run_part() { # inside
  local failed=0 name
  if [ "$what" = c ]; then
    for name in "$build"/tests/test_* "$build/tests/start_faults" "$build/tests/faults_channel"; do
      [ -x "$name" ] || continue
      "$name" >"$log" 2>&1 || report "$name"
    done
    "$build/tests/crash_channel" 100 >"$log" 2>&1 || report crash_channel
  else
    for name in $specs; do
      "$root/tests/run-spec.sh" "$what" "$root/tests/lua/${name}_spec.lua" >"$log" 2>&1 || report "$name"
    done
    "$root/tests/run-script.sh" "$what" "$root/tests/crash/chaos.lua" 4 >"$log" 2>&1 || report chaos
  fi
  if ls -A /dev/shm | grep . >"$log"; then report "leaving nothing in /dev/shm"; fi
  rm -f "$log"
  return $failed
}

report() {
  local status=$?
  [ $status = 77 ] && return
  echo "--- $1 failed in the sandbox ($status)"
  cat "$log"
  failed=1
}

if [ "${3:-}" = inside ]; then
  log=$(mktemp)
  cd "$root" && run_part
  exit
fi

for tool in unshare setpriv mount; do
  command -v $tool >/dev/null || skip "there is no $tool"
done
mkdir -p "$build/scratch"
# A small /dev/shm of our own, and a place where nobody may write what the specs write.
rooms='mount -t tmpfs -o size=64m,mode=1777 tmpfs /dev/shm && mount -t tmpfs -o size=64m,mode=1777 tmpfs "$0/scratch" && exec "$@"'
if [ "$(id -u)" = 0 ]; then
  outer=(unshare --mount --propagation private)
  inner=(setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs)
  setpriv --reuid nobody --regid nogroup --clear-groups test -r "$root/tests/sandbox/run.sh" || skip "nobody cannot read $root"
else
  outer=(unshare --user --map-root-user --mount --propagation private)
  inner=(setpriv --inh-caps=-all --bounding-set=-all --no-new-privs)
fi
"${outer[@]}" sh -c "$rooms" "$build" "${inner[@]}" true 2>/dev/null || skip "no mount namespace can be made here"
export HOME=/nonexistent
exec "${outer[@]}" sh -c "$rooms" "$build" "${inner[@]}" "$confine" "$root/tests/sandbox/run.sh" "$build" "$what" inside
