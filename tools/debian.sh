# Programs of Debian, unpacked into the cache folder, not installed: sourced by the other scripts, after cache.sh.

fail() {
  echo "$1" >&2
  exit 1
}

# A folder of the cache to work in: $work. On the same file system as its place, so that the last step is a rename:
# nobody ever sees half a program.
work_folder() {
  mkdir -p "$cache/$1"
  work=$(mktemp -d "$cache/$1/.fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' INT TERM
}

# apt's own folders are only read; where its lists are missing, they are fetched into a folder of ours.
apt() {
  apt-get -qq -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o Dir::Cache="$work/cache" -o Dir::State::lists="$lists" "$@"
}

# Unpacks packages into $work/root. The first of them has to be of a version that begins in this way. What else to do
# is said where it does not work.
#
# Usage: fetch_debian VERSION INSTEAD PACKAGE…
fetch_debian() {
  wanted=$1 instead=$2
  shift 2
  for program in apt-get apt-cache dpkg-deb; do
    command -v $program > /dev/null || fail "there is no $program to fetch $1 with: $instead"
  done
  mkdir -p "$work/cache/archives/partial" "$work/deb" "$work/root"
  lists=/var/lib/apt/lists
  if ! apt-cache show "$1" > /dev/null 2>&1; then
    lists=$work/lists
    mkdir -p "$lists/partial"
    apt update >&2 || fail "apt-get could not fetch Debian's lists: see the lines above; or $instead"
  fi
  version=$(apt-cache -o Dir::State::lists="$lists" policy "$1" | sed -n 's/.*Candidate: //p')
  case "$version" in
    "$wanted"*) ;;
    *) fail "this system offers $1 '$version', not $wanted…: $instead" ;;
  esac
  (cd "$work/deb" && apt download "$@" >&2) || fail "apt-get could not download $1: see the lines above; or $instead"
  for package in "$work"/deb/*.deb; do
    dpkg-deb -x "$package" "$work/root"
  done
}

# Writes a script that runs a program of $work/root with the libraries beside it, which lie in a folder named after the
# machine.
#
# Usage: with_libraries NAME PROGRAM
with_libraries() {
  cat > "$work/root/$1" << SCRIPT
#!/bin/sh
here=\$(dirname "\$0")
for folder in "\$here"/usr/lib/*-linux-gnu* "\$here"/lib/*-linux-gnu*; do
  [ -d "\$folder" ] && LD_LIBRARY_PATH="\$folder\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH
exec "\$here/$2" "\$@"
SCRIPT
  chmod 755 "$work/root/$1"
}

# Puts a whole folder in its place. Another process may have been faster.
#
# Usage: place FOLDER PROGRAM
place() {
  mv -T "$1" "$(dirname "$2")" 2> /dev/null || [ -x "$2" ] || fail "cannot write to $(dirname "$2")"
}
