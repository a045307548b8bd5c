# `make` or `make help` lists the tasks. Needs Rust, Python 3, a C compiler, and the package registries at first; the
# tests with Kubernetes need Go, those with clients for Node.js Node.js 20.

# dev builds fast from nothing; release runs fast.
PROFILE ?= dev
# Manifests for `make up`; empty: the demo's, with a simulated provider beside it.
DIR ?=
# More flags for `wayleave up`, `wayleave demo` and `make cluster`.
ARGS ?=

export CARGO_TERM_COLOR ?= auto
target := $(or $(CARGO_TARGET_DIR),target)
wayleave = $(target)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))/wayleave
step := @tools/step.sh
build = cargo build --locked --profile $(PROFILE) -p wayleave-cli
# Fetched once by tools/envoy.sh.
with_envoy := envoy=$$(tools/envoy.sh) && export WAYLEAVE_ENVOY="$$envoy" &&
# Fetched once by tools/redis.sh.
with_redis := redis=$$(tools/redis.sh) && vectors=$$(tools/redis.sh --vectors) && search=$$(tools/redis.sh --search) && \
  export WAYLEAVE_REDIS="$$redis" WAYLEAVE_REDIS_VECTORS="$$vectors" WAYLEAVE_REDIS_SEARCH="$$search" &&
# Fetched once by tools/clickhouse.sh.
with_clickhouse := clickhouse=$$(tools/clickhouse.sh) && export WAYLEAVE_CLICKHOUSE="$$clickhouse" &&
# Fetched once by tools/prometheus.sh.
with_prometheus := prometheus=$$(tools/prometheus.sh) && export WAYLEAVE_PROMETHEUS="$$prometheus" &&
with_python := python=$$(tools/python.sh tests/python/requirements.txt) && export WAYLEAVE_PYTHON="$$python" &&
# Built once by tools/kube.sh.
with_kube := kube=$$(tools/kube.sh --all) && export $$kube &&
# What a cluster runs of it, where the tests' crate looks for it.
with_cluster := for name in kube-apiserver etcd kubectl helm; do tools/kube.sh $$name > /dev/null || exit; done &&
with_wayleave = export WAYLEAVE_BIN="$(abspath $(wayleave))" &&

.DEFAULT_GOAL := help
.PHONY: help demo up cluster test check fuzz bench bench-formats bench-cluster semantic prices crds envoy redis clickhouse clickhouse-new prometheus dashboards kube venv deny

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r task does; do \
	  printf '  make %-13s %s\n' "$$task" "$$does"; done
	@echo
	@echo '  make up DIR=my-manifests ARGS="--listen 0.0.0.0:4000"     PROFILE=release for a fast program'

demo: ## Build and start everything with simulated providers, send calls, show what each did and cost
	@$(build)
	@$(with_envoy) exec $(wayleave) demo $(ARGS)

up: ## Serve the manifests in DIR=... (default: examples/demo, with a simulated provider)
	@$(build)
ifeq ($(DIR),)
	@$(with_envoy) exec tools/up.sh $(wayleave) $(ARGS)
else
	@$(with_envoy) exec $(wayleave) up -f $(DIR) $(ARGS)
endif

cluster: ## Play with the operator on a Kubernetes API server of its own, behind Envoy, with simulated providers
	@$(build)
	@cargo build --locked -p wayleave-tests --bin cluster
	@$(with_envoy) $(with_cluster) $(with_wayleave) exec $(target)/debug/cluster $(ARGS)

test: ## Every test, cheap ones first; fetches what they need
	$(step) "format" cargo fmt --all --check
	$(step) "lints" cargo clippy --locked --workspace --all-targets -- -D warnings
	$(step) "generated files" cargo test --locked --quiet -p wayleave-api
	$(step) "Redis" tools/redis.sh
	$(step) "Redis with vector sets" tools/redis.sh --vectors
	$(step) "Valkey with a search module" tools/redis.sh --search
	@$(with_redis) tools/step.sh "crates" cargo test --locked --workspace --exclude wayleave-tests
	$(step) "Envoy" tools/envoy.sh
	$(step) "ClickHouse" tools/clickhouse.sh
	$(step) "Prometheus" tools/prometheus.sh
	$(step) "Python packages" tools/python.sh tests/python/requirements.txt
	$(step) "embedding model" tools/python.sh tests/semantic/requirements.txt
	$(step) "Kubernetes" tools/kube.sh --all
	$(step) "program" $(build)
	@$(with_envoy) $(with_redis) $(with_clickhouse) $(with_prometheus) $(with_python) $(with_kube) $(with_wayleave) \
	  tools/step.sh "data plane" cargo test --locked -p wayleave-tests && \
	  tools/step.sh "official SDKs" "$$WAYLEAVE_PYTHON" -m pytest -q tests/python && \
	  tools/step.sh "official SDKs, node" tests/node/run.sh

