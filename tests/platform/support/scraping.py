"""What Prometheus scrapes: discovery and the rules of the operator as in their sources, the rest by Prometheus."""

import json
import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx
import yaml

from tests.platform.support.chart import JSON, in_snake_case
from tests.platform.support.programs import program
from tests.platform.support.running import serving
from tests.system import free_port

META = "__meta_kubernetes_"


def discovered(pod: JSON) -> list[JSON]:
    """Return the targets of a pod: one for each declared port, one without a port for a container that declares none.

    As `discovery/kubernetes/pod.go` of Prometheus makes them; the containers of `initContainers` too, where native
    sidecars are.
    """
    metadata, spec, address = pod["metadata"], pod["spec"], pod["status"]["podIP"]
    labels = {
        "namespace": metadata["namespace"],
        "pod_name": metadata["name"],
        "pod_ip": address,
        "pod_phase": "Running",
    }
    for name, value in metadata.get("labels", {}).items():
        labels |= {f"pod_label_{_as_label(name)}": value, f"pod_labelpresent_{_as_label(name)}": "true"}
    host = f"[{address}]" if ":" in address else address
    targets = []
    for is_init, kind in (("false", "containers"), ("true", "initContainers")):
        for container in spec.get(kind, []):
            own = {**labels, "pod_container_name": container["name"], "pod_container_init": is_init}
            ports = [
                (f"{host}:{one['containerPort']}", one.get("name", ""), str(one["containerPort"]))
                for one in container.get("ports", [])
            ]
            for target, name, number in ports or [(host, "", "")]:
                found = {**own, "pod_container_port_name": name, "pod_container_port_number": number}
                targets.append({"targets": [target], "labels": {META + key: value for key, value in found.items()}})
    return targets


def _as_label(name: str) -> str:
    return re.sub(r"\W", "_", name)


def scrape_config(monitor: JSON) -> JSON:
    """Return what prometheus-operator makes of a PodMonitor with one endpoint (`generatePodMonitorConfig`, 0.85)."""
    spec, metadata = monitor["spec"], monitor["metadata"]
    (endpoint,) = spec["podMetricsEndpoints"]
    rules: list[JSON] = [
        {
            "action": "keep",
            "source_labels": [f"{META}pod_label_{_as_label(name)}", f"{META}pod_labelpresent_{_as_label(name)}"],
            "regex": f"({value});true",
        }
        for name, value in sorted(spec["selector"]["matchLabels"].items())
    ]
    rules.append({"action": "drop", "source_labels": [f"{META}pod_phase"], "regex": "(Failed|Succeeded)"})
    for field, label in (("port", "port_name"), ("portNumber", "port_number")):
        if field in endpoint:
            kept = {"source_labels": [f"{META}pod_container_{label}"], "regex": str(endpoint[field])}
            rules.append({"action": "keep", **kept})
    for source, label in (("namespace", "namespace"), ("pod_container_name", "container"), ("pod_name", "pod")):
        rules.append({"source_labels": [META + source], "target_label": label})
    rules.append({"target_label": "job", "replacement": f"{metadata['namespace']}/{metadata['name']}"})
    rules += [in_snake_case(each) for each in endpoint.get("relabelings", [])]
    namespaces = spec.get("namespaceSelector", {}).get("matchNames", [metadata["namespace"]])
    rules.insert(0, {"action": "keep", "source_labels": [f"{META}namespace"], "regex": "|".join(namespaces)})
    return {
        "job_name": f"podMonitor/{metadata['namespace']}/{metadata['name']}/0",
        "metrics_path": endpoint["path"],
        "relabel_configs": rules,
    }


def scraped(monitors: Sequence[JSON], pods: Sequence[JSON], folder: Path) -> list[JSON]:
    """Return the targets that a real Prometheus has with these monitors and pods, after it has relabelled them."""
    found = [target for pod in pods for target in discovered(pod)]
    (folder / "pods.json").write_text(json.dumps(found), encoding="utf-8")
    jobs = [{**scrape_config(one), "file_sd_configs": [{"files": [str(folder / "pods.json")]}]} for one in monitors]
    (folder / "prometheus.yaml").write_text(yaml.safe_dump({"scrape_configs": jobs}), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        client = start_prometheus(stack, folder, address)
        return _targets(client, len(found) * len(jobs))


def start_prometheus(stack: ExitStack, folder: Path, address: str) -> httpx.Client:
    """Start a Prometheus on `prometheus.yaml` of the folder, read again when it is told to; return a client."""
    return serving(
        stack,
        folder,
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={address}",
        "--web.enable-lifecycle",
        base_url=f"http://{address}",
        ready="/-/ready",
    )


def _targets(client: httpx.Client, n_expected: int) -> list[JSON]:
    """Return the active targets once each discovered one is either active or dropped."""
    deadline = time.monotonic() + 60.0
    while True:
        data = client.get("/api/v1/targets").raise_for_status().json()["data"]
        if len(data["activeTargets"]) + len(data["droppedTargets"]) >= n_expected:
            active: list[JSON] = data["activeTargets"]
            return active
        assert time.monotonic() < deadline, "Prometheus has not looked at every target"
        time.sleep(0.2)
