#!/usr/bin/env bash
# The world itself: its hosts can be reached by ssh and by Slurm, each under its own name, and nothing of the machine is seen there.
set -eu
expect() { # expect WANTED GOT
  [ "$1" = "$2" ] || {
    echo "expected '$1', got '$2'"
    exit 1
  }
}
expect h0 "$(hostname)"
expect h1 "$(ssh -o BatchMode=yes h1 hostname)"
expect h2 "$(ssh -o BatchMode=yes -p 2222 root@h2 hostname)"
expect "h1 h2" "$(srun -N2 hostname | sort | xargs)"
expect "/run/world/home" "$(ssh -o BatchMode=yes h1 'echo $HOME')"
expect 4 "$(ip -o link | wc -l)"
[ "$(ls -d /proc/[0-9]* | wc -l)" -lt 60 ] || {
  echo "processes of the machine are seen"
  exit 1
}
