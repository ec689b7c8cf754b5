#!/bin/sh
# check.sh MODEL [WITHOUT]: verifies tests/model/MODEL.pml, or that it fails without that part of it (-DWITHOUT_...). 77: spin or
# gcc is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
command -v spin >/dev/null && command -v gcc >/dev/null || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $1 in
  ring) # a protocol of waiting: its failure is that both sides wait for ever
    defines="-DN=${MODEL_N:-6} -DC=${MODEL_C:-2}" failure='invalid end state \(at depth' pan= ;;
  tasks) # a killed worker stops where it is, so its state says nothing
    defines="-DN=${MODEL_N:-4}" failure='assertion violated' pan=-E ;;
  board | agree) # some parts keep members from waiting for ever, some from going on too soon
    defines= failure='(invalid end state|assertion violated .*) \(at depth' pan= ;;
  *)
    echo "check.sh: there is no model '$1'" >&2
    exit 2 ;;
esac
model=$1
[ $# -gt 1 ] && defines="$defines -DWITHOUT_$2"
spin $defines -a "$here/$model.pml" >/dev/null
gcc -O1 -w -DSAFETY -DVECTORSZ=512 -o pan pan.c
./pan $pan -m100000 >out 2>&1 || true
grep -E 'errors:|invalid end state .at|assertion violated|depth reached|states, stored' out
if [ $# -gt 1 ]; then
  grep -qE "$failure" out
else
  grep -q 'errors: 0' out
fi
