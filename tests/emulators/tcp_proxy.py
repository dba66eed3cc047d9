"""A TCP proxy that a test can tell to reset every connection, or to let nothing through for a while."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]

# Closing a socket that lingers for no time sends RST instead of FIN.
_RESET = struct.pack("ii", 1, 0)
_CHUNK_BYTES = 65_536


class TCPProxy:
    """Connects whoever comes to `port` with what `connect` reaches; `n_cut` counts the connections it has reset."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.n_cut = 0

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a free port of loopback, encrypted where a certificate is given."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and reset what is open."""
        if self._server is not None:
            self._server.close()
            self.reset()
            self._flows.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), 5)

    def reset(self) -> int:
        """Reset both ends of every open connection, and return how many ends that were."""
        cut = len(self._writers)
        for writer in tuple(self._writers):
            _abort(writer)
        self.n_cut += cut
        return cut

    async def stall(self, seconds: float) -> None:
        """Let no byte through for `seconds`; what was sent meanwhile arrives afterwards."""
        self._flows.clear()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            target_reader, target_writer = await self._connect()
        except OSError:
            # As a host that is up and a port that is not: the caller hears it at once.
            self._writers.discard(writer)
            _abort(writer)
            return
        self._writers.add(target_writer)
        await asyncio.gather(self._pump(reader, target_writer), self._pump(target_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Copy one direction until it ends; then the other side hears the end too."""
        try:
            while chunk := await reader.read(_CHUNK_BYTES):
                await self._flows.wait()
                writer.write(chunk)
                await writer.drain()
        except OSError:
            _abort(writer)
        finally:
            self._writers.discard(writer)
            writer.close()


@asynccontextmanager
async def proxied(connect: Connect) -> AsyncIterator[TCPProxy]:
    """Run a proxy in front of `connect` while the block runs."""
    proxy = TCPProxy(connect)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()


def _abort(writer: asyncio.StreamWriter) -> None:
    own = writer.get_extra_info("socket")
    if own is not None and own.fileno() >= 0 and own.family != socket.AF_UNIX:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
