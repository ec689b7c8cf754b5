#!/usr/bin/env bash
# scripts/docs.sh [FOLDER]: makes the pages of README and docs into a site with a search field, by pandoc, in FOLDER (build/site).
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
site=${1:-build/site}
command -v pandoc >/dev/null || {
  echo "docs.sh: pandoc is missing: run scripts/install-deps.sh docs" >&2
  exit 1
}
rm -rf "$site"
mkdir -p "$site/design"
top=$(realpath --relative-to="$site" .) # what is no page is linked to in the clone, or where SITE_REPOSITORY says
pages=(README.md docs/cookbook.md docs/api.md docs/reference.md docs/pool.md docs/groups.md docs/clusters.md docs/tensor.md docs/tensor-reference.md docs/codec.md
  docs/hosts.md docs/c.md docs/luapar.md docs/trace.md docs/later.md docs/migrating.md docs/figures.md)
for page in docs/*.md docs/design/*.md; do # what is not named above comes after it
  case " ${pages[*]} " in *" $page "*) ;; *) pages+=("$page") ;; esac
done
name_of() { # of a page in the site
  local name=${1#docs/}
  [ "$name" = README.md ] && name=index.md
  echo "${name%.md}.html"
}
title_of() { sed -n 's/^# //p' "$1" | head -n 1 | sed 's/: .*//; s/"//g'; }
build_page() { # source
  local name root="" page
  name=$(name_of "$1")
  case $name in */*) root=../ ;; esac
  {
    echo "root: \"$root\""
    echo "pages:"
    for page in "${pages[@]}"; do
      echo "- file: $(name_of "$page")"
      echo "  name: \"$(title_of "$page")\""
      [ "$page" = "$1" ] && echo "  here: true"
    done
  } >"$site/meta.yaml"
  SITE_PAGE=$name SITE_INDEX=$site/index.js SITE_ROOT=$root SITE_FOLDER=${1%"${1##*/}"} \
    SITE_REPOSITORY=${SITE_REPOSITORY:-$root$top/} pandoc --from gfm --to html5 --standalone --template docs/site/page.html \
    --lua-filter docs/site/filter.lua --metadata-file "$site/meta.yaml" -o "$site/$name" "$1"
}
echo 'window.parallelIndex = [' >"$site/index.js"
for page in "${pages[@]}"; do build_page "$page"; done
echo '];' >>"$site/index.js"
rm "$site/meta.yaml"
cp docs/site/style.css docs/site/search.js "$site"
find docs -name '*.png' -o -name '*.svg' | while read -r picture; do
  install -D -m 644 "$picture" "$site/${picture#docs/}"
done
# A link that leads nowhere is an error, to a page, a picture or a heading. (Lines of code have anchors of their own: #cb1-2.)
broken=0
for page in "$site"/*.html "$site"/design/*.html; do
  for target in $(grep -Eo '(href|src)="[^":]*"' "$page" | cut -d'"' -f2 | grep -v '^#cb[0-9]' | sort -u); do
    file=${target%%#*}
    heading=${target#"$file"}
    [ "$file" ] && file=${page%/*}/$file || file=$page
    [ -e "$file" ] && case $file$heading in
      *.html'#'*) grep -Fq " id=\"${heading#\#}\"" "$file" ;;
    esac || {
      echo "$page: $target does not exist"
      broken=1
    }
  done
done
echo "$site: ${#pages[@]} pages"
exit $broken
