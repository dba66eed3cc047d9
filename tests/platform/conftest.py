"""Fixtures of the platform's tests: the committed contracts, and a running system to hold manifests against."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from charts.rendering import rendered
from common.gateway import SERVICES
from tests.platform.support.api_server import APIServer, define, definitions, until
from tests.platform.support.chart import JSON, ROOT, of_kind
from tests.platform.support.clusters import CLUSTERS, everything, step
from tests.platform.support.control_plane import ControlPlane
from tests.system import backing_environment, processes

__all__ = ["backing_environment", "contracts", "processes"]


@pytest.fixture
def contracts() -> dict[str, JSON]:
    """The OpenAPI document of each service, by its name."""
    folder = ROOT / "contracts"
    return {one.name: json.loads((folder / f"{one.name}.openapi.json").read_text(encoding="utf-8")) for one in SERVICES}


@pytest.fixture(scope="module")
def control_plane() -> Iterator[ControlPlane]:
    """A Kubernetes API server and its controllers, with nothing in it."""
    with tempfile.TemporaryDirectory(prefix="mia-cluster-") as folder, ControlPlane(Path(folder)) as plane:
        yield plane


@pytest.fixture(scope="module")
def server(control_plane: ControlPlane) -> Iterator[APIServer]:
    """The same server with the custom resources of the clusters defined, and the namespaces of the clusters."""
    with control_plane.client() as http:
        server = APIServer(http)
        used = {item["kind"] for cluster in CLUSTERS for item in everything(cluster)}
        used |= {item["kind"] for item in rendered("development")} | {"ScaledObject"}
        define(server, [one for one in definitions() if one["spec"]["names"]["kind"] in used])
        for namespace in {name: one for cluster in CLUSTERS for name, one in namespaces(cluster).items()}.values():
            server.apply(namespace)
        server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}})
        made = {one["metadata"]["name"] for one in server.items("Namespace")}
        until(
            # Without one no pod is admitted.
            lambda: {one["metadata"]["namespace"] for one in server.items("ServiceAccount")} >= made,
            30,
            "the namespaces have no service account",
        )
        yield server


def namespaces(cluster: str) -> dict[str, JSON]:
    return of_kind(step(cluster, "namespaces"), "Namespace")
