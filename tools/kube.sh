#!/bin/sh
# Prints the path of a program of a Kubernetes cluster without containers: WAYLEAVE_KUBE_APISERVER and so on, else the
# one in the folder KUBEBUILDER_ASSETS (the first three), else one of our own below the cache folder, which is built
# from its pinned Go module at the first time.
#
# Usage: tools/kube.sh kube-apiserver | etcd | kubectl | helm | kubeconform | gitops-agent
#        tools/kube.sh crd-validate-oldest | crd-validate-newest     of the Kubernetes versions that are supported
#        tools/kube.sh --all     each as NAME=PATH, as the tests read it from their environment
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/cache.sh"
all="kube-apiserver etcd kubectl helm kubeconform gitops-agent crd-validate-oldest crd-validate-newest"

fail() {
  echo "$1" >&2
  exit 1
}

# Sets where a program comes from: the folder that pins it, its Go module, its package there, and the minutes that it
# takes with two cores when the programs before it in the list above are built.
find_source() {
  folder=$tools/kube pins=go.mod
  case "$1" in
    kube-apiserver) module=k8s.io/kubernetes package=/cmd/kube-apiserver minutes=9 ;;
    kubectl) module=k8s.io/kubernetes package=/cmd/kubectl minutes=1 ;;
    etcd) module=go.etcd.io/etcd/server/v3 package='' minutes=1 ;;
    helm) module=helm.sh/helm/v4 package=/cmd/helm minutes=1 ;;
    kubeconform) module=github.com/yannh/kubeconform package=/cmd/kubeconform minutes=1 ;;
    # Its libraries are those of an older Kubernetes: nothing can be shared with the others.
    gitops-agent) folder=$tools/gitops-agent module=github.com/argoproj/gitops-engine package=/agent minutes=5 ;;
    crd-validate-oldest) folder=$tools/crd-validate pins=oldest.mod module=k8s.io/apiextensions-apiserver minutes=1 ;;
    crd-validate-newest) folder=$tools/crd-validate module=k8s.io/apiextensions-apiserver minutes=1 ;;
    *) fail "there is no program '$1' here, only: $all" ;;
  esac
  version=$(sed -n "s|^\(require\)\{0,1\}[[:space:]]*$module \(v[^ ]*\).*|\2|p" "$folder/$pins")
  [ -n "$version" ] || fail "$folder/$pins does not pin $module"
  # What is built; the last two are programs of our own around that module.
  case "$1" in crd-validate-*) target=. ;; *) target=$module$package ;; esac
}

# A server from a module says v0.0.0-master, and takes that for the version whose features it has, unless it is told.
linker_flags() {
  echo "-s -w"
  case "$module" in
    k8s.io/kubernetes)
      minor=${version#v1.}
      for package_of_version in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        echo "-X $package_of_version.gitVersion=$version"
        echo "-X $package_of_version.gitMajor=1 -X $package_of_version.gitMinor=${minor%%.*}"
      done
      ;;
    helm.sh/helm/v4) echo "-X helm.sh/helm/v4/internal/version.version=$version" ;;
    github.com/yannh/kubeconform) echo "-X main.version=$version" ;;
  esac
}

build() {
  command -v go > /dev/null || fail "there is no go on PATH to build $1 with: install Go 1.21 or newer"
  mkdir -p "$cache/kube/$version"
  # Two at once would take twice as long, not break: the last step is a rename. The lock ends with its process.
  exec 9> "$cache/kube/.lock"
  if command -v flock > /dev/null && ! flock -n 9; then
    echo "waiting for another process that builds programs of Kubernetes" >&2
    flock 9
  fi
  if [ ! -x "$built" ]; then
    echo "building $1 $version into $cache/kube/$version (once, about $minutes min)" >&2
    work=$(mktemp -d "$cache/kube/.build.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' INT TERM
    (cd "$folder" && CGO_ENABLED=0 GOWORK=off go build -mod=readonly -modfile "$pins" -trimpath -ldflags "$(linker_flags | tr '\n' ' ')" \
      -o "$work/$1" "$target") >&2 || fail "go could not build $1: see the lines above"
    mv "$work/$1" "$built"
  fi
}

variable_of() {
  echo "WAYLEAVE_$(echo "$1" | tr 'a-z-' 'A-Z_')"
}

path_of() {
  find_source "$1"
  eval "given=\${$(variable_of "$1"):-}"
  [ -z "$given" ] || { echo "$given" && return; }
  case "$1" in
    kube-apiserver | etcd | kubectl)
      given="${KUBEBUILDER_ASSETS:-}/$1"
      [ -z "${KUBEBUILDER_ASSETS:-}" ] || [ ! -x "$given" ] || { echo "$given" && return; }
      ;;
  esac
  built="$cache/kube/$version/$1"
  # In a process of its own: its lock and its folder end with it.
  [ -x "$built" ] || (build "$1")
  echo "$built"
}

case "${1:-}" in
  --all)
    for name in $all; do
      path=$(path_of "$name")
      echo "$(variable_of "$name")=$path"
    done
    ;;
  '') fail "say which program, one of: $all; or --all" ;;
  *) path_of "$1" ;;
esac
