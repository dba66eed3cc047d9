"""Probes of a container: asked as its specification says, and counted."""

import socket
import time
from dataclasses import dataclass

import httpx

from tests.drill.kubelet.container import Container
from tests.platform.support.chart import JSON


@dataclass
class Probe:
    """One probe, and what it has found."""

    specification: JSON | None
    _failures: int = 0
    _due: float = 0.0

    def reset(self, now: float) -> None:
        """Begin again, for a container that has been started."""
        self._failures = 0
        self._due = now + (self.specification or {}).get("initialDelaySeconds", 0)

    def look(self, container: Container, ports: dict[str, int], address: str, now: float) -> bool | None:
        """Ask if it is time to; return whether it passes now, or None as long as nothing was asked."""
        if self.specification is None:
            return True
        if now < self._due:
            return None
        self._due = now + self.specification.get("periodSeconds", 10)
        if _ask(self.specification, container, ports, address):
            self._failures = 0
            return True
        self._failures += 1
        return False if self._failures >= self.specification.get("failureThreshold", 3) else None


def _ask(probe: JSON, container: Container, ports: dict[str, int], address: str) -> bool:
    seconds = probe.get("timeoutSeconds", 1)
    if "exec" in probe:
        return container.run_inside(probe["exec"]["command"], seconds)
    if "httpGet" in probe:
        given = probe["httpGet"]
        port = ports.get(given["port"], given["port"])
        url = f"{given.get('scheme', 'HTTP').lower()}://{given.get('host', address)}:{port}{given.get('path', '/')}"
        headers = {one["name"]: one["value"] for one in given.get("httpHeaders", [])}
        try:
            return httpx.get(url, headers=headers, timeout=seconds, trust_env=False, verify=False).status_code < 400
        except httpx.HTTPError:
            return False
    if "tcpSocket" in probe:
        port = probe["tcpSocket"]["port"]
        try:
            with socket.create_connection((address, int(ports.get(port, port))), seconds):
                return True
        except OSError:
            return False
    raise NotImplementedError(f"a probe by {', '.join(probe)}")


def now() -> float:
    """Return a clock that never jumps, in seconds."""
    return time.monotonic()
