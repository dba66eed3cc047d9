"""uvicorn's HTTP protocol with limits on the size of a head, the time of a request, and the number of connections.

uvicorn with httptools reads a head of any size, and waits for ever for the rest of one. A sidecar or gateway in front
may have limits of its own; these hold where nothing is in front, and for whoever comes past it.
"""

import asyncio
import contextvars
from dataclasses import dataclass
from typing import ClassVar

import httptools
import structlog
from starlette.responses import Response
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from common.api.answer_headers import with_answer_headers
from common.api.problem_responses import problem_response
from common.api.request_head import is_host
from common.settings import ServiceSettings
from common.telemetry.request_context import bind_context, new_context

logger = structlog.get_logger("http")

# What RFC 9110 asks every server to be able to read is 8000.
MAX_TARGET_BYTES = 8 * 1024
MAX_HEADERS = 100
# Chunks of one byte each cost six; what is far above that is no body.
_FRAMING_PER_BYTE = 8
# Connections beyond the maximum that are told so at the same time; the others are just closed.
_MAX_TOLD = 256
# How long a refused caller may still send: closed at once, TCP would throw the answer away.
_LINGER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What one server takes.

    Parameters
    ----------
    max_header_bytes : of request line and headers together.
    receive_seconds : for a whole request to arrive, and for a caller who reads nothing of its answer to go on reading.
    max_connections : open at the same time.
    """

    max_header_bytes: int
    receive_seconds: float
    max_connections: int

    @classmethod
    def of(cls, settings: ServiceSettings) -> "RequestLimits":
        """Return the limits that `settings` say."""
        return cls(settings.max_header_bytes, settings.request_receive_seconds, settings.max_connections)


DEFAULT_LIMITS = RequestLimits.of(ServiceSettings.model_construct())


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request goes no further than the protocol."""

    status: int
    code: str
    detail: str
    headers: tuple[tuple[str, str], ...] = ()


