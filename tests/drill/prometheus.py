"""Prometheus as the operator would run it, with the pods and the monitors that the cluster has.

Two stand-ins. Pods are discovered here, since this Prometheus does not know Kubernetes. And stock Envoy has no `istio_`
figures, so those are made of its figures of clusters, at the callers: the gateway and the load tester.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from tests.platform.support.api_server import APIServer
from tests.platform.support.chart import JSON
from tests.platform.support.scraping import discovered, scrape_config, start_prometheus
from tests.system import free_port

SERVICE, NAMESPACE, PORT = "monitoring-kube-prometheus-prometheus", "monitoring", 9090
# An analysis every 10 s asks for rates over 10 s, and each needs two samples.
_SCRAPE_SECONDS, _MACHINE_SCRAPE_SECONDS = 3, 10
# Pods and monitors are looked at so often.
_LOOK_SECONDS = 2.0
# `outbound|8081||nlp-processing-canary.financial-news.svc.cluster.local`, and what a sidecar hands to its own pod.
_CALLED = r"outbound\|\d+\|[^|]*\|(([a-z-]+)\.([a-z-]+)\.svc\.cluster\.local);?"
_SERVED = r"inbound\|\d+\|.*"
_FIGURES = "envoy_cluster_upstream_rq(?:_time_(?:bucket|sum|count))?"
_POD = r"([a-z-]+?)-[0-9a-z]+-[0-9a-z]+"


def _as_istio() -> list[JSON]:
    """Return the rules that give Envoy's figures of clusters the names and labels that Istio gives its own."""

    def label(name: str, replacement: str, sources: list[str], regex: str) -> JSON:
        return {"source_labels": sources, "regex": regex, "target_label": name, "replacement": replacement}

    of_cluster = ["__name__", "cluster_name"]
    of_pod = ["__name__", "cluster_name", "namespace", "pod"]
    called, served = f"{_FIGURES};{_CALLED}", f"{_FIGURES};{_SERVED};([a-z-]+);{_POD}"
    return [
        # The same requests once more, by the first figure of the status.
        {"source_labels": ["__name__", "response_code"], "regex": "envoy_cluster_upstream_rq;", "action": "drop"},
        label("reporter", "source", of_cluster, called),
        label("destination_service", "$1", of_cluster, called),
        label("destination_service_name", "$2", of_cluster, called),
        label("source_workload", "$2", of_pod, f"{_FIGURES};{_CALLED.replace('(', '(?:')};([a-z-]+);{_POD}"),
        label("reporter", "destination", of_pod, served),
        label("destination_workload_namespace", "$1", of_pod, served),
        label("destination_workload", "$2", of_pod, served),
        label("__name__", "istio_requests_total", ["__name__"], "envoy_cluster_upstream_rq"),
        label(
            "__name__",
            "istio_request_duration_milliseconds_$1",
            ["__name__"],
            "envoy_cluster_upstream_rq_time_(bucket|sum|count)",
        ),
    ]


@dataclass
class Prometheus:
    """A Prometheus that runs, asked by its API.

    Parameters
    ----------
    machines : ports at the machine's address where kubelets tell what their pods use; read again at each look.
    """

    http: httpx.Client
    machines: list[int]

    def value(self, query: str) -> float | None:
        """Return what a query that gives one figure gives now, or None where there is none."""
        answer = self.http.get("/api/v1/query", params={"query": query}).raise_for_status()
        result = answer.json()["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def targets(self) -> list[JSON]:
        """Return everything that is scraped."""
        found: list[JSON] = self.http.get("/api/v1/targets").raise_for_status().json()["data"]["activeTargets"]
        return found


@contextmanager
def running_prometheus(server: APIServer, address: str, machines: list[int], folder: Path) -> Iterator[Prometheus]:
    """Run it at `address`, and let the cluster's Service of the operator's name lead there.

    Parameters
    ----------
    machines : ports at which kubelets tell what cAdvisor and kube-state-metrics would.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stopping = threading.Event()
    with ExitStack() as stack:
        port = free_port()
        _write_configuration(folder, [], address, machines)
        http = start_prometheus(stack, folder, f"{address}:{port}")
        _lead_to(server, address, port)
        watching = threading.Thread(target=_follow, args=(server, http, folder, address, machines, stopping))
        watching.start()
        stack.callback(watching.join)
        stack.callback(stopping.set)
        yield Prometheus(http, machines)


def _lead_to(server: APIServer, address: str, port: int) -> None:
    """Make the Service, as the operator's chart would, with an endpoint beside the cluster."""
    metadata = {"name": SERVICE, "namespace": NAMESPACE}
    ports = [{"name": "http-web", "port": PORT, "targetPort": port}]
    server.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports}})
    server.apply(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**metadata, "labels": {"kubernetes.io/service-name": SERVICE}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
            "ports": [{"name": "http-web", "port": port, "protocol": "TCP"}],
        }
    )


def _follow(
    server: APIServer, http: httpx.Client, folder: Path, address: str, machines: list[int], stopping: threading.Event
) -> None:
    """Keep targets and monitors as the cluster has them."""
    known: tuple[list[JSON], list[int]] = ([], [])
    while not stopping.wait(_LOOK_SECONDS):
        try:
            pods = [one for one in server.items("Pod") if one.get("status", {}).get("podIP")]
            monitors = server.items("PodMonitor", version="monitoring.coreos.com/v1")
        except (httpx.HTTPError, AssertionError):
            continue
        targets = [target for pod in pods if pod["status"].get("phase") == "Running" for target in discovered(pod)]
        written = folder / "pods.new"
        written.write_text(json.dumps(targets), encoding="utf-8")
        written.replace(folder / "pods.json")
        wanted = (monitors, [*machines])
        if wanted != known:
            known = wanted
            _write_configuration(folder, *wanted, address)
            http.post("/-/reload").raise_for_status()


def _write_configuration(folder: Path, monitors: list[JSON], machines: list[int], address: str) -> None:
    jobs = [
        {
            **scrape_config(one),
            "file_sd_configs": [{"files": [str(folder / "pods.json")], "refresh_interval": "1s"}],
            "metric_relabel_configs": _as_istio(),
        }
        for one in monitors
    ]
    targets = [f"{address}:{port}" for port in machines]
    of_machines = {"static_configs": [{"targets": targets}], "scrape_interval": f"{_MACHINE_SCRAPE_SECONDS}s"}
    jobs.append({"job_name": "machines", "honor_labels": True, **of_machines})
    whole = {"global": {"scrape_interval": f"{_SCRAPE_SECONDS}s"}, "scrape_configs": jobs}
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
