"""A whole system under test, in databases of its own on the test session's PostgreSQL."""

import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from common.gateway import SERVICES
from standalone.processes import ProcessSystem, process_system

MIA = [sys.executable, "-m", "standalone.cli"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def backing_environment(postgres: str, redis: str) -> dict[str, str]:
    """Variables that give a system databases nobody else has."""
    suffix = uuid4().hex[:8]
    names = {service.database_setting: f"{service.name}_{suffix}" for service in SERVICES}
    return {"DATABASE_URL": postgres.replace("/postgres?", "/?"), "REDIS_URL": redis, **names}


@pytest.fixture
async def processes(
    backing_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ProcessSystem]:
    """Four processes behind Envoy."""
    for name, value in {**backing_environment, "OUTBOX_POLL_SECONDS": "0.2"}.items():
        monkeypatch.setenv(name, value)
    async with process_system(tmp_path, 0) as system:
        yield system
    assert all(process.returncode is not None for process in system.processes.values())


def environment(backing: dict[str, str]) -> dict[str, str]:
    return {**os.environ, **backing}
