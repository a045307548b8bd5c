#!/bin/sh
# Prints the python of a virtual environment that holds exactly what a requirements file pins. Made once for each
# content of the file and each version of Python; a half-made one is never used.
#
# Usage: tools/python.sh REQUIREMENTS
set -eu
tools=$(dirname "$0")
. "$tools/cache.sh"
requirements=$1

fail() {
  echo "$1" >&2
  exit 1
}

command -v python3 > /dev/null || fail "there is no python3 on PATH: install Python 3.10 or newer"
key=$(python3 - "$requirements" << 'PYTHON'
import hashlib, platform, sys
content = open(sys.argv[1], "rb").read() + platform.python_version().encode()
print(hashlib.sha256(content).hexdigest()[:12])
PYTHON
) || fail "python3 cannot read $requirements"
venv="$cache/venv-$key"

if [ ! -e "$venv/.complete" ]; then
  mkdir -p "$cache"
  # A virtual environment holds its own path and cannot be moved: it is made in place, and marked when it is whole.
  # Two makers at once wait for each other by the lock folder's name.
  lock="$venv.lock"
  waited=0
  until mkdir "$lock" 2> /dev/null; do
    [ "$waited" -lt 300 ] || fail "another process has been making $venv for 5 minutes: remove $lock if it is gone"
    [ "$waited" -gt 0 ] || echo "waiting for another process that makes $venv" >&2
    sleep 1
    waited=$((waited + 1))
  done
  trap 'rmdir "$lock" 2> /dev/null || true' EXIT INT TERM
  if [ ! -e "$venv/.complete" ]; then
    echo "installing $(basename "$(dirname "$requirements")")/$(basename "$requirements") into $venv" >&2
    rm -rf "$venv"
    python3 -m venv "$venv" >&2 ||
      fail "python3 -m venv failed: install the venv module (Debian, Ubuntu: apt-get install python3-venv)"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
      --only-binary :all: -r "$requirements" >&2 ||
      fail "pip could not install $requirements: see the lines above; it needs PyPI or PIP_INDEX_URL"
    touch "$venv/.complete"
  fi
fi
echo "$venv/bin/python"
