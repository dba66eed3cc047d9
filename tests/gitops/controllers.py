"""Flux's controllers and istiod as processes beside the API server, each with what it listens at on loopback."""

from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx

from tests.platform.support.control_plane import ControlPlane
from tests.platform.support.programs import cluster_program
from tests.platform.support.running import Process, answers, started
from tests.system import free_port

NAMES = ("source-controller", "kustomize-controller", "helm-controller", "notification-controller")
# Where istiod's webhooks answer; the chart, told this address, writes it into the API server.
MESH = "istio-system"


def loopback() -> str:
    return f"127.0.0.1:{free_port()}"


@dataclass
class Controllers:
    """Flux's four, and istiod for the webhooks that inject sidecars and look through Istio's objects."""

    plane: ControlPlane
    stack: ExitStack
    webhooks: str = field(default_factory=loopback)
    processes: list[Process] = field(default_factory=list)

    def start_flux(self) -> None:
        """Start the four controllers and wait until each is well."""
        events, artifacts = loopback(), loopback()
        storage = self.plane.folder / "artifacts"
        storage.mkdir()
        own = {
            "source-controller": (
                f"--storage-path={storage}",
                f"--storage-addr={artifacts}",
                f"--storage-adv-addr={artifacts}",
                "--requeue-dependency=2s",
            ),
            "kustomize-controller": ("--requeue-dependency=2s",),
            "helm-controller": ("--requeue-dependency=2s",),
            "notification-controller": (f"--receiverAddr={loopback()}",),
        }
        with httpx.Client(trust_env=False) as http:
            for name in NAMES:
                health = loopback()
                process = self._start(
                    name,
                    *own[name],
                    f"--events-addr={events}"
                    if name == "notification-controller"
                    else f"--events-addr=http://{events}/",
                    f"--metrics-addr={loopback()}",
                    f"--health-addr={health}",
                    "--enable-leader-election=false",
                    RUNTIME_NAMESPACE="flux-system",
                )
                answers(process, f"http://{health}/healthz", http)

    def start_istiod(self, agents: str | None = None, **variables: str) -> None:
        """Start istiod with the configuration that its chart has brought into the cluster.

        Parameters
        ----------
        agents : where sidecars that run ask it for certificates and routes.
        variables : more of its environment.
        """
        ready = loopback()
        process = self._start(
            "pilot-discovery",
            "discovery",
            "--registries=Kubernetes",
            f"--kubeconfig={self.plane.kubeconfig}",
            f"--httpAddr={ready}",
            f"--httpsAddr={self.webhooks}",
            f"--grpcAddr={loopback()}",
            f"--secureGRPCAddr={agents or loopback()}",
            f"--monitoringAddr={loopback()}",
            f"--ctrlz_port={free_port()}",
            "--shutdownDuration=0s",
            POD_NAMESPACE=MESH,
            POD_NAME="istiod-beside-the-cluster",
            REVISION="default",
            CLUSTER_ID="Kubernetes",
            PILOT_CERT_PROVIDER="istiod",
            ISTIOD_CUSTOM_HOST="localhost",
            # The names that the chart gives to both.
            INJECTION_WEBHOOK_CONFIG_NAME="istio-sidecar-injector",
            VALIDATION_WEBHOOK_CONFIG_NAME=f"istio-validator-{MESH}",
            **variables,
        )
        with httpx.Client(trust_env=False) as http:
            answers(process, f"http://{ready}/ready", http)

    def last_words(self) -> str:
        """Return what each of them said last."""
        return "\n".join(f"== {one.name}\n{one.last_words()}" for one in self.processes)

    def _start(self, name: str, *arguments: str, **variables: str) -> Process:
        process = started(
            self.stack,
            self.plane.folder,
            cluster_program(name),
            *arguments,
            KUBECONFIG=str(self.plane.kubeconfig),
            **variables,
        )
        self.processes.append(process)
        return process
