"""Istio's own judgement of what a cluster would hold: `istioctl analyze`, on files."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.platform.chart import JSON, NAMESPACE, of_kind, rendered
from tests.platform.clusters import CLUSTERS, everything
from tests.platform.programs import program

GROUPS = ("networking.istio.io", "security.istio.io", "telemetry.istio.io", "")
# What is about a cluster of which the files show only a part: pods that no kubelet has started.
OF_A_LIVE_CLUSTER = {"IST0103", "IST0137"}


def made_by_charts_of_others() -> list[JSON]:
    """Return the gateway's Deployment and Service, as far as the analysis looks at them."""
    labels = {"istio": "ingress"}
    ports = [{"name": name, "port": port, "targetPort": port} for name, port in (("http", 80), ("https", 443))]
    place = {"name": "istio-ingress", "namespace": "istio-ingress"}
    container = {"name": "istio-proxy", "image": "auto"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"serviceAccountName": "istio-ingress", "containers": [container]},
    }
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": place, "spec": {"selector": labels, "ports": ports}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {**place, "labels": labels}, "spec": template["spec"]},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}},
    ]


def analysed(items: list[JSON], folder: Path) -> list[JSON]:
    """Return every message of the analysis; `-A`, because without it one namespace is looked at and silence follows."""
    file = folder / "cluster.yaml"
    file.write_text(yaml.safe_dump_all(items), encoding="utf-8")
    command = [program("istioctl"), "analyze", "--use-kube=false", "-A", "--output", "json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return [one for one in json.loads(done.stdout or "[]") if one["code"] not in OF_A_LIVE_CLUSTER]


def of_istio(cluster: str) -> list[JSON]:
    items = everything(cluster) if cluster in CLUSTERS else list(rendered(cluster))
    namespaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}]
    known = [one for one in items if one["apiVersion"].rpartition("/")[0] in GROUPS and one["kind"] != "Secret"]
    return known + made_by_charts_of_others() + (namespaces if cluster not in CLUSTERS else [])


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_istio_finds_no_error(cluster: str, tmp_path: Path) -> None:
    messages = analysed(of_istio(cluster), tmp_path)

    assert [one for one in messages if one["level"] in {"Error", "Warning"}] == []


def test_istio_would_find_a_route_without_its_gateway(tmp_path: Path) -> None:
    routes = list(of_kind(rendered("development"), "VirtualService").values())

    messages = analysed(routes, tmp_path)

    assert "IST0101" in {one["code"] for one in messages}
