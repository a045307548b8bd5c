#!/bin/sh
# Prints the folder of a Go module that is only read, never built, for the CRDs in it. Its version and hashes are
# pinned in kube-crds/; go fetches it once.
#
# Usage: tools/module.sh github.com/envoyproxy/gateway | istio.io/api
set -eu
tools=$(dirname "$0")

fail() {
  echo "$1" >&2
  exit 1
}

[ $# -eq 1 ] || fail "say which module of $tools/kube-crds/go.mod"
command -v go > /dev/null || fail "there is no go on PATH to fetch $1 with: install Go 1.21 or newer"
cd "$tools/kube-crds"
grep -q "^[[:space:]]*$1 v" go.mod || fail "$tools/kube-crds/go.mod does not pin $1"
export GOWORK=off
go mod download "$1" >&2 || fail "go could not fetch $1: see the lines above"
exec go list -mod=readonly -m -f '{{.Dir}}' "$1"
