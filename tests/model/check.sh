#!/bin/sh
# check.sh [WITHOUT]: verifies the ring's model, or that it fails without that part of it (-DWITHOUT_...). 77: spin or gcc is
# missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
command -v spin >/dev/null && command -v gcc >/dev/null || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
defines="-DN=${MODEL_N:-6} -DC=${MODEL_C:-2}"
[ $# -gt 0 ] && defines="$defines -DWITHOUT_$1"
spin $defines -a "$here/ring.pml" >/dev/null
gcc -O1 -w -DSAFETY -DVECTORSZ=512 -o pan pan.c
./pan -m100000 >out 2>&1 || true
grep -E 'errors:|invalid end state .at|assertion violated|depth reached|states, stored' out
if [ $# -gt 0 ]; then
  grep -q 'invalid end state (at depth' out
else
  grep -q 'errors: 0' out
fi
