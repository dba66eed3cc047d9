"""The real Flagger, beside an API server."""

from contextlib import ExitStack

import httpx

from tests.platform.support.control_plane import ControlPlane
from tests.platform.support.programs import cluster_program
from tests.platform.support.running import Process, answers, started
from tests.system import free_port


def start_flagger(stack: ExitStack, plane: ControlPlane, *options: str) -> Process:
    """Start Flagger, which finds no figures, and wait until it answers; it ends with the stack."""
    port = free_port()
    flagger = started(
        stack,
        plane.folder,
        cluster_program("flagger"),
        f"-kubeconfig={plane.kubeconfig}",
        # Where nobody listens.
        "-metrics-server=http://127.0.0.1:9",
        f"-port={port}",
        *options,
    )
    http = stack.enter_context(httpx.Client(trust_env=False))
    answers(flagger, f"http://127.0.0.1:{port}/healthz", http)
    return flagger
