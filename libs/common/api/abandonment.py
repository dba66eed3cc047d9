"""Cancels a request whose caller has disconnected or whose deadline has passed.

The handler is cancelled, its transaction rolls back, and what it does in a thread stops at the next await between two
pieces of work. A response that has begun, such as a stream, ends as it always did.
"""

import asyncio
import re
from collections import deque

import structlog
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.api.problem_responses import problem_response
from common.gateway import DEADLINE_HEADER

logger = structlog.get_logger("http")

_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
# Nearly every request is answered before that, and then costs one timer and no task.
_PATIENCE_SECONDS = 0.1
# What proxies write into their logs for a caller that closed the connection; nobody receives it.
_CLIENT_CLOSED_REQUEST = 499


class AbandonmentMiddleware:
    """Cancels the handler when the caller disconnects, or after the seconds that its header allows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await _WatchedRequest(scope, receive, send).serve(self._app)


def allowed_seconds(headers: Headers) -> float | None:
    """Return the seconds that the caller waits for the answer; None when it does not say, or not legibly."""
    given = headers.get(DEADLINE_HEADER)
    return float(given) if given is not None and _SECONDS.fullmatch(given) else None


class _WatchedRequest:
    """One request: passes its messages on, and listens for the caller's end while the handler works.

    Notes
    -----
    The request has one reader at a time: the app until the body has ended, then the listener, which tells the app what
    it heard. The listener starts late, so that short requests need none.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        headers = Headers(scope=scope)
        self._seconds = allowed_seconds(headers)
        self._has_body_ended = "content-length" not in headers and "transfer-encoding" not in headers
        self._is_app_reading = False
        self._is_patience_over = False
        self._has_response = False
        self._reason: str | None = None
        self._listener: asyncio.Task[None] | None = None
        self._heard: deque[Message] = deque()
        self._gone = asyncio.Event()
        self._task: asyncio.Task[object] | None = None

    async def serve(self, app: ASGIApp) -> None:
        """Run `app`, and answer in its place when it was cancelled."""
        task = self._task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request is served in a task")
        cancelling = task.cancelling()
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(_PATIENCE_SECONDS, self._lose_patience)]
        if self._seconds is not None:
            timers.append(loop.call_later(self._seconds, self._abandon, "deadline"))
        try:
            await app(self._scope, self._next_message, self._pass_on)
        except asyncio.CancelledError:
            # Whoever else wants this task to end still gets what it asked for.
            if self._reason is None or task.uncancel() > cancelling:
                raise
        finally:
            for timer in timers:
                timer.cancel()
            if self._listener is not None:
                self._listener.cancel()
        if self._reason is not None and not self._has_response:
            await self._answer_in_place()

    async def _answer_in_place(self) -> None:
        logger.info("request_abandoned", reason=self._reason, method=self._scope["method"], path=self._scope["path"])
        response = Response(status_code=_CLIENT_CLOSED_REQUEST)
        if self._reason == "deadline":
            limit = f"{self._seconds:g} seconds of {DEADLINE_HEADER}"
            detail = f"The response took longer than the {limit}; what was not finished was rolled back."
            response = problem_response(504, "deadline_exceeded", detail, self._scope["path"])
        await response(self._scope, self._receive, self._send)

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._has_response = True
        await self._send(message)

    async def _next_message(self) -> Message:
        if self._listener is not None:
            if not self._heard:
                await self._gone.wait()
                return {"type": "http.disconnect"}
            return self._heard.popleft()
        self._is_app_reading = True
        try:
            message = await self._receive()
        finally:
            self._is_app_reading = False
        if message["type"] == "http.disconnect":
            self._abandon("disconnected")
            # Let the cancellation arrive here, if it is this task's, rather than after the app has gone on.
            await asyncio.sleep(0)
        elif not message.get("more_body", False):
            self._has_body_ended = True
            if self._is_patience_over:
                self._listen()
        return message

    def _lose_patience(self) -> None:
        self._is_patience_over = True
        if self._has_body_ended and not self._is_app_reading:
            self._listen()

    def _listen(self) -> None:
        if not self._has_response and self._listener is None:
            self._listener = asyncio.create_task(self._hear(), name="abandonment")

    async def _hear(self) -> None:
        # The app may not have asked for the one empty message of a request without a body.
        for _ in range(2):
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._gone.set()
                self._abandon("disconnected")
                return
            self._heard.append(message)

    def _abandon(self, reason: str) -> None:
        if self._has_response or self._reason is not None or self._task is None:
            return
        self._reason = reason
        self._task.cancel()
