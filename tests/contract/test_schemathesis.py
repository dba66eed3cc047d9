"""Every service keeps what its OpenAPI document promises: schemathesis with all checks, over a real socket."""

import asyncio
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from common.access.auth import insert_api_key, new_api_key
from common.clock import SYSTEM_CLOCK
from common.gateway import SERVICES, service_named
from common.postgres.migrations import create_database, migrate

# Each service is tried with so many generated requests per operation; a nightly run may ask for more.
EXAMPLES = 12
CONFIG = Path(__file__).parent / "schemathesis.toml"


def _free_socket() -> socket.socket:
    # With the protocol named, asyncio turns Nagle's algorithm off; without, every answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    return listener


async def _prepare(name: str, url: str) -> str:
    """Make and migrate the database, store an admin key in it, and return the key."""
    target = make_url(url).set(drivername="postgresql+asyncpg", database=f"contract_{name}")
    await create_database(target)
    await migrate(target, service_named(name))
    key = new_api_key("contract tests", ("admin",), None)
    table = import_module(f"{name}.models").TABLES.api_key
    engine = create_async_engine(target, poolclass=NullPool)
    async with engine.begin() as connection:
        await insert_api_key(connection, table, key.record, SYSTEM_CLOCK.now())
    await engine.dispose()
    return key.text.get_secret_value()


@contextmanager
def _served(app: Any) -> Iterator[str]:
    """Serve `app` on a free port of the loopback address, in a thread with its own event loop."""
    listener = _free_socket()
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=2, ws="none"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.02)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.mark.parametrize("name", [service.name for service in SERVICES])
def test_a_service_keeps_its_contract(name: str, postgres: str, redis: str) -> None:
    key = asyncio.run(_prepare(name, postgres))
    settings = import_module(f"{name}.settings").Settings(
        database_url=make_url(postgres).set(database=f"contract_{name}").render_as_string(hide_password=False),
        redis_url=redis,
        stream_max_seconds=0.05,
        rate_limit_per_minute=1_000_000,
        gateway_url="http://127.0.0.1:9",
    )
    app = import_module(f"{name}.app").create_app(settings)

    with _served(app) as address:
        finished = _run_schemathesis(f"{address}{service_named(name).prefix}/openapi.json", key)

    tested = re.search(r"Selected: (\d+)/\d+\n\s+Tested: (\d+)", finished.stdout)
    assert finished.returncode == 0, finished.stdout[-8_000:]
    assert tested is not None, finished.stdout[-2_000:]
    assert int(tested[2]) == int(tested[1]) > 5


def _run_schemathesis(document: str, key: str) -> subprocess.CompletedProcess[str]:
    """Run schemathesis in a process of its own: in ours, the service's use of `random` would disturb its generator."""
    arguments = [
        "--config-file",
        str(CONFIG),
        "run",
        document,
        "--checks",
        "all",
        "--header",
        f"X-API-Key: {key}",
        "--max-examples",
        str(EXAMPLES),
    ]
    arguments += ["--generation-deterministic", "--no-color", "--workers", "1"]
    return subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *arguments], capture_output=True, text=True, timeout=600, check=False
    )
