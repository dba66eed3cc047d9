// Modules of which only files are read: custom resource definitions and charts. Nothing here is compiled.
module market-impact-analysis-system/tests/platform/tools/manifests

go 1.26.0

require (
	github.com/fluxcd/flagger v1.44.0
	github.com/fluxcd/helm-controller v1.6.3
	github.com/fluxcd/kustomize-controller v1.9.5
	github.com/fluxcd/notification-controller v1.9.3
	github.com/fluxcd/source-controller v1.9.3
	github.com/kedacore/keda/v2 v2.21.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	istio.io/api v1.31.4
	istio.io/istio v0.0.0-20260827124520-eed52ebb66ad
)
