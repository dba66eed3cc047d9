"""Requests and answers as bytes on a socket: no client library tidies up what a stranger sends."""

import asyncio
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

_MAX_ANSWER_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """One request: `target` is the path with its query, already encoded."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    operation: str = field(default="", compare=False)

    def as_bytes(self, host: str) -> bytes:
        """Return what is written to the socket."""
        given = {name.lower() for name, _ in self.headers}
        head = [f"{self.method} {self.target} HTTP/1.1"]
        head += [] if "host" in given else [f"Host: {host}"]
        head += [f"{name}: {value}" for name, value in self.headers]
        if self.body or self.method in {"POST", "PUT", "PATCH"}:
            head.append(f"Content-Length: {len(self.body)}")
        head.append("Connection: close")
        return "\r\n".join(head).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + self.body

    def as_curl(self, address: str) -> str:
        """Return the line that sends it again."""
        parts = ["curl", "-i", "--path-as-is", "-X", shlex.quote(self.method), shlex.quote(address + self.target)]
        parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in self.headers]
        if self.body:
            text = "".join(
                chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\x{byte:02x}" for byte in self.body[:4_000]
            )
            parts.append(f"--data-binary $'{text}'{'  # and so on' if len(self.body) > 4_000 else ''}")
        return " ".join(parts).encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `status` is 0 when the connection ended without an answer."""

    status: int
    body: bytes
    seconds: float


async def exchange(host: str, port: int, case: Case, timeout_seconds: float = 60.0) -> Answer:
    """Send `case` and return the answer, with the time from the last byte sent to the last byte read."""
    reader, writer = await asyncio.open_connection(host, port)
    started = time.perf_counter()
    try:
        async with asyncio.timeout(timeout_seconds):
            writer.write(case.as_bytes(f"{host}:{port}"))
            status, headers = await _head(reader)
            is_bare = case.method.upper() == "HEAD" or status in {204, 304} or _is_stream(headers)
            body = b"" if is_bare else await _body(reader, headers)
    except (TimeoutError, OSError, asyncio.LimitOverrunError, asyncio.IncompleteReadError):
        status, body = 0, b""
    finally:
        writer.transport.abort()
    return Answer(status, body, time.perf_counter() - started)


async def _head(reader: asyncio.StreamReader) -> tuple[int, Sequence[bytes]]:
    while True:
        lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        status = int(lines[0].split()[1])
        # 100 Continue comes before the answer.
        if status >= 200:
            return status, [line.lower() for line in lines[1:]]


def _is_stream(headers: Sequence[bytes]) -> bool:
    """Return whether the answer ends only when the client wants it to: it is opened, not read."""
    return any(line.startswith(b"content-type: text/event-stream") for line in headers)


async def _body(reader: asyncio.StreamReader, headers: Sequence[bytes]) -> bytes:
    for line in headers:
        if line.startswith(b"content-length:"):
            return await reader.readexactly(int(line.partition(b":")[2]))
    return await reader.read(_MAX_ANSWER_BYTES)
