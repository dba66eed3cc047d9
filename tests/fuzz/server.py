"""The server under test: `mia up`, one process with everything in it, on a port of loopback."""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from common.gateway import SERVICES

_READY_SECONDS = 180.0
_SET_PARENT_DEATH_SIGNAL = 1
_SETTINGS = {
    "RATE_LIMIT_PER_MINUTE": "100000000",
    "FETCH_ALLOW_PRIVATE_ADDRESSES": "true",
    "FETCH_PER_HOST": "16",
    "FETCH_TIMEOUT_SECONDS": "10",
    # No answer may take more than 2 s, so what a feed may take is less.
    "FETCH_MAX_PROCESSOR_SECONDS": "1",
    "NEWSAPI_KEY": "a-key-of-the-emulator",
    "NEWSAPI_REQUESTS_PER_DAY": "100000000",
    "NEWSAPI_DELAY_SECONDS": "0",
}


def _stop_with_parent() -> None:
    """Let the kernel ask the server to stop when the campaign's own process is gone, however it went."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Server:
    """The running server."""

    host: str
    port: int
    process: psutil.Process
    log: Path

    @property
    def address(self) -> str:
        """Return the base URL."""
        return f"http://{self.host}:{self.port}"

    def memory_mb(self) -> float:
        """Return its resident memory, without PostgreSQL's and Redis's."""
        return float(self.process.memory_info().rss / 1e6)

    def tail(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4_000:]


@asynccontextmanager
async def running_server(**settings: str) -> AsyncIterator[Server]:
    """Run `mia up` in a temporary folder while the block runs."""
    folder = Path(tempfile.mkdtemp(prefix="mia-f-"))
    port, log = _free_port(), folder / "log"
    given = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "REDIS_"))}
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "standalone.cli", "up", "--no-sample"),
            *("--data", str(folder / "data"), "--port", str(port)),
            env={**given, **_SETTINGS, **settings},
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            preexec_fn=_stop_with_parent,
        )
    try:
        server = Server("127.0.0.1", port, psutil.Process(process.pid), log)
        await _wait_until_ready(server, process)
        yield server
    finally:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 60)
        if process.returncode is None:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


async def _wait_until_ready(server: Server, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient(base_url=server.address, trust_env=False) as http:
        while True:
            if process.returncode is not None:
                raise RuntimeError(f"the server ended with {process.returncode}:\n{server.tail()}")
            with contextlib.suppress(httpx.TransportError):
                if (await http.get("/ready")).is_success:
                    return
            await asyncio.sleep(0.1)


async def documents(server: Server) -> dict[str, dict[str, object]]:
    """Return the OpenAPI documents of the four services by prefix."""
    async with httpx.AsyncClient(base_url=server.address, timeout=60.0, trust_env=False) as http:
        return {service.prefix: (await http.get(f"{service.prefix}/openapi.json")).json() for service in SERVICES}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
