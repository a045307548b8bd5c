#!/bin/sh
# Prints the path of a clickhouse-server for the tests: WAYLEAVE_CLICKHOUSE, else the one on PATH, else one of our own
# below the cache folder, which is fetched at the first time: Debian's, unpacked there, not installed. It is an old one:
# what it takes, all take.
#
# Usage: tools/clickhouse.sh
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/cache.sh"
. "$tools/debian.sh"
# Debian 12. A rebuild replaces the last part of the version.
debian=18.16.1+ds
# The server, and what it takes beside what every Debian has.
packages="clickhouse-server clickhouse-common libpocofoundation80 libpocodata80 libpocodataodbc80 libpocomongodb80
  libpoconet80 libpoconetssl80 libpocoutil80 libpocoxml80 libpocojson80 libpococrypto80 libcapnp-0.9.2 libcctz2
  libcpuinfo0 libdouble-conversion3 libfarmhash0 libjemalloc2 libmariadb3 libmetrohash1 librdkafka1 libre2-9
  libboost-filesystem1.74.0 libboost-program-options1.74.0 libicu72 libodbc2 libltdl7 libpcre3 libexpat1 libssl3
  libzstd1 liblz4-1"
server=$cache/clickhouse/debian12/clickhouse-server

fetch() {
  echo "fetching Debian's clickhouse-server into $(dirname "$server") (once, about 30 MB)" >&2
  work_folder clickhouse
  fetch_debian "$debian" "install ClickHouse, or set WAYLEAVE_CLICKHOUSE" $packages
  with_libraries clickhouse-server usr/sbin/clickhouse-server
  # It knows neither --version nor --help, and says so where it runs.
  "$work/root/clickhouse-server" --version 2>&1 | grep -q option ||
    fail "the fetched clickhouse-server does not run on this machine"
  place "$work/root" "$server"
}

if [ -n "${WAYLEAVE_CLICKHOUSE:-}" ]; then
  echo "$WAYLEAVE_CLICKHOUSE"
elif found=$(command -v clickhouse-server); then
  echo "$found"
else
  [ -x "$server" ] || fetch
  echo "$server"
fi
