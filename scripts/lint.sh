#!/usr/bin/env bash
# Checks how the sources are written. lint.sh [c|lua|text]...: all three without arguments. `lint.sh --fix` lays the C files out anew.
# Ends with 77 when what was asked for cannot be checked here, and says why.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
CLANG_FORMAT_RELEASE=14 # each lays out a little differently

sources() { find . \( -name build -o -name .git \) -prune -o -type f \( "$@" \) -print | sed 's,^\./,,' | sort; }
c_files() { sources -name '*.c' -o -name '*.h'; }

formatter() {
  local name
  for name in clang-format-$CLANG_FORMAT_RELEASE clang-format; do
    if command -v $name >/dev/null && $name --version | grep -q "version $CLANG_FORMAT_RELEASE\."; then
      echo $name
      return
    fi
  done
  echo "lint.sh: clang-format $CLANG_FORMAT_RELEASE is not here (Debian: clang-format-$CLANG_FORMAT_RELEASE): C files are not checked" >&2
  exit 77
}

check_c() {
  local format
  format=$(formatter) || exit $?
  c_files | xargs "$format" --dry-run --Werror --ferror-limit=20 || {
    echo "lint.sh: scripts/lint.sh --fix lays these files out"
    return 1
  }
}

fix_c() {
  local format
  format=$(formatter) || exit $?
  c_files | xargs "$format" -i
}

check_lua() {
  command -v luacheck >/dev/null || {
    echo "lint.sh: luacheck is not here (Debian: lua-check): Lua files are not checked" >&2
    exit 77
  }
  luacheck -q --no-color .
}

# .editorconfig, for those without an editor that reads it.
check_text() {
  local failed=0
  while read -r file; do
    awk -v file="$file" '
      function say(what) { print file ":" NR ": " what; bad = 1 }
      /[ \t]$/ { say("a blank at the end of the line") }
      /\t/ && file !~ /Makefile$|\.md$/ { say("a tab") }
      /\r/ { say("a carriage return") }
      length($0) > 150 && file ~ /\.(c|h)$/ { say("longer than 150 columns") }
      END { exit bad }' "$file" || failed=1
    [ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || {
      echo "$file: no newline at its end"
      failed=1
    }
  done < <(sources -name '*.c' -o -name '*.h' -o -name '*.lua' -o -name '*.sh' -o -name '*.cmake' -o -name '*.md' -o -name '*.pml' \
    -o -name CMakeLists.txt -o -name Makefile)
  return $failed
}

if [ "${1:-}" = --fix ]; then
  fix_c
  exit
fi
failed=0
for part in ${*:-text lua c}; do
  case $part in
    c | lua | text)
      (check_$part) || {
        status=$?
        if [ $failed = 0 ] || [ $status != 77 ]; then failed=$status; fi
      }
      ;;
    *)
      echo "usage: lint.sh [--fix | c | lua | text]..." >&2
      exit 2
      ;;
  esac
done
exit $failed
