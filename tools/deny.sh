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
"$root/bin/cargo-deny" --locked check advisories || {
  echo "the advisories were not checked, or one applies: see above. They are fetched from github.com/rustsec," >&2
  echo "which needs the network; licences, sources and bans are in order." >&2
  exit 1
}
