#!/usr/bin/env bash
# A release in a copy of the repository: every place has its version, the tag is there, and what cannot be released is refused.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git init -q "$work/copy" 2>/dev/null || exit 77
(cd "$root" && git ls-files -z 2>/dev/null | xargs -0r tar c 2>/dev/null) | tar x -C "$work/copy" 2>/dev/null || exit 77
[ -f "$work/copy/CMakeLists.txt" ] || exit 77 # not in a clone
cd "$work/copy"
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
git add -A
git commit -q -m all

refused() { # refused WHY ARGUMENT
  local out
  if out=$(scripts/release.sh "$2" 2>&1); then
    echo "release.sh $2 should have been refused"
    exit 1
  fi
  case $out in *"$1"*) ;; *)
    echo "release.sh $2: $out"
    exit 1
    ;;
  esac
}

scripts/release.sh --check
refused 'is no version' 1.x
refused 'is older' 0.0.1
refused "no section '## 98.0.0 (not released)'" 98.0.0
sed -i '1a\\n## 99.1.2 (not released)\n\n- A test.' CHANGELOG.md
refused 'not committed' 99.1.2
git commit -q -am change
scripts/release.sh 99.1.2 >/dev/null
scripts/release.sh --check
[ -z "$(git status --porcelain)" ]
[ "$(git rev-parse 'v99.1.2^{commit}')" = "$(git rev-parse HEAD)" ]
grep -q '^project(parallel VERSION 99.1.2 ' CMakeLists.txt
grep -q '^version = "99.1.2-1"$' parallel-99.1.2-1.rockspec
grep -qE '^## 99.1.2 \([0-9]{4}-[0-9]{2}-[0-9]{2}\)$' CHANGELOG.md
! command -v dpkg-parsechangelog >/dev/null || [ "$(dpkg-parsechangelog -S Version)" = 99.1.2 ]
refused 'a tag v99.1.2 already' 99.1.2
sed -i 's/VERSION 99.1.2/VERSION 99.1.3/' CMakeLists.txt
refused 'the rockspec is called' --check
echo 'release: ok'
