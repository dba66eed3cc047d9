"""The sidecar that our configuration of Istio adds starts under Pod Security `restricted`, in every pod of the mesh."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from charts.rendering import ENVIRONMENTS, rendered
from tests.platform.support.api_server import APIServer, pods, refusals
from tests.platform.support.chart import JSON, of_kind
from tests.platform.support.control_plane import ControlPlane
from tests.platform.support.foreign_charts import rendered_chart
from tests.platform.support.programs import program

# Deployments of others whose pods are in the mesh: the gateway itself, Flagger and the load tester.
IN_THE_MESH = ("istio-ingress", "flagger", "flagger-loadtester")

Inject = Callable[..., list[JSON]]


@pytest.fixture
def inject(control_plane: ControlPlane, server: APIServer, tmp_path: Path) -> Inject:
    """Return Deployments as istiod's webhook would change their pods, given changes to our values for istiod."""

    def injected(deployments: list[JSON], changes: JSON | None = None) -> list[JSON]:
        configured = of_kind(rendered_chart("istiod", changes), "ConfigMap")
        files = {
            "injectConfigFile": configured["istio-sidecar-injector"]["data"]["config"],
            "valuesFile": configured["istio-sidecar-injector"]["data"]["values"],
            "meshConfigFile": configured["istio"]["data"]["mesh"],
            "filename": yaml.safe_dump_all(deployments),
        }
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        given = [f"--{name}={tmp_path / name}" for name in files]
        command = [program("istioctl"), "kube-inject", f"--kubeconfig={control_plane.kubeconfig}", *given]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        made = [item for item in yaml.safe_load_all(done.stdout) if item]
        assert len(made) == len(deployments)
        return made

    return injected


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
