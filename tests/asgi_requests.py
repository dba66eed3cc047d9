"""Requests in raw bytes to an app in this process: what no client library would send."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back; header names are in lower case, the last of several values counts."""

    status: int
    headers: dict[str, str]
    body: bytes


async def send_raw(
    app: ASGIApp, method: str, target: str, *, headers: Headers = (), query: bytes = b"", body: bytes = b""
) -> RawAnswer:
    """Return the answer of `app` to one request; an exception that leaves the app is raised.

    Parameters
    ----------
    target : the path as it stands in the request line, percent-encoded.
    """
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(target),
        "raw_path": target.encode("latin-1", "replace"),
        "root_path": "",
        "query_string": query,
        "headers": list(headers),
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8_000),
    }
    sent: list[Message] = []
    requests = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        message = next(requests, None)
        if message is None:
            # The caller waits for its answer and never leaves first.
            await asyncio.Event().wait()
        return message or {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    parts = [message.get("body", b"") for message in sent[1:]]
    names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    return RawAnswer(start["status"], names, b"".join(parts))
