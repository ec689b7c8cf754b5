#!/usr/bin/env bash
# tests/cluster/run.sh [--slurm] CMD...: runs CMD as host h0 of a private world with two more hosts, h1 and h2, that ssh reaches, and
# with --slurm as nodes of a Slurm cluster as well. The world is made of namespaces and ends with CMD: nothing of it can be left over,
# and any number may run side by side. Its addresses are its own. Exit status 77 with the reason where it cannot be made.
# PARALLEL_BUILD: the build tree, in which scripts/unpack-world.sh has put the servers.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
world=${PARALLEL_WORLD:-$root/build/world}

skip() {
  echo "skipped: $*"
  exit 77
}

[ "$(uname)" = Linux ] || skip "a test cluster needs Linux"
[ "$(id -u)" = 0 ] || skip "a test cluster needs root"
for tool in unshare nsenter ip ssh ssh-keygen mount setsid; do
  command -v $tool >/dev/null || skip "there is no $tool"
done
[ -x "$world/root/usr/sbin/sshd" ] || [ -x /usr/sbin/sshd ] || skip "there is no sshd: scripts/unpack-world.sh build/world brings it"
unshare --mount --net --pid --ipc --uts --fork true 2>/dev/null || skip "no namespaces can be made here (CAP_SYS_ADMIN)"
exec unshare --mount --net --pid --ipc --uts --fork --kill-child --mount-proc --propagation private \
  "$here/inside.sh" "$world/root" "$root" "$@"
