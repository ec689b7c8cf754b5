#!/usr/bin/env bash
# Builds the Debian packages from what is committed or staged, looks at them with lintian, installs them into a clean system in a folder
# (debootstrap) and runs the demo there for every Lua, without the source tree. As root, on Debian.
# usage: test-packages.sh [FOLDER]    FOLDER keeps the packages; without one nothing is left
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/scripts/install-deps.sh" demo packages
work=$(mktemp -d)
clean_up() {
  umount "$work/system/proc" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT

mkdir "$work/tree"
git -C "$root" ls-files -z | (cd "$root" && xargs -0 tar c) | tar x -C "$work/tree"
(cd "$work/tree" && dpkg-buildpackage -us -uc -b) >"$work/build.log" 2>&1 || {
  tail -50 "$work/build.log"
  exit 1
}
lintian --fail-on error,warning "$work"/*.changes

# The system: what this one is, from where this one has its packages.
. /etc/os-release
mirror=$(apt-cache policy base-files | sed -nE 's|^ *[0-9]+ (https?://[^ ]+) .*|\1|p' | head -1)
debootstrap --variant=minbase --include=lua5.1,lua5.2,lua5.3,lua5.4,luajit,liblua5.1-0,liblua5.2-0,liblua5.3-0,liblua5.4-0 "$VERSION_CODENAME" "$work/system" "$mirror" >"$work/system.log" || {
  tail -20 "$work/system.log"
  exit 1
}
for deb in "$work"/*.deb; do
  case $deb in *-dbgsym_*) ;; *) cp "$deb" "$work/system/tmp" ;; esac
done
mount -t proc proc "$work/system/proc"
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive chroot "$work/system" "$@"; }
inside sh -c 'dpkg -i /tmp/*.deb >/tmp/log 2>&1 || apt-get -y --no-install-recommends -f install >>/tmp/log 2>&1 || { cat /tmp/log; exit 1; }'
# The original's example asks for torch before parallel: ours is found once the library is loaded.
echo "require 'parallel' dofile '/usr/share/doc/lua-parallel/examples/readme.lua'" >"$work/system/tmp/demo.lua"
for interpreter in lua5.1 lua5.2 lua5.3 lua5.4 luajit parallel-lua5.4 parallel-luajit; do
  out=$(inside "$interpreter" /tmp/demo.lua 2>&1) || true
  case $out in
    *'all processes terminated'*) echo "$interpreter: the demo runs" ;;
    *)
      echo "$interpreter: $out"
      exit 1
      ;;
  esac
done
inside sh -c 'dpkg -r lua-parallel lua-parallel-dev lua-parallel-doc >/dev/null && ! find /usr -path "*parallel*" -name "*.so" | grep .' || {
  echo "removing the packages left something"
  exit 1
}
[ $# -eq 0 ] || cp "$work"/*.deb "$1"
echo "packages: ok"
