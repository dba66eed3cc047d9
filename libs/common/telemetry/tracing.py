"""OpenTelemetry traces over OTLP, on when a collector is configured; without one only the identifiers travel."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from common.settings import ServiceSettings
from common.telemetry.request_context import RequestContext, bound


class Tracing:
    """Makes a span per request, per hand-over and per fetch, and gives them to the exporter."""

    def __init__(self, settings: ServiceSettings, exporter: SpanExporter) -> None:
        resource = Resource.create(
            {"service.name": settings.service.kubernetes_name, "deployment.environment.name": settings.environment}
        )
        sampler = ParentBased(TraceIdRatioBased(settings.otel_traces_sampler_ratio))
        self._provider = TracerProvider(resource=resource, sampler=sampler)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("common.tracing")

    @classmethod
    def configured(cls, settings: ServiceSettings) -> "Tracing | None":
        """Return tracing to the collector of the settings, or None when there is none."""
        endpoint = settings.otel_exporter_otlp_endpoint
        if endpoint is None:
            return None
        # Imported here, so that only those who trace wait for it.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        return cls(settings, OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces"))

    def start(self, name: str, context: RequestContext, kind: SpanKind, linked: Sequence[RequestContext] = ()) -> Span:
        """Return a started span; it continues the trace of `context` when somebody has begun that one.

        Parameters
        ----------
        linked : contexts of other traces that the same work is for.
        """
        parent = set_span_in_context(NonRecordingSpan(_span_context(context))) if context.has_span else Context()
        links = [Link(_span_context(one)) for one in linked]
        return self._tracer.start_span(name, context=parent, kind=kind, links=links)

    def close(self) -> None:
        """Send what is waiting and stop."""
        self._provider.shutdown()


def context_in(span: Span, context: RequestContext) -> RequestContext:
    """Return `context` with `span` as the parent of what follows."""
    own = span.get_span_context()
    return RequestContext(
        context.request_id,
        f"{own.trace_id:032x}",
        f"{own.span_id:016x}",
        sampled=own.trace_flags.sampled,
        has_span=True,
    )


@contextmanager
def spanned(
    tracing: Tracing | None,
    name: str,
    kind: SpanKind,
    context: RequestContext,
    linked: Sequence[RequestContext] = (),
) -> Iterator[Span]:
    """Bind `context` while the block runs, and yield its span: one of its own where traces are collected."""
    if tracing is None:
        with bound(context):
            yield INVALID_SPAN
        return
    span = tracing.start(name, context, kind, linked)
    try:
        with bound(context_in(span, context)):
            yield span
    except BaseException:
        span.set_status(StatusCode.ERROR)
        raise
    finally:
        span.end()


def _span_context(context: RequestContext) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if context.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(context.trace_id, 16), int(context.span_id, 16), is_remote=True, trace_flags=flags)
