"""OpenTelemetry traces over OTLP, on when a collector is configured; without one only the identifiers travel."""

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags, set_span_in_context

from common.settings import ServiceSettings
from common.telemetry.request_context import RequestContext


class Tracing:
    """Makes one server span per request and hands it to the exporter."""

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

    def start(self, name: str, context: RequestContext, *, has_parent: bool, parent_span_id: str) -> Span:
        """Return a started server span; it continues the caller's trace when there is one."""
        parent = Context()
        if has_parent:
            remote = SpanContext(
                int(context.trace_id, 16),
                int(parent_span_id, 16),
                is_remote=True,
                trace_flags=TraceFlags(TraceFlags.SAMPLED if context.sampled else TraceFlags.DEFAULT),
            )
            parent = set_span_in_context(NonRecordingSpan(remote))
        return self._tracer.start_span(name, context=parent, kind=SpanKind.SERVER)

    def close(self) -> None:
        """Send what is waiting and stop."""
        self._provider.shutdown()
