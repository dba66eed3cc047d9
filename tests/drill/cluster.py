"""Staging as it is, from a commit to pods that run: control plane, Flux, mesh, Flagger, and our services."""

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import psutil
import redis
import yaml
from sqlalchemy import make_url

from charts.rendering import NAMESPACE, RELEASE
from common.gateway import SERVICES, Service
from standalone.embedded.servers import EmbeddedPostgres, EmbeddedRedis
from tests.drill.databases import encrypted_doors
from tests.drill.kubelet.network import NODE_ADDRESS, open_machine
from tests.drill.machine import Node, images, running_node
from tests.drill.prometheus import Prometheus, running_prometheus
from tests.gitops.chart_packing import pack_charts
from tests.gitops.controllers import Controllers
from tests.gitops.drill import FLUX, HELM_RELEASE, KUSTOMIZATION, apply_root, image_of, ready
from tests.gitops.git_server import git_server
from tests.gitops.registry import Registry
from tests.gitops.repository import NAME, Repository
from tests.platform.support.api_server import APIServer, define, definitions, until
from tests.platform.support.chart import JSON
from tests.platform.support.control_plane import ControlPlane
from tests.spans import Receiver, span_receiver
from tests.system import MIA

CLUSTER = "staging"
OVERLAY = Path(__file__).parent / "overlay.yaml"
FLAGGER = "flagger.app/v1beta1"
GATEWAY_NAMESPACE = "istio-ingress"
_ALL_READY_SECONDS = 900.0
_IMAGES = "images.json"
_ENDED = ("Succeeded", "Failed")
_TOKEN_SECRET = "a secret of the drill with 32 characters or more"
LOAD_TESTER, _LOAD_TESTER_PORT = "flagger-loadtester", 8080


