"""The real alerts service as a process, with a key for Flux: what Flux has to say arrives there."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.platform.support.chart import JSON
from tests.platform.support.running import Process, answers
from tests.system import MIA, free_port


@dataclass
class Inbox:
    """The service's address, and a client that may read what it holds."""

    address: str
    key: str
    http: httpx.Client

    def alerts(self, kind: str, name: str) -> list[JSON]:
        """Return what was said of a Flux object, the newest first."""
        answer = self.http.get("/alerts/v1/alerts", params={"kind": "system", "limit": 200})
        answer.raise_for_status()
        wanted = {"source": "flux", "kind": kind, "name": name}
        return [one for one in answer.json()["data"] if wanted.items() <= one["group_labels"].items()]


@contextmanager
def running_inbox(folder: Path, databases: dict[str, str]) -> Iterator[Inbox]:
    """Run the alerts service in databases of its own."""
    variables = {**os.environ, **databases}
    made = subprocess.run(
        [*MIA, "keys", "create", "flux", "--scope", "write", "--scope", "read"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    port, log = free_port(), folder / "alerts.log"
    with ExitStack() as stack:
        with log.open("wb") as output:
            command = [*MIA, "serve", "alerts", "--port", str(port)]
            running = subprocess.Popen(command, env=variables, stdout=output, stderr=subprocess.STDOUT)
        process = Process("alerts", running, log)
        stack.callback(process.stop)
        address = f"http://127.0.0.1:{port}"
        http = stack.enter_context(httpx.Client(base_url=address, headers={"X-API-Key": key}, trust_env=False))
        answers(process, "/ready", http)
        yield Inbox(address, key, http)
