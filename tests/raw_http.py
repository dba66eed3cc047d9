"""HTTP over a plain socket: bytes no client library sends, and the answers to them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from standalone.system.http_protocol import RequestLimits, protocol_within
from standalone.system.server import KEEP_ALIVE_SECONDS

PROBLEM_FIELDS = {"type", "title", "status", "detail", "instance", "code", "errors", "request_id", "trace_id"}


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """One answer as it stood on the wire; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self) -> dict[str, Any]:
        """Return the problem body; fails when it is none in our form."""
        assert self.headers["content-type"] == "application/problem+json"
        body: dict[str, Any] = json.loads(self.body)
        assert set(body) == PROBLEM_FIELDS
        assert all(body[name] is not None for name in PROBLEM_FIELDS)
        assert body["status"] == self.status
        assert body["request_id"] == self.headers["x-request-id"]
        return body


class Connection:
    """One connection to a server under test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *parts: bytes) -> bool:
        """Send what the server still takes, and tell whether it took everything."""
        for part in parts:
            try:
                self._writer.write(part)
                await self._writer.drain()
            except ConnectionError:
                return False
        return True

    async def read(self) -> bytes:
        """Return some of what the server sends, or nothing when it has closed."""
        return await self._reader.read(2**20)

    def stop_reading(self) -> None:
        """Leave what the server sends in the socket."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def answer(self, seconds: float = 10.0) -> WireAnswer | None:
        """Return the next answer, or None when the server closes without one; interim answers are passed over."""
        async with asyncio.timeout(seconds):
            try:
                head = await self._reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return None
            first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
            status = int(first.split(" ")[1])
            if status < 200:
                return await self.answer(seconds)
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await self._reader.readexactly(int(headers.get("content-length", 0)))
            return WireAnswer(status, headers, body)

    async def is_closed(self, seconds: float = 10.0) -> bool:
        """Tell whether the server closes the connection; what it still sends is passed over."""
        try:
            async with asyncio.timeout(seconds):
                while await self._reader.read(65_536):
                    pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    """Open a connection to a port of loopback."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


async def ask(port: int, *parts: bytes) -> WireAnswer | None:
    """Return the answer to one request on a connection of its own."""
    async with connected(port) as connection:
        await connection.send(*parts)
        return await connection.answer()


def request(method: str = "GET", target: str = "/", headers: Sequence[str] = (), body: bytes = b"") -> bytes:
    """Return a request that every server takes."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def served(app: ASGIApp, limits: RequestLimits) -> AsyncIterator[int]:
    """Serve `app` on a free port of loopback, which it yields."""
    config = uvicorn.Config(
        app,
        port=0,
        http=protocol_within(limits),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    # The test runner's own signal handling stays as it is.
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving
