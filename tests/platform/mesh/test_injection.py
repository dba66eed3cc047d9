"""The sidecar that our configuration of Istio adds starts under Pod Security `restricted`, in every pod of the mesh."""

import pytest

from charts.rendering import ENVIRONMENTS, rendered
from tests.platform.mesh.conftest import Inject
from tests.platform.support.api_server import APIServer, pods, refusals
from tests.platform.support.chart import JSON, of_kind
from tests.platform.support.foreign_charts import rendered_chart

# Deployments of others whose pods are in the mesh: the gateway itself, Flagger and the load tester.
IN_THE_MESH = ("istio-ingress", "flagger", "flagger-loadtester")


def sidecars(deployments: list[JSON]) -> list[JSON]:
    """Return the proxy of each pod."""
    specs = [one["spec"]["template"]["spec"] for one in deployments]
    return [one for spec in specs for one in spec["containers"] if one["name"] == "istio-proxy"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_services_start_with_their_sidecars(inject: Inject, server: APIServer, environment: str) -> None:
    made = inject(list(of_kind(rendered(environment), "Deployment").values()))

    assert len(sidecars(made)) == 4
    assert refusals(server, pods(made)) == []


@pytest.mark.parametrize("release", IN_THE_MESH)
def test_gateway_flagger_and_load_tester_start_with_theirs(inject: Inject, server: APIServer, release: str) -> None:
    made = inject(list(of_kind(rendered_chart(release), "Deployment").values()))

    assert len(sidecars(made)) == 1
    assert refusals(server, pods(made)) == []


def test_without_the_cni_plugin_they_would_not(inject: Inject, server: APIServer) -> None:
    """Then each pod redirects its own traffic, and needs the right to."""
    deployment = next(iter(of_kind(rendered("production"), "Deployment").values()))
    made = inject([deployment], {"cni": {"enabled": False}, "pilot": {"cni": {"enabled": False}}})

    (refused,) = refusals(server, pods(made))

    assert "NET_ADMIN" in refused
