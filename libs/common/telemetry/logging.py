"""Structured logs: one JSON object per line, with service, request id and trace id."""

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from common.settings import ServiceSettings
from common.telemetry.request_context import bound_context

_SECRET_NAMES = ("password", "secret", "token", "_key", "apikey", "authorization", "credential")


def configure_logging(settings: ServiceSettings) -> None:
    """Send every log record of this process to stderr, in the form that `LOG_FORMAT` asks for."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_request_context,
        redact_secrets,
        structlog.processors.format_exc_info,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    level = logging.getLevelNamesMapping()[settings.log_level]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer], foreign_pre_chain=shared
    )
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # One line a request comes from our own middleware; these would say it again.
    for name in ("uvicorn.access", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def add_request_context(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the identifiers of the request in progress."""
    context = bound_context()
    if context is not None:
        event.setdefault("request_id", context.request_id)
        event.setdefault("trace_id", context.trace_id)
    return event


def redact_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace values whose name says that they are secret."""
    for name in event:
        if any(word in name.lower() for word in _SECRET_NAMES):
            event[name] = "[redacted]"
    return event
