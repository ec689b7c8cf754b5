#!/usr/bin/env bash
# unpack-world.sh DIR [PACKAGE...]: puts packages, with all that they need and this system lacks, into DIR; without names the programs of
# the test cluster (tests/cluster/run.sh). They are unpacked, not installed: a server that Debian installs is started, now and at every
# start of the machine, and a test is no reason for that. Says nothing when everything is there.
set -eu
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift
packages=${*:-openssh-server munge slurmctld slurmd slurm-client openmpi-bin tcsh fish}
stamp="$dir/unpacked"
[ "$(cat "$stamp" 2>/dev/null)" != "$packages" ] || exit 0
command -v apt-get >/dev/null && command -v dpkg >/dev/null || exit 0

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

fetch() { # the packages and what they need, into $dir/debs
  apt-get -qq -y --no-install-recommends --download-only -o Debug::NoLocking=1 -o Dir::Cache::archives="$dir/debs" \
    -o APT::Sandbox::User="$(id -un)" install $packages >"$dir/log" 2>&1
}

rm -rf "$dir/root" "$dir/debs" "$stamp"
mkdir -p "$dir/debs/partial" "$dir/root"
echo "Unpacking for tests: $packages"
fetch || { as_root apt-get update -qq && fetch; } || {
  echo "unpack-world.sh: tests will be skipped, these packages cannot be had: $(tail -n 1 "$dir/log")" >&2
  exit 0
}
for deb in "$dir"/debs/*.deb; do dpkg-deb -x "$deb" "$dir/root"; done
# /bin, /lib and /sbin are links into /usr on the machine.
for folder in bin lib sbin; do
  [ ! -d "$dir/root/$folder" ] || cp -a "$dir/root/$folder/." -t "$(mkdir -p "$dir/root/usr/$folder" && echo "$dir/root/usr/$folder")"
done
# What Debian calls by other names, until the alternatives system is asked.
link() { [ ! -e "$dir/root/usr/$1" ] || [ -e "$dir/root/usr/$2" ] || ln -s "$(basename "$1")" "$dir/root/usr/$2"; }
for name in slurmctld slurmd slurmstepd; do link sbin/$name-wlm sbin/$name; done
link bin/mpirun.openmpi bin/mpirun
link bin/orted.openmpi bin/orted
rm -rf "$dir/debs"
echo "$packages" >"$stamp"