class RefusedError(Exception):
    """Leaves the parser's callbacks; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def protocol_within(limits: RequestLimits) -> type[asyncio.Protocol]:
    """Return the protocol class for a server with `limits`; uvicorn makes one object of it for each connection."""
    return type("LimitedProtocol", (BoundedProtocol,), {"limits": limits})


class BoundedProtocol(HttpToolsProtocol):
    """One connection within `limits`; what is beyond them is answered with a problem body and closed."""

    limits: ClassVar[RequestLimits]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.url = b""
        self._timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._refusal: Refusal | None = None
        self._is_refused = False
        # Of the message that is being received: whether its end is still to come, and what has come of it.
        self._is_open = False
        self._is_in_head = False
        self._n_begun = 0
        self._n_read = 0
        self._n_received = 0
        self._n_body = 0

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time of the first request, and refuse one connection too many."""
        super().connection_made(transport)
        self._start_timer()
        n_too_many = len(self.connections) - self.limits.max_connections
        if n_too_many > _MAX_TOLD:
            self._is_refused = True
            transport.abort()
        elif n_too_many > 0:
            text = f"This server has {self.limits.max_connections} connections open, which is its maximum."
            self._refuse(Refusal(503, "too_many_connections", text, (("Retry-After", "1"),)))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection's times."""
        self._stop_timer()
        self._stop_stall_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, within the limits; what follows a refused request is thrown away."""
        if self._is_refused:
            return
        was_open, self._n_begun, self._n_read = self._is_open, 0, len(data)
        super().data_received(data)
        if self._is_refused or self.transport.is_closing():
            return
        self._count(was_open=was_open)
        is_idle = self.cycle is None or self.cycle.response_complete
        if self._timer is None and (self._is_open or (is_idle and self.timeout_keep_alive_task is None)):
            self._start_timer()

    def _count(self, *, was_open: bool) -> None:
        """Count what has come of the open message, and refuse one of which too much is neither head nor body."""
        if self._n_begun + was_open == 1:
            self._n_received += self._n_read
        else:
            # Where in the bytes the message began is not known; less than one read goes uncounted.
            self._n_received = 0
        if self._is_open and self._n_received - self._n_body * (1 + _FRAMING_PER_BYTE) > self.limits.max_header_bytes:
            self._refuse(self._too_large())

    def pause_writing(self) -> None:
        """Give a caller that reads nothing of its answer a time in which to go on."""
        super().pause_writing()
        self._stall_timer = self.loop.call_later(self.limits.receive_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Forget that time: the caller reads."""
        self._stop_stall_timer()
        super().resume_writing()

    def _stop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    # The parser's callbacks: what they raise ends in `send_400_response`.

    def on_message_begin(self) -> None:
        """Count from nothing."""
        super().on_message_begin()
        self._is_open = self._is_in_head = True
        self._n_begun += 1
        self._n_received = self._n_body = 0

    def on_headers_complete(self) -> None:
        """Hand the request on when its target and host can be read."""
        self._check_size()
        self._check_target()
        self._check_host()
        super().on_headers_complete()
        self._is_in_head = False
        # Trailers come as headers do: they are not those of the request.
        self.headers = []
        if self.parser.should_upgrade():
            # Nothing is upgraded to, and the parser reads no further request after the offer.
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Hand a part of the body on."""
        self._n_body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the time of the request."""
        self._is_open = False
        self._stop_timer()
        super().on_message_complete()

    def _check_size(self) -> None:
        if len(self.url) > MAX_TARGET_BYTES or len(self.headers) > MAX_HEADERS:
            self._raise(self._too_large())
        # Most heads come within fewer bytes than they may have, and need no count.
        if self._n_received + self._n_read > self.limits.max_header_bytes:
            n_head = len(self.url) + sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers)
            if n_head > self.limits.max_header_bytes:
                self._raise(self._too_large())

    def _check_target(self) -> None:
        """Bring the target into the form that starts with a slash, or `*` alone."""
        if self.url.startswith(b"/") or self.url == b"*":
            return
        try:
            parsed = httptools.parse_url(self.url)
        except httptools.HttpParserInvalidURLError:
            self._raise(Refusal(400, "malformed_request", "The request line names no path."))
        if parsed.path is None:
            # Of an absolute address without a path, an OPTIONS request means the whole server.
            path = b"*" if self.parser.get_method() == b"OPTIONS" else b"/"
            self.url = path + (b"?" + parsed.query if parsed.query else b"")

    def _check_host(self) -> None:
        hosts = [value for name, value in self.headers if name == b"host"]
        is_needed = self.parser.get_http_version() == "1.1"
        if len(hosts) > 1 or (not hosts and is_needed) or not all(is_host(host.decode("latin-1")) for host in hosts):
            self._raise(Refusal(400, "malformed_request", "A request must have exactly one valid Host header."))

    def _raise(self, refusal: Refusal) -> None:
        self._refusal = refusal
        raise RefusedError(refusal)

    # Refusing

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser or one of its callbacks gave up on; uvicorn's name, whatever the status."""
        self._refuse(self._refusal or Refusal(400, "malformed_request", msg))

    def _too_large(self) -> Refusal:
        if len(self.url) > MAX_TARGET_BYTES:
            return Refusal(414, "uri_too_long", f"The request target is longer than {MAX_TARGET_BYTES} bytes.")
        limits = f"{self.limits.max_header_bytes} bytes or {MAX_HEADERS} headers"
        return Refusal(431, "headers_too_large", f"The request line and headers exceed {limits}.")

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.limits.receive_seconds, self._be_late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _be_late(self) -> None:
        self._timer = None
        if self.flow.read_paused:
            # The request waits for us: it is behind another one, or nobody has asked for its body yet.
            self._start_timer()
        elif self._is_open:
            text = f"The request was not received completely within {self.limits.receive_seconds:g} seconds."
            self._refuse(Refusal(408, "request_timeout", text))
        elif self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer with a problem body if nothing else is being answered, and read no further request."""
        self._is_refused = True
        self._stop_timer()
        self._unset_keepalive_if_required()
        cycle = self.cycle
        if self._is_open and not self._is_in_head:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started or self.pipeline:
                self.transport.close()
                return
        elif cycle is not None and not cycle.response_complete:
            # The requests before this one get their answers.
            cycle.keep_alive = False
            return
        logger.debug("request_refused", status=refusal.status, code=refusal.code, client=self.client)
        self.transport.write(self._problem(refusal))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def _problem(self, refusal: Refusal) -> bytes:
        context = new_context(None, None)

        def response_in_context() -> Response:
            bind_context(context)
            path = self.url.partition(b"?")[0].decode("latin-1")[:200]
            return problem_response(refusal.status, refusal.code, refusal.detail, path, headers=dict(refusal.headers))

        response = contextvars.copy_context().run(response_in_context)
        headers = [*self.server_state.default_headers, *response.raw_headers, (b"connection", b"close")]
        lines = [b"%b: %b\r\n" % pair for pair in with_answer_headers(headers, "POST", context.request_id)]
        return b"".join([STATUS_LINE[refusal.status], *lines, b"\r\n", response.body])
