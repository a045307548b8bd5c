#!/bin/sh
# Runs cargo-deny, which is built once into the cache folder.
set -eu
tools=$(dirname "$0")
. "$tools/cache.sh"
version=0.20.2
root="$cache/tools/cargo-deny-$version"

if [ ! -x "$root/bin/cargo-deny" ]; then
  echo "building cargo-deny $version into $root (once, some minutes)" >&2
  cargo install --locked --root "$root" --version "$version" cargo-deny
fi
cd "$tools/.."
"$root/bin/cargo-deny" --locked check licenses sources bans
# The database of known vulnerabilities comes from github.com, which may be out of reach.
if "$root/bin/cargo-deny" --locked fetch db > /dev/null 2>&1; then
  "$root/bin/cargo-deny" --locked check --disable-fetch advisories
else
  echo "advisories were NOT checked: their database at github.com/rustsec/advisory-db is out of reach" >&2
fi
