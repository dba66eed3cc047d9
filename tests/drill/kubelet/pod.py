"""One pod: its network, its volumes, its containers in order, what its probes find, and its end."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.drill.kubelet.container import Container, Identity, Mount
from tests.drill.kubelet.images import Image, Images
from tests.drill.kubelet.network import NODE_ADDRESS, Network, PodNetwork
from tests.drill.kubelet.probes import Probe, now
from tests.drill.kubelet.references import MissingReference, References, expanded, moment
from tests.platform.support.api_server import APIServer
from tests.platform.support.chart import JSON

SIDECAR = "istio-proxy"
_LOOK_SECONDS = 0.25
_LONGEST_BACK_OFF_SECONDS = 10.0


@dataclass
class Part:
    """A container of a pod with its probes and what they have found."""

    specification: JSON
    is_sidecar: bool
    container: Container | None = None
    is_started: bool = False
    is_ready: bool = False
    starts_again_at: float | None = None
    ended: JSON | None = None
    probes: dict[str, Probe] = field(default_factory=dict)

    @property
    def name(self) -> str:
        name: str = self.specification["name"]
        return name

    @property
    def ports(self) -> dict[str, int]:
        """Return the ports that have names."""
        return {one["name"]: one["containerPort"] for one in self.specification.get("ports", []) if "name" in one}


class Pod:
    """Runs one pod until it is deleted, on a thread of its own."""

    def __init__(
        self, server: APIServer, item: JSON, images: Path, network: Network, folder: Path, say: Callable[[str], None]
    ) -> None:
        self._server = server
        self._images = images
        self._network = network
        self._folder = folder
        self._say = say
        self._item = item
        self._pod_network: PodNetwork | None = None
        self._parts: list[Part] = []
        self._initialised = False
        self._started_at = moment()
        self._written: JSON | None = None
        self._leaving = threading.Event()
        self._grace_seconds: float = 30.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._lock = threading.Lock()

    @property
    def namespace(self) -> str:
        namespace: str = self._item["metadata"]["namespace"]
        return namespace

    @property
    def name(self) -> str:
        name: str = self._item["metadata"]["name"]
        return name

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do for it."""
        return not self._thread.is_alive()

    def begin(self) -> None:
        """Start it."""
        self._thread.start()

    def leave(self, grace_seconds: float) -> None:
        """Begin its end, if it has not begun."""
        if not self._leaving.is_set():
            self._grace_seconds = grace_seconds
            self._leaving.set()

    def first_processes(self) -> dict[str, int]:
        """Return the first process of each container that runs, by the container's name."""
        with self._lock:
            running = [(part.name, part.container) for part in self._parts if part.container is not None]
        return {name: container.pid for name, container in running if container.restarts >= 0}

    def limits(self) -> dict[tuple[str, str], str]:
        """Return the limits, by container and resource."""
        return {
            (one["name"], resource): str(amount)
            for one in self._item["spec"]["containers"]
            for resource, amount in one.get("resources", {}).get("limits", {}).items()
        }

    def write_hosts(self, services: dict[str, str]) -> None:
        """Write the names that the pod can call; in place, since its containers have the file itself."""
        lines = ["127.0.0.1 localhost"]
        if self._pod_network is not None:
            lines.append(f"{self._pod_network.address} {self.name}")
        suffix = f".{self.namespace}"
        for name, address in services.items():
            short = [name.removesuffix(suffix)] if name.endswith(suffix) else []
            names = [*short, name, f"{name}.svc", f"{name}.svc.cluster.local"]
            lines.append(f"{address} {' '.join(names)}")
        file = self._folder / "hosts"
        text = "\n".join(lines) + "\n"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            with file.open("r+" if file.exists() else "w", encoding="utf-8") as opened:
                opened.write(text)
                opened.truncate()

    def _run(self) -> None:
        try:
            if self._is_pretended():
                self._pretend()
                self._leaving.wait()
            else:
                self._live()
        except Exception as error:  # noqa: BLE001 - it is told, and the pod stays as it is
            self._say(f"{self.namespace}/{self.name}: {type(error).__name__}: {error}")
            self._leaving.wait()
        self._end()

    def _is_pretended(self) -> bool:
        images = Images.read(self._images)
        return not any(images.find(one["image"]) for one in self._item["spec"]["containers"])

    def _pretend(self) -> None:
        """Say that a pod runs of which nothing is here, or that its work is done."""
        spec = self._item["spec"]
        for one in spec["containers"]:
            self._parts.append(Part(one, is_sidecar=False, is_started=True, is_ready=True))
        if spec.get("restartPolicy") in {"Never", "OnFailure"}:
            for part in self._parts:
                part.ended = _terminated(0)
        self._initialised = True
        self._write_status(f"10.245.{hash(self.name) % 250}.{hash(self.namespace + self.name) % 250 + 2}")

    def _live(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._pod_network = self._network.open()
        images = Images.read(self._images)
        references = References(self._server, self._item, self._pod_network.address, NODE_ADDRESS)
        self._write_volumes(references)
        self._start_sidecars(images, references)
        self._initialised = True
        for given in self._item["spec"]["containers"]:
            part = self._part(given, images, references, is_sidecar=False)
            with self._lock:
                self._parts.append(part)
            if not self._leaving.is_set():
                self._start(part)
        while not self._leaving.is_set() and not self._is_done():
            for part in self._parts:
                self._look(part)
            self._write_status()
            self._leaving.wait(_LOOK_SECONDS)
        if self._is_done():
            self._stop_parts(sidecars=True, grace_seconds=1.0)
            self._write_status()
            self._leaving.wait()

    def _start_sidecars(self, images: Images, references: References) -> None:
        """Start what runs beside the containers, one after the other, each when the one before has started."""
        for given in self._item["spec"].get("initContainers", []):
            # One that is no sidecar prepares the network, which is done here.
            if given.get("restartPolicy") == "Always":
                self._parts.append(self._part(given, images, references, is_sidecar=True))
        if self._pod_network is not None and any(part.name == SIDECAR for part in self._parts):
            self._network.redirect(self._pod_network, _agent(images))
        self._write_status()
        for part in self._parts:
            self._start(part)
            while not part.is_started and not self._leaving.is_set():
                self._look(part)
                self._leaving.wait(_LOOK_SECONDS)

    def _write_volumes(self, references: References) -> None:
        group = self._item["spec"].get("securityContext", {}).get("fsGroup")
        for volume in self._item["spec"].get("volumes", []):
            folder = self._folder / "volumes" / volume["name"]
            while not self._leaving.is_set():
                try:
                    references.write_volume(volume, folder, group)
                    break
                except (MissingReference, httpx.HTTPStatusError) as missing:
                    self._say(f"{self.namespace}/{self.name} waits: {missing}")
                    self._leaving.wait(1.0)

    def _part(self, given: JSON, images: Images, references: References, *, is_sidecar: bool) -> Part:
        image = images.find(given["image"])
        part = Part(given, is_sidecar)
        part.probes = {kind: Probe(given.get(f"{kind}Probe")) for kind in ("startup", "readiness", "liveness")}
        if image is not None and self._pod_network is not None:
            part.container = self._container(given, image, references, self._pod_network)
        return part

    def _container(self, given: JSON, image: Image, references: References, network: PodNetwork) -> Container:
        name = given["name"]
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME": self.name}
        environment |= image.environment | references.environment(given) | image.overrides
        arguments = [*given.get("command", [])[1:], *given.get("args", [])]
        mounts = [Mount(Path(source), target) for target, source in image.files.items()]
        mounts.append(Mount(self._folder / "hosts", "/etc/hosts"))
        for one in given.get("volumeMounts", []):
            source = self._folder / "volumes" / one["name"]
            if "subPath" in one:
                source /= one["subPath"]
            mounts.append(Mount(source, one["mountPath"], read_only=one.get("readOnly", False)))
        security = {**self._item["spec"].get("securityContext", {}), **given.get("securityContext", {})}
        user, group = security.get("runAsUser", 0), security.get("runAsGroup", security.get("runAsUser", 0))
        groups = (security["fsGroup"],) if "fsGroup" in security else ()
        return Container(
            name=name,
            folder=self._folder / name,
            network=network.file,
            command=[*image.command, *(expanded(one, environment) for one in arguments)],
            environment=environment,
            mounts=mounts,
            identity=Identity(user, group, groups),
            log=self._folder / f"{name}.log",
            is_read_only=security.get("readOnlyRootFilesystem", False),
        )

    def _start(self, part: Part) -> None:
        if part.container is None:
            part.is_started = part.is_ready = True
            return
        part.container.start()
        part.is_started = part.is_ready = False
        part.ended = part.starts_again_at = None
        for probe in part.probes.values():
            probe.reset(now())

    def _look(self, part: Part) -> None:
        """Ask the probes of a container, and start it again if it has ended or does not live."""
        container, network = part.container, self._pod_network
        if container is None or network is None or (part.ended is not None and not self._restarts()):
            return
        if container.status is not None:
            self._ended(part, container)
            return
        if not part.is_started:
            found = part.probes["startup"].look(container, part.ports, network.address, now())
            if found is None:
                return
            part.is_started = found
            if not found:
                container.wait(0.0)
            return
        if part.probes["liveness"].look(container, part.ports, network.address, now()) is False:
            self._say(f"{self.namespace}/{self.name}: {part.name} does not live")
            container.wait(0.0)
            return
        found = part.probes["readiness"].look(container, part.ports, network.address, now())
        if found is not None:
            part.is_ready = found

    def _ended(self, part: Part, container: Container) -> None:
        part.is_started = part.is_ready = False
        if part.ended is None:
            status = container.status or 0
            part.ended = _terminated(status if status >= 0 else 128 - status)
            self._say(f"{self.namespace}/{self.name}: {part.name} has ended with {part.ended['exitCode']}")
            wait = min(_LONGEST_BACK_OFF_SECONDS, 2.0**container.restarts)
            part.starts_again_at = now() + wait
        elif self._restarts() and part.starts_again_at is not None and now() >= part.starts_again_at:
            self._start(part)

    def _restarts(self) -> bool:
        return bool(self._item["spec"].get("restartPolicy", "Always") == "Always")

    def _is_done(self) -> bool:
        own = [part for part in self._parts if not part.is_sidecar]
        return self._initialised and not self._restarts() and all(part.ended is not None for part in own)

    def _end(self) -> None:
        """Let the pod go as a kubelet does: no traffic, the hooks, SIGTERM, the sidecars after the others."""
        for part in self._parts:
            part.is_ready = False
        self._write_status()
        begun = now()
        sleeps = [
            part.specification.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            for part in self._parts
            if part.container is not None
        ]
        threading.Event().wait(min(max(sleeps, default=0), self._grace_seconds))
        self._stop_parts(sidecars=False, grace_seconds=self._grace_seconds - (now() - begun))
        self._stop_parts(sidecars=True, grace_seconds=max(2.0, self._grace_seconds - (now() - begun)))
        if self._pod_network is not None:
            self._pod_network.close()
        shutil.rmtree(self._folder / "volumes", ignore_errors=True)
        path = self._server.path("v1", "Pod", self.namespace, self.name)
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self._item["metadata"]["uid"]}}
        self._server.http.request("DELETE", path, json=options)

    def _stop_parts(self, *, sidecars: bool, grace_seconds: float) -> None:
        chosen = [part.container for part in self._parts if part.is_sidecar is sidecars and part.container is not None]
        for container in chosen:
            container.ask_to_end()
        begun = now()
        for container in chosen:
            container.wait(grace_seconds - (now() - begun))

    def _write_status(self, address: str | None = None) -> None:
        own = [part for part in self._parts if not part.is_sidecar]
        n_wanted = len(self._item["spec"]["containers"])
        is_ready = len(own) == n_wanted and all(part.is_ready for part in self._parts)
        if not self._initialised or not own:
            phase = "Pending"
        elif not self._restarts() and all(part.ended is not None for part in own):
            is_ready = False
            failed = any(part.ended is not None and part.ended["exitCode"] for part in own)
            phase = "Failed" if failed else "Succeeded"
        else:
            phase = "Running"
        address = address or (self._pod_network.address if self._pod_network is not None else None)
        status = {
            "phase": phase,
            "hostIP": NODE_ADDRESS,
            "startTime": self._started_at,
            "conditions": [
                {"type": kind, "status": str(is_so)}
                for kind, is_so in (
                    ("PodReadyToStartContainers", True),
                    ("Initialized", self._initialised),
                    ("ContainersReady", is_ready),
                    ("Ready", is_ready),
                )
            ],
            "containerStatuses": [_container_status(part) for part in own],
            "initContainerStatuses": [_container_status(part) for part in self._parts if part.is_sidecar],
        }
        if address is not None:
            status |= {"podIP": address, "podIPs": [{"ip": address}]}
        if status == self._written:
            return
        before = {one["type"]: one for one in (self._written or {}).get("conditions", [])}
        self._written = status
        told = {**status, "conditions": [_since(one, before) for one in status["conditions"]]}
        answer = self._server.http.patch(
            f"{self._server.path('v1', 'Pod', self.namespace, self.name)}/status",
            json={"status": told},
            headers={"Content-Type": "application/strategic-merge-patch+json"},
        )
        if answer.is_error and answer.status_code != httpx.codes.NOT_FOUND:
            self._say(f"{self.namespace}/{self.name}: {answer.text[:300]}")
            self._written = None


