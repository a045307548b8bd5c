#!/bin/sh
# Prints a node_modules folder that holds exactly what a package-lock.json pins. Made once for each content of the file;
# a half-made one is never used.
#
# Usage: tools/node.sh FOLDER-WITH-PACKAGE-LOCK
set -eu
tools=$(dirname "$0")
. "$tools/cache.sh"
folder=$1

fail() {
  echo "$1" >&2
  exit 1
}

command -v npm > /dev/null || fail "there is no npm on PATH: install Node.js 20 or newer, with npm"
key=$(cat "$folder/package.json" "$folder/package-lock.json" | cksum | cut -d ' ' -f 1)
place="$cache/node-$key"

if [ ! -e "$place/.complete" ]; then
  mkdir -p "$cache"
  # Made beside its place and moved there whole: of two makers at once, the second throws its own away.
  made=$(mktemp -d "$cache/node-XXXXXX")
  trap 'rm -rf "$made"' EXIT INT TERM
  echo "installing $(basename "$folder")/package-lock.json into $place" >&2
  cp "$folder/package.json" "$folder/package-lock.json" "$made"
  (cd "$made" && npm ci --ignore-scripts --no-audit --no-fund --loglevel error >&2) ||
    fail "npm could not install $folder/package-lock.json: see the lines above; it needs npm's registry"
  touch "$made/.complete"
  [ -e "$place" ] || mv "$made" "$place"
fi
echo "$place/node_modules"
