"""Istio's own judgement of what a cluster would hold: `istioctl analyze`, on files."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from charts.rendering import render, rendered
from tests.platform.support.chart import JSON, of_kind
from tests.platform.support.clusters import CLUSTERS, everything
from tests.platform.support.programs import program

GROUPS = ("networking.istio.io", "security.istio.io", "telemetry.istio.io", "")
# What Flagger makes of the Canaries, and without Flagger the chart, from the same values.
ROUTES = ("Service", "VirtualService", "DestinationRule")


def made_by_charts_of_others() -> list[JSON]:
    """Return the gateway's Deployment and Service and Flux's Service, as far as the analysis looks at them."""
    labels = {"istio": "ingress"}
    ports = [{"name": name, "port": port, "targetPort": port} for name, port in (("http", 80), ("https", 443))]
    place = {"name": "istio-ingress", "namespace": "istio-ingress"}
    container = {"name": "istio-proxy", "image": "auto"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"serviceAccountName": "istio-ingress", "containers": [container]},
    }
    flux = {"name": "webhook-receiver", "namespace": "flux-system"}
    hook = {"selector": {"app": "notification-controller"}, "ports": [{"name": "http", "port": 80}]}
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": place, "spec": {"selector": labels, "ports": ports}},
        {"apiVersion": "v1", "kind": "Service", "metadata": flux, "spec": hook},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {**place, "labels": labels}, "spec": template["spec"]},
    ]


def analysed(items: list[JSON], folder: Path) -> list[JSON]:
    """Return every message of the analysis; `-A`, because without it one namespace is looked at and silence follows."""
    file = folder / "cluster.yaml"
    file.write_text(yaml.safe_dump_all(items), encoding="utf-8")
    command = [program("istioctl"), "analyze", "--use-kube=false", "-A", "--output", "json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return json.loads(done.stdout or "[]")


def of_istio(cluster: str) -> list[JSON]:
    items = [*everything(cluster), *made_by_charts_of_others()]
    items += [one for one in render(cluster, {"flagger": {"enabled": False}}) if one["kind"] in ROUTES]
    return [one for one in items if one["apiVersion"].rpartition("/")[0] in GROUPS and one["kind"] != "Secret"]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_istio_finds_no_error(cluster: str, tmp_path: Path) -> None:
    items = of_istio(cluster)

    assert {"Gateway", "Sidecar", "Telemetry", "PeerAuthentication", *ROUTES} <= {one["kind"] for one in items}
    assert analysed(items, tmp_path) == []


def test_istio_would_find_a_route_without_its_gateway(tmp_path: Path) -> None:
    routes = list(of_kind(rendered("development"), "VirtualService").values())

    messages = analysed(routes, tmp_path)

    assert "IST0101" in {one["code"] for one in messages}
