# The Go programs that tests of the platform run, each of a module with its versions pinned; the Makefile includes this.

$(TOOLS)/bin/kustomize: tests/platform/tools/go.sum tests/platform/tools/manifests/go.sum
	@command -v go > /dev/null || { echo "Go 1.26 or newer is needed, and none was found."; exit 1; }
	@echo "Fetching definitions and charts ..."
	@cd tests/platform/tools/manifests && GOTOOLCHAIN=local go mod download $$(sed -n 's/^\t\([^ ]*\) v.*/\1/p' go.mod)
	@echo "Building kustomize, kubeconform, actionlint, sops and age (minutes the first time) ..."
	@cd tests/platform/tools && GOTOOLCHAIN=local CGO_ENABLED=0 go build -mod=readonly -trimpath -o $(TOOLS)/bin/ tool
	@touch $@

$(TOOLS)/bin/istioctl: tests/platform/tools/istioctl/go.sum
	@echo "Building istioctl (minutes the first time) ..."
	@cd tests/platform/tools/istioctl && GOTOOLCHAIN=local CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags '-s -w' -o $(TOOLS)/bin/ tool
	@touch $@

# The experiment is what its parser of JSON is written for.
$(TOOLS)/bin/trivy: tests/platform/tools/trivy/go.sum
	@echo "Building trivy (minutes the first time) ..."
	@cd tests/platform/tools/trivy && GOEXPERIMENT=jsonv2 GOTOOLCHAIN=local CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags '-s -w' -o $(TOOLS)/bin/ tool
	@touch $@

# Of modules of their own, with the versions that they are made of; an interrupted build goes on where it was.
KUBERNETES_VERSION = $(shell sed -n 's/^\tk8s.io\/kubernetes v\([0-9.]*\).*/\1/p' tests/platform/tools/kubernetes/go.mod)
GO_BUILD = GOTOOLCHAIN=local CGO_ENABLED=0 go build -mod=readonly -trimpath -o $(TOOLS)/bin/

# Programs read the version in the stamp.
$(TOOLS)/bin/kube-apiserver: tests/platform/tools/kubernetes/go.sum
	@command -v go > /dev/null || { echo "Go 1.26 or newer is needed, and none was found."; exit 1; }
	@echo "Building Kubernetes $(KUBERNETES_VERSION) (five minutes the first time) ..."
	@cd tests/platform/tools/kubernetes && stamp=k8s.io/component-base/version && version=$(KUBERNETES_VERSION) && minor=$${version#*.} && \
		$(GO_BUILD) -ldflags "-s -w -X $$stamp.gitVersion=v$$version -X $$stamp.gitMajor=$${version%%.*} -X $$stamp.gitMinor=$${minor%%.*}" tool
	@touch $@

$(TOOLS)/bin/kwok: tests/platform/tools/kwok/go.sum
	@echo "Building kwok (two minutes the first time) ..."
	@cd tests/platform/tools/kwok && $(GO_BUILD) -ldflags '-s -w' tool
	@touch $@

$(TOOLS)/bin/source-controller: tests/platform/tools/flux/go.sum
	@echo "Building Flux's four controllers (minutes the first time) ..."
	@cd tests/platform/tools/flux && $(GO_BUILD) -ldflags '-s -w' tool
	@touch $@

$(TOOLS)/bin/pilot-discovery: tests/platform/tools/istiod/go.sum
	@echo "Building istiod (minutes the first time) ..."
	@cd tests/platform/tools/istiod && $(GO_BUILD) -ldflags '-s -w' tool
	@touch $@

# Of the same module: one build makes both.
$(TOOLS)/bin/pilot-agent: $(TOOLS)/bin/pilot-discovery
	@test -x $@ || { cd tests/platform/tools/istiod && $(GO_BUILD) -ldflags '-s -w' tool; }
	@touch $@

$(TOOLS)/bin/flagger: tests/platform/tools/flagger/go.sum
	@echo "Building Flagger and its load tester (minutes the first time) ..."
	@cd tests/platform/tools/flagger && $(GO_BUILD) -ldflags '-s -w' tool
	@touch $@

OTELCOL_VERSION = $(shell sed -n 's/^\tgo.opentelemetry.io\/collector\/otelcol v\(.*\)/\1/p' tests/platform/tools/otelcol/go.mod)

$(TOOLS)/bin/otelcol: tests/platform/tools/otelcol/go.sum tests/platform/tools/otelcol/main.go
	@echo "Building the OpenTelemetry Collector (two minutes the first time) ..."
	@cd tests/platform/tools/otelcol && $(GO_BUILD) -ldflags '-s -w -X main.version=$(OTELCOL_VERSION)' .
	@touch $@