@dataclass
class Cluster:
    """A cluster that runs, and what a person would do to it.

    Parameters
    ----------
    key : of the API, with which clients come.
    token_secret : signs what services introduce themselves with.
    postgres : the folder with PostgreSQL's socket.
    """

    folder: Path
    server: APIServer
    repository: Repository
    controllers: Controllers
    node: Node
    prometheus: Prometheus
    key: str
    token_secret: str
    postgres: Path
    traces: Receiver
    say: Callable[[str], None]
    stack: ExitStack = field(repr=False)

    def canary(self, name: str) -> JSON:
        """Return the status of a service's Canary."""
        found = self.server.get("Canary", name, NAMESPACE, version=FLAGGER)
        status: JSON = (found or {}).get("status", {})
        return status

    def ask_database(self, service: Service, query: str) -> object:
        """Return the one value that a query of a service's database gives."""

        async def asked() -> object:
            names = {"database": service.database_name, "user": "postgres"}
            connection = await asyncpg.connect(host=str(self.postgres), **names)
            try:
                return await connection.fetchval(query)
            finally:
                await connection.close()

        return asyncio.run(asked())

    def measure(self, query: str) -> float | None:
        """Return what Prometheus says."""
        return self.prometheus.value(query)

    def image(self, name: str) -> str:
        """Return the image that a service's Deployment runs, or has for its next release."""
        found = self.server.get("Deployment", name, NAMESPACE, version="apps/v1")
        assert found is not None
        return image_of(found)

    def is_released(self) -> bool:
        """Return whether the newest commit of the chart is installed."""
        found = self.server.get("HelmRelease", RELEASE, FLUX, version=HELM_RELEASE)
        return found is not None and ready(found).get("status") == "True"

    def events(self, name: str) -> str:
        """Return what Flagger has told of a service's Canary."""
        told = [one for one in self.server.items("Event", NAMESPACE) if one["involvedObject"]["kind"] == "Canary"]
        return "\n".join(one["message"] for one in told if one["involvedObject"]["name"] == name)

    def log(self, name: str) -> str:
        """Return what a service's pods under trial have logged."""
        pods = [one["metadata"]["name"] for one in self.pods(NAMESPACE, app=name)]
        logs = [log for pod in pods for log in (self.folder / self.node.name).glob(f"{NAMESPACE}_{pod}_*/app.log")]
        return "".join(one.read_text(encoding="utf-8") for one in logs)

    def phases(self) -> dict[str, str | None]:
        """Return the phase of every Canary."""
        return {one.kubernetes_name: self.canary(one.kubernetes_name).get("phase") for one in SERVICES}

    def pods(self, namespace: str, **labels: str) -> list[JSON]:
        """Return the pods that have these labels."""
        return [
            one
            for one in self.server.items("Pod", namespace)
            if labels.items() <= one["metadata"].get("labels", {}).items()
        ]

    def serving(self, namespace: str, **labels: str) -> list[JSON]:
        """Return the pods that have these labels, are ready, and are not about to go."""
        return [one for one in self.pods(namespace, **labels) if _serves(one)]

    def gateway(self) -> str:
        """Return the address of a pod of the gateway that is ready."""
        found = self.serving(GATEWAY_NAMESPACE, istio="ingress")
        assert found, "no pod of the gateway is ready"
        address: str = found[0]["status"]["podIP"]
        return address

    def release(self, message: str, changes: dict[str, object]) -> str:
        """Commit new values for the environment."""
        path = self.repository.chart / f"values-{CLUSTER}.yaml"
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, value in changes.items():
            *parents, last = name.split(".")
            place = values
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        return self.repository.commit(message)

    def wait_for_end(self, names: list[str], seconds: float) -> None:
        """Wait until rollouts of these services have begun and ended."""
        seen: dict[str, list[str]] = {name: [] for name in names}

        def is_over() -> bool:
            for name in names:
                status = self.canary(name)
                now = f"{status.get('phase')} {status.get('canaryWeight')} failed {status.get('failedChecks')}"
                if not seen[name] or seen[name][-1] != now:
                    seen[name].append(now)
                    self.say(f"{name}: {now}")
            return all(
                looks[-1].startswith(_ENDED) and any(one.startswith("Progressing") for one in looks)
                for looks in seen.values()
            )

        until(is_over, seconds, lambda: f"the rollouts did not end: {seen}\n{self.state()}", pause=0.3)

    def at_load_tester(self, path: str, name: str) -> int:
        """Ask the load tester's door for people as `kubectl exec` would; return the status of its answer."""
        (pod, *_others) = self.pods(NAMESPACE, app=LOAD_TESTER)
        body = json.dumps({"name": name, "namespace": NAMESPACE})
        return self.ask_from(pod, f"http://127.0.0.1:{_LOAD_TESTER_PORT}{path}", "--data", body)

    def ask_from(self, pod: JSON, url: str, *arguments: str) -> int:
        """Call an address from within a pod's network, as a container of it would; return the status of the answer."""
        return int(_curl(pod, "--output", "/dev/null", "--write-out", "%{http_code}", *arguments, url))

    def call_from(self, pod: JSON, service: Service, *arguments: str) -> int:
        """Count a service's items from within a pod's network, past the gateway; return the status of the answer."""
        at = f"{service.kubernetes_name}.{NAMESPACE}"
        return self._call_service(pod, at, service.port, f"{service.base_path}/counts", *arguments)

    def call_by_gateway(self, pod: JSON, path: str, *arguments: str) -> int:
        """Read a path from within a pod's network, by the door for services; return the status of the answer."""
        return self._call_service(
            pod, f"internal-gateway.{GATEWAY_NAMESPACE}.svc.cluster.local", 8443, path, *arguments
        )

    def _call_service(self, pod: JSON, host: str, port: int, path: str, *arguments: str) -> int:
        name, namespace, *_ = host.split(".")
        found = self.server.get("Service", name, namespace)
        assert found is not None
        at = ("--resolve", f"{host}:{port}:{found['spec']['clusterIP']}")
        return self.ask_from(pod, f"http://{host}:{port}{path}", *at, *arguments)

    def certificate(self, pod: JSON) -> str:
        """Return the number of the certificate by which a pod is known in the mesh, as its Envoy tells."""
        told = json.loads(_curl(pod, "http://127.0.0.1:15000/certs"))
        chains = [chain for one in told["certificates"] for chain in one.get("cert_chain", [])]
        own = [one for one in chains if any("spiffe://" in name.get("uri", "") for name in one["subject_alt_names"])]
        return str(own[0]["serial_number"])

    def add_node(self, number: int) -> Node:
        """Start one more node."""
        kubeconfig = self.controllers.plane.kubeconfig
        self.node = self.stack.enter_context(running_node(number, kubeconfig, self.folder / _IMAGES))
        self.prometheus.machines.append(self.node.metrics_port)
        return self.node

    def state(self) -> str:
        """Return what is not as it should be, and who said what last."""
        lines = [
            f"{kind}/{one['metadata']['name']}: {ready(one).get('message')}"
            for kind, version in (
                ("Kustomization", KUSTOMIZATION),
                ("HelmRelease", HELM_RELEASE),
            )
            if self.server.knows(version, kind)
            for one in self.server.items(kind, FLUX, version=version)
            if ready(one).get("status") != "True"
        ]
        lines += [
            f"{one['metadata']['namespace']}/{one['metadata']['name']}: {one['status'].get('phase')} "
            f"{[part['name'] for part in one['status'].get('containerStatuses', []) if not part['ready']]}"
            for one in self.server.items("Pod")
            if not _serves(one)
        ]
        return "\n".join([*lines, self.node.last_words(), self.controllers.last_words()[-6000:]])


