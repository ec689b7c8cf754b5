#!/usr/bin/env bash
# release.sh VERSION: makes a release of what is committed: the version, which stands in CMakeLists.txt, goes into all places that need it,
# with the day into CHANGELOG.md, the man page and Debian's changelog; one commit and a tag. Nothing is pushed.
# release.sh --check: do all places have the version of CMakeLists.txt?
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
fail() {
  echo "release.sh: $1" >&2
  exit 1
}
current() { sed -n 's/^project(parallel VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt; }

check() {
  local version rockspec in_rockspec in_debian in_changes in_manual
  version=$(current)
  rockspec=$(echo parallel-*.rockspec)
  in_rockspec=$(sed -n 's/^version = "\(.*\)-1"$/\1/p' "$rockspec")
  in_debian=$(sed -n '1s/^lua-parallel (\(.*\)) .*/\1/p' debian/changelog)
  in_changes=$(grep -c "^## $version " CHANGELOG.md) || true
  [ "$rockspec" = "parallel-$version-1.rockspec" ] || fail "CMakeLists.txt says $version, the rockspec is called $rockspec"
  [ "$in_rockspec" = "$version" ] || fail "CMakeLists.txt says $version, $rockspec says $in_rockspec"
  [ "$in_debian" = "$version" ] || fail "CMakeLists.txt says $version, debian/changelog says $in_debian"
  in_manual=$(sed -n 's/^\.TH LUAPAR 1 ".*" "parallel \(.*\)" .*/\1/p' bin/luapar.1)
  [ "$in_manual" = "$version" ] || fail "CMakeLists.txt says $version, bin/luapar.1 says $in_manual"
  [ "$in_changes" = 1 ] || fail "CHANGELOG.md has $in_changes sections of version $version"
}

[ $# = 1 ] || fail "usage: release.sh VERSION, or release.sh --check"
if [ "$1" = --check ]; then
  check
  exit 0
fi

version=$1 before=$(current)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "'$version' is no version: three numbers with dots between them are one"
[ "$(printf '%s\n' "$before" "$version" | sort -V | tail -1)" = "$version" ] || fail "$version is older than $before"
[ -z "$(git status --porcelain)" ] || fail "there are changes that are not committed"
! git rev-parse -q --verify "refs/tags/v$version" >/dev/null || fail "there is a tag v$version already"
grep -q "^## $version (not released)$" CHANGELOG.md || fail "CHANGELOG.md has no section '## $version (not released)'"

day=$(date -u +%Y-%m-%d)
sed -i "s/^project(parallel VERSION [0-9.]* /project(parallel VERSION $version /" CMakeLists.txt
[ "$version" = "$before" ] || git mv "parallel-$before-1.rockspec" "parallel-$version-1.rockspec"
sed -i "s/^version = \".*-1\"$/version = \"$version-1\"/" "parallel-$version-1.rockspec"
sed -i "s/^\(.TH LUAPAR 1\) \"[^\"]*\" \"[^\"]*\"/\1 \"$day\" \"parallel $version\"/" bin/luapar.1
sed -i "s/^## $version (not released)$/## $version ($day)/" CHANGELOG.md
if [ "$version" = "$before" ]; then
  sed -i "1,/^ -- /s/^\( -- .*>  \).*/\1$(date -uR)/" debian/changelog
else
  who=$(sed -n 's/^Maintainer: //p' debian/control)
  { printf 'lua-parallel (%s) unstable; urgency=medium\n\n  * New release: see CHANGELOG.md.\n\n -- %s  %s\n\n' "$version" "$who" "$(date -uR)"
    cat debian/changelog; } >debian/changelog.new
  mv debian/changelog.new debian/changelog
fi
check
git add -A
git commit -q -m "Release $version"
git tag -a "v$version" -m "parallel $version"
echo "parallel $version: committed and tagged as v$version. To publish: git push && git push origin v$version"
