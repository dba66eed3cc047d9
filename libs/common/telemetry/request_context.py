"""Identifiers of the request in progress, for logs, problem bodies and outgoing calls."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._\-]{1,128}$")


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Identifiers of one request; `trace_id` is 32 and `span_id` 16 hexadecimal digits (W3C Trace Context).

    Parameters
    ----------
    span_id : the parent of what follows: this service's span where traces are collected, and the caller's elsewhere.
    sampled : whether the trace is recorded.
    has_span : whether `span_id` is somebody's span; it is made up where a trace begins that nobody records.
    """

    request_id: str
    trace_id: str
    span_id: str
    sampled: bool = False
    has_span: bool = False

    def traceparent(self) -> str:
        """Return the header that continues this trace in the next service."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def bound_context() -> RequestContext | None:
    """Return the context of the request in progress, or None outside one."""
    return _current.get()


def current_context() -> RequestContext:
    """Return the context of the request in progress; outside one, a new context of its own trace."""
    return _current.get() or new_context(None, None)


def bind_context(context: RequestContext) -> None:
    """Make `context` the one that this task and the tasks it starts see."""
    _current.set(context)


@contextmanager
def bound(context: RequestContext) -> Iterator[None]:
    """Bind `context` while the block runs."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def new_context(request_id: str | None, traceparent: str | None) -> RequestContext:
    """Return the context of an incoming request; headers that are missing or malformed are made anew.

    Notes
    -----
    The caller's span stays the parent: without a span of its own, a service passes the trace on as it is.
    An identifier that is made is a UUID: by that Envoy decides which requests are recorded, and by no other form any.
    """
    # One read of the system's randomness serves all three identifiers.
    fresh = secrets.token_hex(40)
    accepted = request_id if request_id and _REQUEST_ID.match(request_id) else str(UUID(fresh[48:], version=4))
    matched = _TRACEPARENT.match(traceparent or "")
    if matched and matched[1].strip("0") and matched[2].strip("0"):
        return RequestContext(accepted, matched[1], matched[2], sampled=_is_sampled(matched), has_span=True)
    return RequestContext(accepted, fresh[:32], fresh[32:48])


def trace_id_of(traceparent: str) -> str:
    """Return the identifier of the trace in a well-formed header."""
    return traceparent.split("-")[1]


def is_sampled(traceparent: str) -> bool:
    """Tell whether the trace of a header is recorded; one of a malformed header is not."""
    matched = _TRACEPARENT.match(traceparent)
    return matched is not None and _is_sampled(matched)


def _is_sampled(matched: re.Match[str]) -> bool:
    # One bit of eight; another says that the trace's identifier is random.
    return bool(int(matched[3], 16) & 1)
