"""The outermost middleware: identifiers, span, access log, and a problem body for unhandled errors."""

import time

import structlog
from opentelemetry.trace import SpanKind, StatusCode
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.api.answer_headers import with_answer_headers
from common.api.problem_responses import problem_response, unexpected_error
from common.api.request_head import announced_bytes, why_unreadable
from common.telemetry.request_context import bind_context, new_context
from common.telemetry.tracing import Tracing, context_in

logger = structlog.get_logger("http")

_QUIET_PATHS = frozenset({"/health", "/ready", "/metrics"})


class RequestMiddleware:
    """Pure ASGI, since Starlette's BaseHTTPMiddleware costs a task per request and breaks context variables."""

    def __init__(self, app: ASGIApp, *, tracing: Tracing | None, max_body_bytes: int) -> None:
        self._app = app
        self._tracing = tracing
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        context = new_context(headers.get("x-request-id"), headers.get("traceparent"))
        span = None
        if self._tracing is not None and scope["path"] not in _QUIET_PATHS:
            span = self._tracing.start(f"{scope['method']} {scope['path']}", context, SpanKind.SERVER)
            context = context_in(span, context)
        bind_context(context)
        answer = _Answer(send, scope["method"], context.request_id)
        started = time.perf_counter()
        try:
            unreadable = why_unreadable(scope, headers)
            if unreadable is not None:
                malformed = problem_response(400, "malformed_request", unreadable, scope["path"])
                await malformed(scope, receive, answer)
            else:
                body = _LimitedBody(receive, announced_bytes(headers), self._max_body_bytes)
                await self._app(scope, body, answer)
        except Exception:
            logger.exception("request_failed", method=scope["method"], path=scope["path"])
            if answer.status is not None:
                raise
            await unexpected_error(scope["path"])(scope, receive, answer)
        finally:
            self._log(scope, answer.status, started)
            if span is not None:
                span.set_attribute("http.request.method", scope["method"])
                status = answer.status or 500
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_status(StatusCode.ERROR)
                span.end()

    @staticmethod
    def _log(scope: Scope, status: int | None, started: float) -> None:
        if scope["path"] in _QUIET_PATHS:
            return
        milliseconds = round((time.perf_counter() - started) * 1000, 2)
        # Access lines are for looking closely; failures are for everybody.
        write = logger.debug if status is not None and status < 500 else logger.warning
        write("request", method=scope["method"], path=scope["path"], status=status, milliseconds=milliseconds)


class _LimitedBody:
    """Passes the request's body on, and refuses it as soon as it is known to be too large."""

    def __init__(self, receive: Receive, announced: int, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._announced = announced
        self._seen = 0

    async def __call__(self) -> Message:
        if self._announced > self._limit:
            raise HTTPException(413)
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            if self._seen > self._limit:
                raise HTTPException(413)
        return message


class _Answer:
    """Passes the response on, adds the headers that every answer carries, and remembers the status."""

    def __init__(self, send: Send, method: str, request_id: str) -> None:
        self._send = send
        self._method = method
        self._request_id = request_id
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = with_answer_headers(message.get("headers", ()), self._method, self._request_id)
        await self._send(message)
