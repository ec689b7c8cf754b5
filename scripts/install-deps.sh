#!/usr/bin/env bash
# Installs the packages of scripts/packages-<system>.txt that are missing. Says nothing when nothing is.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

wanted() { sed 's/#.*//' "$here/packages-$1.txt" | grep -v '^[[:space:]]*$'; }

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
