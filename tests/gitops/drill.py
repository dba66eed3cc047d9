"""A cluster under Flux: what is asked of it, and what it is told by commits."""

import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from charts.rendering import NAMESPACE, RELEASE
from tests.gitops.chart_packing import pack_charts
from tests.gitops.controllers import MESH, Controllers
from tests.gitops.git_server import git_server
from tests.gitops.inbox import Inbox, running_inbox
from tests.gitops.repository import NAME, Repository, overlay
from tests.platform.support.api_server import APIServer, define, definitions, until
from tests.platform.support.chart import JSON
from tests.platform.support.clusters import releases, steps
from tests.platform.support.control_plane import ControlPlane
from tests.platform.support.programs import program

FLUX = "flux-system"
KUSTOMIZATION, HELM_RELEASE = "kustomize.toolkit.fluxcd.io/v1", "helm.toolkit.fluxcd.io/v2"
# From an empty cluster to everything Ready: two minutes were needed on two busy cores.
ALL_READY_SECONDS = 600.0
CHANGE_SECONDS = 120.0


@dataclass
class Drill:
    """One environment's cluster, from nothing but an API server and Flux's definitions."""

    cluster: str
    folder: Path
    report: list[str]
    server: APIServer
    repository: Repository
    inbox: Inbox
    controllers: Controllers
    # When each object was Ready first, by the controller's own clock.
    ready_at: dict[tuple[str, str], str] = field(default_factory=dict)

    def apply_root(self) -> None:
        """Give Flux its key and its root, as docs/operations/clusters.md does with kubectl."""
        key = {"age.agekey": self.repository.age_key}
        metadata = {"name": "sops-age", "namespace": FLUX}
        self.server.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": key})
        command = [program("kustomize"), "build", str(self.repository.work / "clusters" / self.cluster)]
        built = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        for item in yaml.safe_load_all(built.stdout):
            self.server.apply(item)

    def wait_for_all(self) -> float:
        """Wait until everything is Ready, with istiod started as soon as its chart has configured it."""

        def is_ready() -> bool:
            self.look()
            return not self.unready()

        def injector_is_configured() -> bool:
            self.look()
            return self.server.get("ConfigMap", "istio-sidecar-injector", MESH) is not None

        configured = until(injector_is_configured, ALL_READY_SECONDS, self.state)
        self.controllers.start_istiod()
        return configured + until(is_ready, ALL_READY_SECONDS, self.state)

    def look(self) -> None:
        """Note what has become Ready since the last look."""
        for kind, one in self.objects():
            condition = ready(one)
            if condition.get("status") == "True":
                self.ready_at.setdefault((kind, one["metadata"]["name"]), condition["lastTransitionTime"])

    def objects(self) -> list[tuple[str, JSON]]:
        """Return every Kustomization and HelmRelease with its kind."""
        versions = {"Kustomization": KUSTOMIZATION, "HelmRelease": HELM_RELEASE}
        return [
            (kind, one) for kind, version in versions.items() for one in self.server.items(kind, FLUX, version=version)
        ]

    def unready(self) -> set[str]:
        """Return what is not Ready, or not there yet."""
        wanted = {f"Kustomization/{name}" for name in steps(self.cluster)}
        wanted |= {f"HelmRelease/{name}" for name in releases(self.cluster)}
        return wanted - {f"{kind}/{name}" for kind, name in self.ready_at}

    def state(self) -> str:
        """Return what every object says of itself, and what the controllers said last."""
        lines = [f"{kind}/{one['metadata']['name']}: {ready(one).get('message')}" for kind, one in self.objects()]
        return "\n".join([*lines, self.controllers.last_words()])

    def release(self, name: str = RELEASE) -> JSON:
        """Return a HelmRelease."""
        found = self.server.get("HelmRelease", name, FLUX, version=HELM_RELEASE)
        assert found is not None
        return found

    def deployment(self, name: str) -> JSON:
        """Return one of the services' Deployments."""
        found = self.server.get("Deployment", name, NAMESPACE, version="apps/v1")
        assert found is not None
        return found

    def image(self, name: str) -> str:
        """Return the image of a service's Deployment."""
        (container,) = [
            one for one in self.deployment(name)["spec"]["template"]["spec"]["containers"] if one["name"] == "app"
        ]
        image: str = container["image"]
        return image

    def until(self, is_so: Callable[[], object], what: str, seconds: float = CHANGE_SECONDS) -> float:
        """Wait for a change, and write into the report how long it took."""
        took = until(is_so, seconds, lambda: f"not seen: {what}\n{self.state()}")
        self.report.append(f"  {what}: {took:.1f} s")
        return took


def ready(item: JSON) -> JSON:
    """Return the condition Ready of an object, empty while it has none."""
    conditions = item.get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == "Ready"), {})


def start_drill(stack: ExitStack, cluster: str, folder: Path, databases: dict[str, str], report: list[str]) -> Drill:
    """Start everything that a cluster has before its root is applied; all of it ends with the stack."""
    plane = stack.enter_context(ControlPlane(folder))
    charts, served = folder / "charts", folder / "served"
    charts.mkdir()
    address = stack.enter_context(git_server(served, charts))
    inbox = stack.enter_context(running_inbox(folder, databases))
    controllers = Controllers(plane, stack)
    replaced = pack_charts(charts, address)
    component = overlay(
        git=f"{address}/git/{NAME}",
        charts=address,
        inbox=inbox.address,
        webhooks=f"https://localhost:{controllers.webhooks.rpartition(':')[2]}",
    )
    repository = Repository(folder)
    repository.create(component, f"X-API-Key: {inbox.key}")
    server = APIServer(stack.enter_context(plane.client()))
    server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": FLUX}})
    define(server, [one for one in definitions() if one["spec"]["group"].endswith(".fluxcd.io")])
    plane.start_machines()
    controllers.start_flux()
    report.append(f"{cluster}: an empty chart stands for {', '.join(replaced)}; kwok for machines and pods")
    return Drill(cluster, folder, report, server, repository, inbox, controllers)
