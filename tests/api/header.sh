#!/usr/bin/env bash
# tests/api/header.sh LIBRARY [C++ COMPILER]: parallel.h is C99 and C++ without a warning, the shared library has the calls that
# it declares and no others, and docs/c.md tells of each call and each code.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
header=$root/include/parallel/parallel.h
library=$1
strict=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only)
${CC:-cc} -x c -std=c99 "${strict[@]}" "$header"
[ $# -lt 2 ] || "$2" -x c++ -std=c++11 "${strict[@]}" "$header"

declared=$(grep -oE '\bparallel_[a-z_]+\(' "$header" | tr -d '(' | sort -u)
exported=$(nm -D --defined-only "$library" | awk '$2 == "T" {print $3}' | grep -v '^_' | sort -u)
failed=0
[ -n "$declared" ] && diff <(echo "$declared") <(echo "$exported") || {
  echo "left: declared in parallel.h, right: exported by $library"
  failed=1
}
for name in $declared $(grep -oE '\bPARALLEL_E_[A-Z]+' "$header" | sort -u); do
  grep -qE "\b$name\b" "$root/docs/c.md" || {
    echo "docs/c.md does not tell of $name"
    failed=1
  }
done
exit $failed
