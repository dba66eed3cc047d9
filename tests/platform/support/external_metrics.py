"""Metrics that others export, each with the place where its name is declared."""

_ISTIO = "istio.io, Reference, Istio Standard Metrics"
_FLAGGER = "fluxcd/flagger, pkg/metrics/recorder.go"
_KUBE_STATE_METRICS = "kubernetes/kube-state-metrics, docs/metrics/workload/pod-metrics.md"
_CADVISOR = "google/cadvisor, docs/storage/prometheus.md"
_PROMETHEUS = "prometheus.io, Concepts, Jobs and instances"

EXTERNAL: dict[str, str] = {
    "istio_requests_total": _ISTIO,
    "istio_request_duration_milliseconds_bucket": _ISTIO,
    "flagger_canary_status": _FLAGGER,
    "flagger_canary_weight": _FLAGGER,
    "flagger_canary_metric_analysis": _FLAGGER,
    "kube_pod_container_status_restarts_total": _KUBE_STATE_METRICS,
    "container_memory_working_set_bytes": _CADVISOR,
    "container_cpu_usage_seconds_total": _CADVISOR,
    "up": _PROMETHEUS,
}
