#!/usr/bin/env bash
# Installs the packages of scripts/packages-<system>.txt that are missing. Says nothing when nothing is.
# usage: install-deps.sh [GROUP...]    the groups of that file; without any: demo and test
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

groups=" ${*:-demo test} "

for group in $groups; do
  grep -qF "[$group]" "$here/packages-debian.txt" || {
    echo "install-deps.sh: there is no group '$group' in scripts/packages-debian.txt" >&2
    exit 2
  }
done

# The packages of the groups asked for; a list without groups is taken whole.
wanted() {
  local group="" word
  for word in $(sed 's/#.*//' "$here/packages-$1.txt"); do
    case $word in
      \[*) group=$(tr -d '[]' <<<"$word") ;;
      *) [ -n "$group" ] && [ "${groups#* "$group" }" = "$groups" ] || echo "$word" ;;
    esac
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "install-deps.sh: root or sudo is needed for: $*" >&2
    exit 1
  fi
}

install_debian() {
  local missing=() package
  for package in $(wanted debian); do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "Installing: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

install_homebrew() {
  local missing=() package
  for package in $(wanted homebrew); do
    brew list --versions "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "Installing: ${missing[*]}"
  brew install "${missing[@]}"
}

if command -v apt-get >/dev/null; then
  install_debian
elif command -v brew >/dev/null; then
  install_homebrew
else
  echo "install-deps.sh: neither apt-get nor brew was found; install what scripts/packages-debian.txt names by hand." >&2
fi