def _since(condition: JSON, before: dict[str, JSON]) -> JSON:
    """Return a condition with the moment of its last change, if it is one."""
    is_new = before.get(condition["type"], {}).get("status") != condition["status"]
    return {**condition, "lastTransitionTime": moment()} if is_new else condition


def _container_status(part: Part) -> JSON:
    container = part.container
    restarts = max(0, container.restarts) if container is not None else 0
    status: JSON = {
        "name": part.name,
        "image": part.specification["image"],
        "imageID": part.specification["image"],
        "ready": part.is_ready,
        "started": part.is_started,
        "restartCount": restarts,
    }
    if part.ended is None:
        at = container.started_at if container is not None else 0.0
        status["state"] = {"running": {"startedAt": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}}
    elif restarts and part.starts_again_at is not None:
        status["state"] = {"waiting": {"reason": "CrashLoopBackOff", "message": f"ended with {part.ended['exitCode']}"}}
        status["lastState"] = {"terminated": part.ended}
    else:
        status["state"] = {"terminated": part.ended}
    return status


def _terminated(status: int) -> JSON:
    return {"exitCode": status, "reason": "Error" if status else "Completed", "finishedAt": moment()}


def _agent(images: Images) -> str:
    """Return the path of Istio's agent, which knows how to redirect traffic."""
    found = next((one for one in images.known if one.pattern.endswith("proxyv2:*")), None)
    if found is None:
        raise MissingReference("no image stands for the sidecar")
    return found.command[0]
