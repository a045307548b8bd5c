#!/bin/sh
# Runs the tests with the official clients for Node.js. Without Node.js they are skipped, but not in CI.
#
# Usage: tests/node/run.sh [ARGUMENT-OF-NODE...]
set -eu
here=$(dirname "$0")

lacking() {
  if [ -n "${CI:-}" ]; then
    echo "$1: install Node.js 20 or newer, with npm" >&2
    exit 1
  fi
  echo "skipped tests/node: $1"
  exit 0
}

command -v node > /dev/null || lacking "there is no node on PATH"
command -v npm > /dev/null || lacking "there is no npm on PATH"
version=$(node --version)
major=${version#v}
[ "${major%%.*}" -ge 20 ] || lacking "node is $version"
NODE_PATH=$("$here/../../tools/node.sh" "$here")
export NODE_PATH
exec node --test "$@" "$here"/*.test.js
