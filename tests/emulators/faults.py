"""Faults that emulated providers can be told to have, and the small ASGI server that they share."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """A request as an emulator sees it; header names are in lower case."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What an emulator answers; `delay_seconds` passes before, `repeat` makes the body that many times as long."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    repeat: int = 1


def too_many_requests(retry_after: str = "120") -> Answer:
    """429 with `Retry-After`, in seconds or as an HTTP date."""
    return Answer(429, b"slow down", {"Retry-After": retry_after})


def server_error() -> Answer:
    """500 with a page of HTML."""
    return Answer(500, b"<html><body>Something broke</body></html>", {"Content-Type": "text/html"})


def slow(answer: Answer, delay_seconds: float) -> Answer:
    """The right answer, too late."""
    return Answer(answer.status, answer.body, answer.headers, delay_seconds)


def oversized(n_bytes: int) -> Answer:
    """A body that does not end soon, sent in pieces."""
    return Answer(200, b" " * 65_536, {"Content-Type": "application/xml"}, repeat=-(-n_bytes // 65_536))


def redirect(location: str, status: int = 302) -> Answer:
    """A redirect to `location`."""
    return Answer(status, b"", {"Location": location})


class EmulatedServer:
    """An ASGI app that answers the queued faults first and then what `answer()` says; it remembers every request."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: deque[Answer] = deque()

    def answer(self, request: Request) -> Answer:
        """Return the answer to `request`."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(scope["path"], dict(parse_qsl(scope["query_string"].decode())), headers)
        self.requests.append(request)
        answer = self.faults.popleft() if self.faults else self.answer(request)
        if answer.delay_seconds:
            await asyncio.sleep(answer.delay_seconds)
        raw = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        for _ in range(answer.repeat - 1):
            await send({"type": "http.response.body", "body": answer.body, "more_body": True})
        await send({"type": "http.response.body", "body": answer.body})
