#!/usr/bin/env bash
# Checks the include edges of src/: arrows point down only, and lua.h stays where it may be.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../src"
allowed() { # the folders that a folder may include
  case $1 in
    base) echo "base" ;;
    os) echo "base os" ;;
    channel) echo "base os channel" ;;
    tensor) echo "base os tensor" ;;
    group) echo "base os channel tensor group" ;;
    codec) echo "base os channel tensor codec" ;;
    link) echo "base os channel group link" ;;
    lua) echo "base os channel tensor codec group link lua torch" ;;
    torch) echo "base os channel tensor codec torch" ;;
    cluster) echo "base os channel link cluster" ;;
    *) echo "" ;;
  esac
}
failed=0
while read -r file; do
  folder=${file%%/*}
  for included in $(sed -n 's/^#include "\([a-z]*\)\/.*/\1/p' "$file" | sort -u); do
    case " $(allowed "$folder") " in
      *" $included "*) ;;
      *)
        echo "$file includes $included/: arrows point down only"
        failed=$((failed + 1))
        ;;
    esac
  done
  if grep -q '#include <\(lua\|lauxlib\|lualib\|luajit\)\.h>' "$file"; then
    case $folder in
      codec | lua | torch) ;;
      *)
        echo "$file includes lua.h"
        failed=$((failed + 1))
        ;;
    esac
  fi
  # System calls live in src/os: these headers are the ways to them.
  if [ "$folder" != os ] && grep -qE '#include <(sys/socket|sys/mman|sys/epoll|sys/wait|spawn|poll|sys/un|fcntl)\.h>' "$file"; then
    [ "$file" = base/blob.c ] || {
      echo "$file makes system calls: they belong in src/os"
      failed=$((failed + 1))
    }
  fi
done < <(find . -name '*.[ch]' | sed 's,^\./,,' | sort)
exit $((failed > 0))
