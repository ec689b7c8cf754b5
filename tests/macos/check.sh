#!/usr/bin/env bash
# tests/macos/check.sh COMPILER [LUA_INCLUDE]: do the sources keep to what macOS has? See macos.h. Nothing is linked or run.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
compiler=$1 includes=(-Isrc -Iinclude -isystem tests/macos)
sources=$(find src -name '*.c' ! -path 'src/os/linux/*' ! -path 'src/os/calls_linux/*' ! -path 'src/lua/*' ! -path 'src/codec/*' ! -path 'src/torch/*' ! -path 'src/launcher/*')
if [ $# -gt 1 ]; then
  includes+=(-isystem "$2")
  sources=$(find src -name '*.c' ! -path 'src/os/linux/*' ! -path 'src/os/calls_linux/*' ! -name bridge_none.c)
fi
failed=0
for file in $sources; do
  case $file in src/os/*) takes_away=(-include tests/macos/macos.h) ;; *) takes_away=() ;; esac
  $compiler -std=gnu11 -fsyntax-only -U__linux__ -U__linux -Ulinux -D__APPLE__=1 -DPAR_PORTABLE=1 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
    '-DPARALLEL_VERSION="0"' -Wall -Wextra -Werror "${takes_away[@]}" "${includes[@]}" "$file" || failed=1
done
exit $failed
