"""Leaves a cluster standing for people: `python -m tests.drill.up`, on loopback until Ctrl-C.

The cluster has networks, mounts and processes of its own, in a child of this process. What people want of it is reached
by sockets in a folder that both see, and offered at ports of loopback here.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.drill.cluster import Cluster, running_cluster
from tests.drill.connections import Streams, join
from tests.drill.kubelet.network import NODE_ADDRESS
from tests.drill.machine import UNSHARED
from tests.drill.releases import HOST

API, PROMETHEUS, GATEWAY = "api", "prometheus", "gateway"
READY = "ready.json"


async def offer(folder: Path, kubeconfig: Path) -> int:
    """Run the cluster in a child, and offer it on loopback; return the exit status."""
    inside = (sys.executable, "-m", __spec__.name, "--inside", str(folder))
    # Killed, it cleans nothing up: what it keeps for a while goes with the folder.
    variables = {**os.environ, "TMPDIR": str(folder)}
    child = await asyncio.create_subprocess_exec(*UNSHARED, "--net", *inside, env=variables)
    ended = asyncio.create_task(child.wait())
    for number in (signal.SIGINT, signal.SIGTERM):
        # What the cluster runs ends with the child, the first process of its namespace.
        asyncio.get_running_loop().add_signal_handler(number, child.kill)
    while not (folder / READY).exists() and not ended.done():
        await asyncio.sleep(0.5)
    if not ended.done():
        ports = {name: await _offer_socket(folder / name) for name in (API, PROMETHEUS, GATEWAY)}
        _tell(json.loads((folder / READY).read_text(encoding="utf-8")), ports, kubeconfig)
    return max(0, await ended)


async def _offer_socket(path: Path) -> int:
    server = await asyncio.start_server(_joining(lambda: asyncio.open_unix_connection(str(path))), "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    return port


def _joining(connect: Callable[[], Awaitable[Streams]]) -> Callable[..., Awaitable[None]]:
    """Return what carries each connection on to what `connect` opens."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await join((reader, writer), await connect())
        except OSError:
            writer.close()

    return serve


def _tell(given: dict[str, str], ports: dict[str, int], kubeconfig: Path) -> None:
    access = json.loads(given["kubeconfig"])
    cluster = access["clusters"][0]["cluster"]
    cluster |= {"server": f"https://127.0.0.1:{ports[API]}", "tls-server-name": NODE_ADDRESS}
    kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(json.dumps(access), encoding="utf-8")
    at = f"--connect-to {HOST}:443:127.0.0.1:{ports[GATEWAY]}"
    say(
        f"""
The cluster stands, until Ctrl-C.
  kubectl     export KUBECONFIG={kubeconfig}
  a release   edit {given["repository"]}, then git commit and git push there; Flux looks every two seconds
  canaries    kubectl get canaries --namespace financial-news --watch
  gateway     curl -k {at} -H 'X-API-Key: {given["key"]}' https://{HOST}/alerts/v1/rules
  Prometheus  http://127.0.0.1:{ports[PROMETHEUS]}"""
    )


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def stand(folder: Path, cluster: Cluster) -> None:
    """Offer the cluster at sockets of the folder until the process is killed."""
    targets = {
        API: lambda: asyncio.open_connection(NODE_ADDRESS, cluster.server.http.base_url.port),
        PROMETHEUS: lambda: asyncio.open_connection(NODE_ADDRESS, cluster.prometheus.http.base_url.port),
        # A pod of the gateway may be another one each time.
        GATEWAY: lambda: asyncio.open_connection(cluster.gateway(), 443),
    }
    for name, connect in targets.items():
        await asyncio.start_unix_server(_joining(connect), str(folder / name))
    given = {
        "kubeconfig": cluster.controllers.plane.kubeconfig.read_text(encoding="utf-8"),
        "repository": str(cluster.repository.work),
        "key": cluster.key,
    }
    written = folder / f"{READY}.new"
    written.write_text(json.dumps(given), encoding="utf-8")
    written.replace(folder / READY)
    await asyncio.Event().wait()


def main() -> int:
    """Run the child's part or the parent's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--kubeconfig", type=Path, default=Path(".local/drill/kubeconfig"), help="where it is written")
    given = parser.parse_args()
    if given.inside is not None:
        with running_cluster(given.inside / "cluster", say) as cluster:
            asyncio.run(stand(given.inside, cluster))
        return 0
    with tempfile.TemporaryDirectory(prefix="drill-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "cluster").mkdir()
        kubeconfig: Path = given.kubeconfig.resolve()
        try:
            return asyncio.run(offer(Path(folder), kubeconfig))
        finally:
            kubeconfig.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
