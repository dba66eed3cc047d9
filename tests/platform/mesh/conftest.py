"""Pods of the mesh as istiod's webhook makes them."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.platform.support.api_server import APIServer
from tests.platform.support.chart import JSON, of_kind
from tests.platform.support.control_plane import ControlPlane
from tests.platform.support.foreign_charts import rendered_chart
from tests.platform.support.programs import program

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
