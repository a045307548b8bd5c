#!/bin/sh
# Runs `wayleave up` with the demo's manifests and the simulated provider that they name, until it is interrupted.
#
# Usage: tools/up.sh WAYLEAVE [FLAG OF `wayleave up`...]
set -eu
wayleave=$1
shift
manifests=$(dirname "$0")/../examples/demo

# In a session of its own, so that an interrupt at the terminal reaches only the gateway, whose calls in flight end well.
if command -v setsid > /dev/null; then own=setsid; else own=; fi
ready=$(mktemp)
$own "$wayleave" sim --listen 127.0.0.1:4010 > "$ready" &
sim=$!
trap 'kill "$sim" 2> /dev/null || true; rm -f "$ready"' EXIT
until [ -s "$ready" ]; do
  kill -0 "$sim" 2> /dev/null || exit 1
  sleep 0.05
done
cat "$ready"

"$wayleave" up -f "$manifests" "$@" &
up=$!
# The terminal's interrupt reaches the gateway by itself.
trap : INT
trap 'kill -TERM "$up"' TERM
while :; do
  status=0
  wait "$up" || status=$?
  # A signal ends the waiting, not the gateway.
  kill -0 "$up" 2> /dev/null || exit "$status"
done
