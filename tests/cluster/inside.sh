#!/usr/bin/env bash
# inside.sh SERVERS ROOT [--slurm] CMD...: what run.sh runs in the new namespaces: makes the world, then runs CMD in it.
set -eu
servers=$1 root=$2
shift 2
slurm=no
if [ "$1" = --slurm ]; then
  slurm=yes
  shift
fi
w=/run/world

skip() {
  echo "skipped: $*"
  exit 77
}

# --- files: nothing of the machine is written, and nothing of its user's is read ---
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/sshd $w/etc/ssh $w/home/.ssh $w/log
mount -t tmpfs tmpfs /dev/shm
# Specs name their files by process ids, which are the same in every world: each has its own folder for them.
scratch=${PARALLEL_BUILD:-$root/build/release}/scratch
mkdir -p "$scratch"
mount -t tmpfs tmpfs "$scratch"
{
  sed 's,^root:\([^:]*:[^:]*:[^:]*:[^:]*:\)[^:]*:[^:]*$,root:\1/run/world/home:/bin/bash,' /etc/passwd
  grep -q ^sshd: /etc/passwd || echo "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin"
  # Users with other shells, and without a home.
  for shell in tcsh fish; do
    [ ! -x "$servers/usr/bin/$shell" ] && [ ! -x /usr/bin/$shell ] || echo "$shell:x:0:0::$w/home:/usr/bin/$shell"
  done
  echo "homeless:x:0:0::/nowhere:/bin/sh"
  echo "nologin:x:0:0::$w/home:/usr/sbin/nologin"
} >$w/etc/passwd
cat >$w/etc/hosts <<END
127.0.0.1 localhost
10.77.0.10 h0
10.77.0.1 h1
10.77.0.2 h2
END
cat >$w/etc/ssh/ssh_config <<END
Host *
  UserKnownHostsFile $w/known_hosts
  IdentityFile $w/home/.ssh/key
  StrictHostKeyChecking yes
END
layers=$w/etc
[ ! -d "$servers/etc" ] || layers=$layers:$servers/etc
mount -t overlay overlay -o "lowerdir=$layers:/etc" /etc 2>$w/log/mount || skip "no overlay can be mounted: $(cat $w/log/mount)"
if [ -d "$servers/usr" ]; then
  mount -t overlay overlay -o "lowerdir=$servers/usr:/usr" /usr 2>$w/log/mount || skip "no overlay can be mounted: $(cat $w/log/mount)"
  ldconfig -C $w/ld.so.cache 2>/dev/null || true
  # Libraries in folders of their own are found by the loader's cache, which is the machine's.
  export LD_LIBRARY_PATH=/usr/lib/$(uname -m)-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
fi
export HOME=$w/home
cd "$root"

# --- network: h0 is where we are ---
hostname h0
ip link set lo up
ip link add br0 type bridge
ip addr add 10.77.0.10/24 dev br0
ip link set br0 up
for n in 1 2; do
  ip netns add h$n
  ip link add v$n type veth peer name eth0 netns h$n
  ip link set v$n master br0 up
  ip -n h$n link set lo up
  ip -n h$n addr add 10.77.0.$n/24 dev eth0
  ip -n h$n link set eth0 up
done

# in_host h1 CMD...: in that host's network and under its name, in a session of its own.
in_host() {
  local host=$1
  shift
  nsenter --net=/run/netns/$host setsid unshare --uts sh -c 'hostname $0; exec "$@"' "$host" "$@"
}

# --- ssh ---
ssh-keygen -q -t ed25519 -N '' -f $w/hostkey
ssh-keygen -q -t ed25519 -N '' -f $w/home/.ssh/key
cp $w/home/.ssh/key.pub $w/home/.ssh/authorized_keys
chmod 700 $w/home/.ssh
for n in 1 2; do
  echo "h$n,10.77.0.$n,[h$n]:2222 $(cut -d' ' -f1,2 $w/hostkey.pub)" >>$w/known_hosts
done
cat >$w/sshd_config <<END
HostKey $w/hostkey
Port 22
Port 2222
PermitRootLogin yes
StrictModes no
UsePAM no
PrintMotd no
MaxStartups 200
PidFile none
PermitUserEnvironment yes
AuthorizedKeysFile $w/home/.ssh/authorized_keys
AcceptEnv NONE
SetEnv LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-} PATH=$PATH
END
for n in 1 2; do in_host h$n /usr/sbin/sshd -D -e -f $w/sshd_config >$w/log/sshd.h$n 2>&1 & done

wait_for() { # wait_for WHAT CMD...: until CMD succeeds
  local what=$1 end=$((SECONDS + 100)) # far more than it takes on the slowest, busiest machine
  shift
  while [ $SECONDS -lt $end ]; do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.02
  done
  echo "the test cluster does not come up: $what" >&2
  tail -n 20 $w/log/* >&2
  exit 1
}

reachable() { (exec 3<>/dev/tcp/"$1"/22) 2>/dev/null; }
for n in 1 2; do wait_for "sshd of h$n" reachable h$n; done

[ $slurm = no ] || . "$root/tests/cluster/slurm.sh"
"$@"
