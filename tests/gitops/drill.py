"""A cluster under Flux: what is asked of it, and what it is told by commits."""

import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from helm_python import package

from charts.rendering import CHART, NAMESPACE, RELEASE
from tests.gitops.chart_packing import pack_charts
from tests.gitops.controllers import MESH, Controllers
from tests.gitops.git_server import git_server
from tests.gitops.inbox import Inbox, running_inbox
from tests.gitops.registry import Registry, new_key, public_half
from tests.gitops.repository import NAME, Repository
from tests.platform.support.api_server import APIServer, define, definitions, until
from tests.platform.support.chart import JSON
from tests.platform.support.clusters import releases, steps
from tests.platform.support.control_plane import ControlPlane
from tests.platform.support.programs import program

FLUX = "flux-system"
KUSTOMIZATION, HELM_RELEASE = "kustomize.toolkit.fluxcd.io/v1", "helm.toolkit.fluxcd.io/v2"
SOURCE = "source.toolkit.fluxcd.io/v1"
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
    registry: Registry
    inbox: Inbox
    controllers: Controllers
    # With it releases are signed, and by its public half the cluster verifies them.
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key, repr=False)
    version: str = field(default_factory=lambda: yaml.safe_load((CHART / "Chart.yaml").read_text())["version"])
    # When each object was Ready first, by the controller's own clock.
    ready_at: dict[tuple[str, str], str] = field(default_factory=dict)

    def apply_root(self) -> None:
        """Give Flux its key and its root, as docs/operations/clusters.md does with kubectl."""
        signer, metadata = {"release.pub": public_half(self.key)}, {"name": "release-key", "namespace": FLUX}
        self.server.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": signer})
        apply_root(self.server, self.repository, self.cluster)

    def deliver(self, message: str) -> str:
        """Bring a change to the cluster by what moves it: a commit, or in production a release."""
        revision = self.repository.commit(message)
        return self.publish() if self.cluster == "production" else revision

    def publish(self) -> str:
        """Publish what is committed as the next release, its tag last; return its revision."""
        self.commit_next_version()
        self.registry.sign(self.publish_chart(), self.key)
        return self.repository.tag(self.version)

    def commit_next_version(self) -> None:
        """Raise the version in the files that name it."""
        self.version = next_patch(self.version)
        self.repository.set_version(self.version)
        self.repository.commit(f"Release {self.version}")

    def publish_chart(self) -> str:
        """Pack the chart as it is committed and push it; return its digest."""
        archive = Path(package(self.repository.chart, destination=self.folder))
        return self.registry.push_chart(archive, CHART.name, self.version)

    def roll_back(self, version: str) -> str:
        """Give the commit of a release a new, higher version; return its revision."""
        self.version = next_patch(self.version)
        return self.repository.tag(self.version, f"v{version}^{{}}")

    def fetch(self) -> str:
        """Have Flux look at the repository now; return the revision that it then reads."""
        revision: str = self.look_again("GitRepository", FLUX)["artifact"]["revision"]
        return revision

    def look_again(self, kind: str, name: str = RELEASE) -> JSON:
        """Have Flux look at a source now; return the status that it then has."""
        asked = str(time.time_ns())
        change = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": asked}}}
        self.server.patch(kind, name, FLUX, change, version=SOURCE)

        def has_looked() -> bool:
            return self.source(kind, name)["status"].get("lastHandledReconcileAt") == asked

        until(has_looked, CHANGE_SECONDS, self.state)
        status: JSON = self.source(kind, name)["status"]
        return status

    def source(self, kind: str, name: str = RELEASE) -> JSON:
        """Return one of the sources that Flux reads."""
        found = self.server.get(kind, name, FLUX, version=SOURCE)
        assert found is not None
        return found

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
        return image_of(self.deployment(name))

    def until(self, is_so: Callable[[], object], what: str, seconds: float = CHANGE_SECONDS) -> float:
        """Wait for a change, and write into the report how long it took."""
        took = until(is_so, seconds, lambda: f"not seen: {what}\n{self.state()}")
        self.report.append(f"  {what}: {took:.1f} s")
        return took


def apply_root(server: APIServer, repository: Repository, cluster: str) -> None:
    """Give Flux the key to the Secrets of a repository, and the root of a cluster in it."""
    metadata, key = {"name": "sops-age", "namespace": FLUX}, {"age.agekey": repository.age_key}
    server.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": key})
    command = [program("kustomize"), "build", str(repository.work / "clusters" / cluster)]
    built = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    for item in yaml.safe_load_all(built.stdout):
        server.apply(item)


def image_of(deployment: JSON) -> str:
    """Return the image that a service's Deployment runs."""
    containers = deployment["spec"]["template"]["spec"]["containers"]
    (image,) = [one["image"] for one in containers if one["name"] == "app"]
    return str(image)


def ready(item: JSON, kind: str = "Ready") -> JSON:
    """Return a condition of an object, empty while it has none."""
    conditions = item.get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == kind), {})


def next_patch(version: str) -> str:
    head, _, patch = version.rpartition(".")
    return f"{head}.{int(patch) + 1}"


def start_drill(stack: ExitStack, cluster: str, folder: Path, databases: dict[str, str], report: list[str]) -> Drill:
    """Start everything that a cluster has before its root is applied; all of it ends with the stack."""
    plane = stack.enter_context(ControlPlane(folder))
    charts, served = folder / "charts", folder / "served"
    charts.mkdir()
    registry = Registry()
    address = stack.enter_context(git_server(served, charts, registry))
    inbox = stack.enter_context(running_inbox(folder, databases))
    controllers = Controllers(plane, stack)
    replaced = pack_charts(charts, address)
    addresses = {
        "git": f"{address}/git/{NAME}",
        "charts": address,
        "registry": f"oci://{address.partition('://')[2]}/charts",
        "inbox": inbox.address,
        "webhooks": f"https://localhost:{controllers.webhooks.rpartition(':')[2]}",
    }
    repository = Repository(folder)
    repository.create(addresses, f"X-API-Key: {inbox.key}")
    server = APIServer(stack.enter_context(plane.client()))
    server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": FLUX}})
    define(server, [one for one in definitions() if one["spec"]["group"].endswith(".fluxcd.io")])
    plane.start_machines()
    controllers.start_flux()
    report.append(f"{cluster}: an empty chart stands for {', '.join(replaced)}; kwok for machines and pods")
    drill = Drill(cluster, folder, report, server, repository, registry, inbox, controllers)
    drill.publish()
    return drill