@contextmanager
def running_cluster(folder: Path, say: Callable[[str], None]) -> Iterator[Cluster]:
    """Start staging, and yield it when every Canary is initialised."""
    begun = time.monotonic()

    def tell(text: str) -> None:
        say(f"[{time.monotonic() - begun:6.1f}] {text}")

    with ExitStack() as stack:
        open_machine()
        key, postgres = _start_databases(stack, folder)
        tell("PostgreSQL and Redis answer, with a key in the databases")
        plane = stack.enter_context(ControlPlane(folder, host=NODE_ADDRESS, patience="20s"))
        server = APIServer(stack.enter_context(plane.client()))
        charts = folder / "charts"
        charts.mkdir()
        address = stack.enter_context(git_server(folder / "served", charts, Registry()))
        controllers = Controllers(plane, stack)
        replaced = pack_charts(charts, address)
        tell(f"control plane; an empty chart stands for {', '.join(replaced)}")
        traces = stack.enter_context(span_receiver(NODE_ADDRESS))
        repository = _repository(folder, address, controllers, key, traces)
        server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": FLUX}})
        define(server, [one for one in definitions() if one["spec"]["group"].endswith(".fluxcd.io")])
        plane.start_scheduler()
        images_file = folder / _IMAGES
        port = plane.address.rpartition(":")[2]
        images([one.kubernetes_name for one in SERVICES], port).write(images_file)
        node = stack.enter_context(running_node(1, plane.kubeconfig, images_file))
        controllers.start_flux()
        cluster = Cluster(
            folder=folder,
            server=server,
            repository=repository,
            controllers=controllers,
            node=node,
            prometheus=None,  # type: ignore[arg-type]
            key=key,
            token_secret=_TOKEN_SECRET,
            postgres=postgres,
            traces=traces,
            say=tell,
            stack=stack,
        )
        apply_root(server, repository, CLUSTER)
        tell("Flux has its root")
        injector = "istio-sidecar-injector"
        until(lambda: server.get("ConfigMap", injector, "istio-system"), _ALL_READY_SECONDS, cluster.state)
        controllers.start_istiod(
            agents=f"{NODE_ADDRESS}:15012",
            PILOT_ENABLE_ALPN_FILTER="false",
            PILOT_ENABLE_METADATA_EXCHANGE="false",
        )
        tell("istiod runs")
        until(lambda: server.get("Namespace", "monitoring"), _ALL_READY_SECONDS, cluster.state)
        until(lambda: server.knows("monitoring.coreos.com/v1", "PodMonitor"), _ALL_READY_SECONDS, cluster.state)
        cluster.prometheus = stack.enter_context(
            running_prometheus(server, NODE_ADDRESS, [node.metrics_port], folder / "prometheus")
        )
        tell("Prometheus runs")
        until(lambda: server.knows(FLAGGER, "Canary"), _ALL_READY_SECONDS, cluster.state)
        last: dict[str, str | None] = {}

        def are_initialised() -> bool:
            phases = cluster.phases()
            for name, phase in phases.items():
                if last.get(name) != phase:
                    tell(f"{name}: {phase}")
            last.update(phases)
            return set(phases.values()) == {"Initialized"}

        until(are_initialised, _ALL_READY_SECONDS, cluster.state, pause=0.5)
        yield cluster


