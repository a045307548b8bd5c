#!/bin/sh
# Prints the path of a prometheus for the tests: WAYLEAVE_PROMETHEUS, else the one on PATH, else one of our own below the
# cache folder, which is fetched at the first time: Debian's, unpacked there, not installed.
#
# Usage: tools/prometheus.sh
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/cache.sh"
. "$tools/debian.sh"
# Debian 12. A security update replaces the last part of the version.
debian=2.42.0+ds-5+deb12u
# The program is one file that takes the C library only; what else the package asks for are its pages.
packages=prometheus
server=$cache/prometheus/debian12/prometheus

fetch() {
  echo "fetching Debian's prometheus into $(dirname "$server") (once, about 19 MB)" >&2
  work_folder prometheus
  fetch_debian "$debian" "install Prometheus, or set WAYLEAVE_PROMETHEUS" $packages
  # The rest of the package is promtool, as large again, and the pages.
  mkdir "$work/program"
  mv "$work/root/usr/bin/prometheus" "$work/program/prometheus"
  "$work/program/prometheus" --version 2>&1 | grep -q "version 2.42" ||
    fail "the fetched prometheus does not run on this machine"
  place "$work/program" "$server"
}

if [ -n "${WAYLEAVE_PROMETHEUS:-}" ]; then
  echo "$WAYLEAVE_PROMETHEUS"
elif found=$(command -v prometheus); then
  echo "$found"
else
  [ -x "$server" ] || fetch
  echo "$server"
fi
