"""PostgreSQL and Redis as the cluster meets them: at an address of the machine, by TLS, with a password."""

import asyncio
import ssl
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.drill.connections import join

POSTGRES_PORT, REDIS_PORT = 5432, 6379
# What a client of PostgreSQL sends first that wants TLS: the length, and the code of the request.
_TLS_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")


@dataclass
class Door:
    """Where something listens in the clear on a Unix socket, an address that only takes TLS."""

    socket: Path
    asks_first: bool

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: ssl.SSLContext) -> None:
        """Carry one connection; whoever does not ask for TLS is sent away."""
        if self.asks_first:
            if await reader.readexactly(len(_TLS_REQUEST)) != _TLS_REQUEST:
                writer.close()
                return
            writer.write(b"S")
            await writer.drain()
        await writer.start_tls(tls)
        await join((reader, writer), await asyncio.open_unix_connection(str(self.socket)))


@contextmanager
def encrypted_doors(address: str, postgres: Path, redis: Path, folder: Path) -> Iterator[None]:
    """Listen at `address` for both, as long as the block runs.

    Parameters
    ----------
    postgres, redis : their Unix sockets.
    """
    tls = _certificate(folder)
    doors = {POSTGRES_PORT: Door(postgres, asks_first=True), REDIS_PORT: Door(redis, asks_first=False)}
    with _loop() as run:
        servers = [run(_listen(door, address, port, tls)) for port, door in doors.items()]
        try:
            yield
        finally:
            for server in servers:
                server.close()


async def _listen(door: Door, address: str, port: int, tls: ssl.SSLContext) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await door.serve(reader, writer, tls)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # A client that goes, a probe that says nothing, or the end of the drill.
            writer.close()

    return await asyncio.start_server(serve, address, port)


@contextmanager
def _loop() -> Iterator[Callable[[Awaitable[asyncio.Server]], asyncio.Server]]:
    """Run a loop on a thread of its own; yield what runs something there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Awaitable[asyncio.Server]) -> asyncio.Server:
        async def awaited() -> asyncio.Server:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), loop).result(30)

    try:
        yield run
    finally:
        asyncio.run_coroutine_threadsafe(_end_connections(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end_connections() -> None:
    """End what is still carried, on the loop that carries it."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    # Transports that were aborted say so to their connections in the next turn.
    await asyncio.sleep(0.1)


def _certificate(folder: Path) -> ssl.SSLContext:
    key, shown = folder / "databases.key", folder / "databases.crt"
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key)]
    command = ["openssl", "req", "-x509", *new_key, "-subj", "/CN=databases", "-days", "2", "-out", str(shown)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown, key)
    return context
