"""A whole system under test, in databases of its own on the test session's PostgreSQL or in a folder of its own."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from common.gateway import SERVICES
from standalone.system.processes import ProcessSystem, process_system

MIA = [sys.executable, "-m", "standalone.cli"]
_READY_SECONDS = 240.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def database_names() -> dict[str, str]:
    """Return the variables that name databases nobody else has."""
    suffix = uuid4().hex[:8]
    return {service.database_setting: f"{service.name}_{suffix}" for service in SERVICES}


def own_databases(postgres: str, redis: str) -> dict[str, str]:
    """Return the variables that give a system databases nobody else has."""
    return {"DATABASE_URL": postgres.replace("/postgres?", "/?"), "REDIS_URL": redis, **database_names()}


@pytest.fixture
def backing_environment(postgres: str, redis: str) -> dict[str, str]:
    """Variables that give a system databases nobody else has."""
    return own_databases(postgres, redis)


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


def mia(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run one command of `mia` to its end."""
    return subprocess.run(
        [*MIA, *arguments],
        env={**environment(variables), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=_READY_SECONDS,
        check=False,
    )


@dataclass
class StartedSystem:
    """A `mia up` or `mia up-processes` of its own, and everything that it has started."""

    process: subprocess.Popen[bytes]
    log: Path
    address: str

    def parts(self) -> dict[str, psutil.Process]:
        """Return what runs for the system, by name: `envoy`, `postgres`, `redis`, `watchdog` and the services."""
        found: dict[str, psutil.Process] = {}
        for child in psutil.Process(self.process.pid).children():
            # One that has just ended has no command line any more.
            with contextlib.suppress(psutil.NoSuchProcess):
                found[_part_name(child)] = child
        return found

    def everything(self) -> list[psutil.Process]:
        """Return every process of the system."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8")


@contextmanager
def started_system(folder: Path, *arguments: str, **variables: str) -> Iterator[StartedSystem]:
    """Run `mia ARGUMENTS` with its data in `folder` until the block ends; it is ready when the block begins."""
    log = folder / f"{uuid4().hex[:8]}.log"
    folder.mkdir(exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*MIA, arguments[0], "--data", str(folder / "data"), "--port", "0", *arguments[1:]],
            env={**environment({"OUTBOX_POLL_SECONDS": "0.2", **variables}), "COLUMNS": "200"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + _READY_SECONDS
        while "Serving" not in (text := log.read_text(encoding="utf-8")):
            assert process.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.05)
        address = re.search(r"Ready .*?(http://\S+?)(:? |$)", text, re.MULTILINE)
        assert address is not None, text
        yield StartedSystem(process, log, address[1].removesuffix(":"))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(60)


def wait_until_gone(processes: list[psutil.Process], seconds: float = 20.0) -> list[psutil.Process]:
    """Return those of `processes` that still run after so long; one that nobody has reaped yet does not run."""
    deadline = time.monotonic() + seconds
    while (left := [process for process in processes if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _part_name(process: psutil.Process) -> str:
    command = process.cmdline()
    if "serve" in command:
        return command[command.index("serve") + 1]
    if any(part.endswith("watchdog.py") for part in command):
        return "watchdog"
    return process.name().removesuffix("-server")
