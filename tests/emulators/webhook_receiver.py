"""Receivers of requests, which misbehave on demand: `Receiver` for any kind, `WebhookReceiver` for Standard Webhooks.

A channel that posts to a server is tested with a subclass of `Receiver` that reads what its server would.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import uvicorn
from standardwebhooks import Webhook, WebhookVerificationError

ASGIMessage = MutableMapping[str, Any]
ArrivalT = TypeVar("ArrivalT")


@dataclass(frozen=True, slots=True)
class Fault:
    """One answer that is not an empty 204: its status, headers and body, after a delay in seconds.

    Notes
    -----
    Useful ones are `Fault(500)`, `Fault(410)`, `Fault(429, {"Retry-After": "7"})`, `Fault(204, delay_seconds=2)`,
    `Fault(302, {"Location": "/elsewhere"})` and `Fault(200, body=b'{"ok": false}')`.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came; the names of its headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as it came: verified or not, with the number of signatures it carried."""

    path: str
    webhook_id: str
    timestamp: str
    n_signatures: int
    is_verified: bool
    type: str
    data: dict[str, Any]
    n_bytes: int


class Receiver(Generic[ArrivalT]):
    """An ASGI app that takes requests; `faults` are given one after the other, then every request is taken."""

    def __init__(self) -> None:
        self.faults: deque[Fault] = deque()
        self.arrivals: list[ArrivalT] = []
        self.url = ""
        self._arrived = asyncio.Condition()

    def read(self, request: Request) -> ArrivalT:
        """Return what is kept of a request."""
        raise NotImplementedError

    async def wait_for(self, count: int, seconds: float = 10.0) -> list[ArrivalT]:
        """Return the arrivals once there are `count`; fail when they do not come."""
        async with asyncio.timeout(seconds), self._arrived:
            await self._arrived.wait_for(lambda: len(self.arrivals) >= count)
        return self.arrivals

    async def __call__(
        self,
        scope: ASGIMessage,
        receive: Callable[[], Awaitable[ASGIMessage]],
        send: Callable[[ASGIMessage], Awaitable[None]],
    ) -> None:
        """Take one request."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        fault = self.faults.popleft() if self.faults else Fault(204)
        async with self._arrived:
            self.arrivals.append(self.read(Request(scope["method"], scope["path"], headers, body)))
            self._arrived.notify_all()
        await asyncio.sleep(fault.delay_seconds)
        raw = [(name.lower().encode(), value.encode()) for name, value in fault.headers.items()]
        await send({"type": "http.response.start", "status": fault.status, "headers": raw})
        await send({"type": "http.response.body", "body": fault.body})


class RequestReceiver(Receiver[Request]):
    """Keeps every request as it came."""

    def read(self, request: Request) -> Request:
        """Return the request itself."""
        return request


class WebhookReceiver(Receiver[Arrival]):
    """Takes webhooks.

    Parameters
    ----------
    secret : str, what the requests must be signed with; None takes them unverified.
    """

    def __init__(self, secret: str | None = None) -> None:
        super().__init__()
        self.secret = secret

    def taken(self) -> dict[str, Arrival]:
        """Return the arrivals by `webhook-id`: what a receiver that recognises repetitions has seen."""
        return {arrival.webhook_id: arrival for arrival in self.arrivals}

    def read(self, request: Request) -> Arrival:
        """Return the webhook, verified or not."""
        headers, body = request.headers, request.body
        content = json.loads(body)
        return Arrival(
            path=request.path,
            webhook_id=headers.get("webhook-id", ""),
            timestamp=headers.get("webhook-timestamp", ""),
            n_signatures=len(headers.get("webhook-signature", "").split()),
            is_verified=self._is_verified(headers, body),
            type=content["type"],
            data=content["data"],
            n_bytes=len(body),
        )

    def _is_verified(self, headers: dict[str, str], body: bytes) -> bool:
        if self.secret is None:
            return False
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            return False
        return True


ReceiverT = TypeVar("ReceiverT", bound=Receiver[Any])


@asynccontextmanager
async def serve(receiver: ReceiverT) -> AsyncIterator[ReceiverT]:
    """Serve `receiver` on a free port of loopback; its `url` says where."""
    config = uvicorn.Config(receiver, host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    # The test runner's own signal handling stays as it is.
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}/hooks"
    try:
        yield receiver
    finally:
        server.should_exit = True
        server.force_exit = True
        await serving