check: ## The quick part of `make test`: format, lints, generated files
	$(step) "format" cargo fmt --all --check
	$(step) "lints" cargo clippy --locked --workspace --all-targets -- -D warnings
	$(step) "generated files" cargo test --locked --quiet -p wayleave-api

fuzz: ## Broken requests, answers and streams of every format: a million cases, or CASES=...
	@WAYLEAVE_FUZZ_CASES=$(or $(CASES),1000000) exec cargo test --locked --release -p wayleave-core --test fuzz -- --nocapture

bench: ## Measure side by side with plain Envoy, about 8 minutes; ARGS="--scenario cache" for a part, ARGS=--help
	@cargo build --locked --release -p wayleave-cli -p wayleave-bench
	@$(with_envoy) $(with_redis) exec $(target)/release/wayleave-bench --envoy "$$envoy" --redis "$$redis" $(ARGS)

bench-formats: ## Measure the translation between formats: time and allocations, about 5 minutes
	@exec cargo bench --locked -p wayleave-core --bench formats -- $(ARGS)

bench-cluster: PROFILE = release
bench-cluster: ## Measure the operator on an API server: edits until they are served, 2,000 routes; about 2 minutes
	@$(build)
	@$(with_envoy) $(with_cluster) $(with_wayleave) exec cargo test --locked --quiet -p wayleave-tests --test operator -- \
	  --ignored --nocapture --test-threads 1 measure

semantic: ## Make the figures of docs/semantic-cache.md anew; or show those of another model or pairs: URL= MODEL= PAIRS=
ifeq ($(URL)$(PAIRS),)
	@UPDATE_SEMANTIC=1 exec cargo test --locked --quiet -p wayleave-tests --test semantic the_document
else
	@WAYLEAVE_EMBEDDINGS='$(URL)' WAYLEAVE_EMBEDDINGS_MODEL='$(MODEL)' WAYLEAVE_EMBEDDINGS_PAIRS='$(abspath $(PAIRS))' \
	  exec cargo test --locked --quiet -p wayleave-tests --test semantic -- --ignored --nocapture another_model
endif

prices: ## Make the price book anew from the PyPI package genai-prices
	@python=$$(tools/python.sh tools/prices/requirements.txt) && \
	  "$$python" -B tools/prices/generate.py --date "$$(date -u +%F)" && exec "$$python" -B tools/prices/golden.py

crds: ## Make what is generated in crds/ and charts/ anew
	@$(build)
	@$(wayleave) crd --directory crds --chart charts/wayleave-crds
	@$(wayleave) envoy-config --listen 0.0.0.0:4000 --socket /run/wayleave/ext-proc.sock \
	  --admin-socket /run/wayleave/envoy-admin.sock > charts/wayleave/files/envoy.json
	@$(wayleave) envoy-config --listen 0.0.0.0:4000 --adaptor http --socket /run/wayleave/http.sock \
	  --admin-socket /run/wayleave/envoy-admin.sock > charts/wayleave/files/envoy-http.json

envoy: ## Fetch Envoy if there is none, and say where it is
	@tools/envoy.sh

redis: ## Fetch servers for the tests if there are none: redis-server, with vector sets, with a search module; say where
	@tools/redis.sh
	@tools/redis.sh --vectors
	@tools/redis.sh --search

clickhouse: ## Fetch a clickhouse-server for the tests if there is none, and say where it is
	@tools/clickhouse.sh

clickhouse-new: ## Check the ledger's table with a new ClickHouse, from PyPI (180 MB, once)
	@$(build)
	@python=$$(tools/python.sh tests/clickhouse/requirements.txt) && $(with_wayleave) \
	  exec "$$python" -B tests/clickhouse/check.py

prometheus: ## Fetch a prometheus for the tests if there is none, and say where it is
	@tools/prometheus.sh

dashboards: ## Make the chart's Grafana dashboards anew from tests/dashboards/sources
	@UPDATE_DASHBOARDS=1 exec cargo test --locked --quiet -p wayleave-tests --test dashboards files::

kube: ## Build kube-apiserver, kubectl, Helm … for tests with a cluster, once, and say where
	@tools/kube.sh --all

venv: ## Install the Python clients that the tests use, and say where
	@tools/python.sh tests/python/requirements.txt

deny: ## Check licences, sources and known vulnerabilities of all dependencies (the last needs the network)
	@tools/deny.sh
