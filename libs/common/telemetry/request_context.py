"""Identifiers of the request in progress, for logs, problem bodies and outgoing calls."""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._\-]{1,128}$")


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Identifiers of one request; `trace_id` is 32 and `span_id` 16 hexadecimal digits (W3C Trace Context)."""

    request_id: str
    trace_id: str
    span_id: str
    sampled: bool = True

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


def new_context(request_id: str | None, traceparent: str | None) -> RequestContext:
    """Return the context of an incoming request; headers that are missing or malformed are made anew."""
    matched = _TRACEPARENT.match(traceparent or "")
    # One read of the system's randomness serves all three identifiers.
    fresh = secrets.token_hex(32)
    trace_id = matched[1] if matched and matched[1].strip("0") else fresh[:32]
    accepted = request_id if request_id and _REQUEST_ID.match(request_id) else fresh[48:]
    return RequestContext(accepted, trace_id, fresh[32:48], sampled=not matched or matched[3] != "00")