def _serves(pod: JSON) -> bool:
    return ready(pod).get("status") == "True" and "deletionTimestamp" not in pod["metadata"]


def _curl(pod: JSON, *arguments: str) -> str:
    """Run curl in a pod's network; return what it says."""
    command = ["nsenter", f"--target={_process_of(pod)}", "--net", "curl", "--silent", "--noproxy", "*"]
    command += ["--max-time", "20", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout


def _process_of(pod: JSON) -> int:
    """Return a process that runs in a pod; each has the pod's name for its host's."""
    name = pod["metadata"]["name"]
    for one in psutil.process_iter():
        try:
            if one.environ().get("HOSTNAME") == name:
                return one.pid
        except psutil.Error:
            continue
    raise AssertionError(f"nothing runs in {name}")


def _start_databases(stack: ExitStack, folder: Path) -> tuple[str, Path]:
    """Start PostgreSQL and Redis behind TLS; return a key that all services know, and where PostgreSQL's socket is."""
    postgres = EmbeddedPostgres(folder / "postgres", is_durable=False)
    postgres.start()
    stack.callback(postgres.stop)
    store = EmbeddedRedis()
    store.start()
    stack.callback(store.stop)
    assert store.url is not None
    socket = Path(store.url.removeprefix("unix://"))
    with redis.Redis.from_url(store.url) as client:
        client.config_set("requirepass", "a password of the drill")
    postgres_folder = Path(str(make_url(postgres.url).query["host"]))
    stack.enter_context(encrypted_doors(NODE_ADDRESS, postgres_folder / ".s.PGSQL.5432", socket, folder))
    made = subprocess.run(
        [*MIA, "keys", "create", "drill", "--scope", "write", "--scope", "read"],
        env={**os.environ, "DATABASE_URL": postgres.url, "REDIS_URL": store.url},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.strip(), postgres_folder


def _repository(folder: Path, address: str, controllers: Controllers, key: str, traces: Receiver) -> Repository:
    addresses = {
        "git": f"{address}/git/{NAME}",
        "charts": address,
        # Nobody comes from outside the mesh: Flux's events are left to tests/gitops, and production to its registry.
        "registry": address,
        "inbox": address,
        "webhooks": f"https://localhost:{controllers.webhooks.rpartition(':')[2]}",
        "traces": f"http://{NODE_ADDRESS}:{traces.port}",
    }
    repository = Repository(folder)
    repository.create(addresses, f"X-API-Key: {key}", values=_secrets(key), more=OVERLAY)
    return repository


def _secrets(key: str) -> dict[str, dict[str, str]]:
    """Return what the Secrets hold that somebody has to be able to use."""
    database = {"host": NODE_ADDRESS, "port": "5432", "username": "postgres", "password": "of no use"}
    return {
        "db-credentials": database,
        "redis-credentials": {"host": NODE_ADDRESS, "port": "6379", "password": "a password of the drill"},
        "service-token": {"secret": _TOKEN_SECRET},
        "secrets-key": {"keys": "a key of the drill with 32 characters or more"},
        "load-test": {"api-key": key},
        "alerts-api-key": {"key": key},
        "public-tls": _public_certificate(),
    }


def _public_certificate() -> dict[str, str]:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=staging-api.example.com", "-days", "2", "-keyout", "/dev/stdout"]
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    key, _, shown = made.partition("-----BEGIN CERTIFICATE-----")
    return {"tls.key": key, "tls.crt": f"-----BEGIN CERTIFICATE-----{shown}"}
