"""Writes compose.envoy.json for compose.yaml: `python -m standalone.generators.compose_gateway`."""

import json
from pathlib import Path

from common.gateway import SERVICES
from standalone.system.envoy_config import envoy_bootstrap

PORT = 8000


def compose_gateway() -> str:
    """Return the configuration as JSON text: the services by their names, at the ports of the gateway table."""
    ports = {service.name: service.port for service in SERVICES}
    names = {service.name: service.kubernetes_name for service in SERVICES}
    # A container's own loopback is reached by nobody else.
    bootstrap = envoy_bootstrap(PORT, ports, host="0.0.0.0", names=names)  # noqa: S104 - inside a container
    return json.dumps(bootstrap, indent=2) + "\n"


if __name__ == "__main__":
    Path("compose.envoy.json").write_text(compose_gateway(), encoding="utf-8")
