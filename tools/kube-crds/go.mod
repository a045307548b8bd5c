// Modules that are read for their CRDs and never built, pinned by version here and by hash in go.sum: ../module.sh
// prints their folders.
//
// To renew: change a version, then run go mod download MODULE here. No go mod tidy: nothing imports them.
module wayleave.dev/tools/kube-crds

go 1.26.0

require (
	github.com/envoyproxy/gateway v1.9.1
	istio.io/api v1.32.0
)
