"""Traces: one server span a request, which continues the caller's trace."""

import httpx
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from common.api.middleware import RequestMiddleware
from common.telemetry.request_context import current_context
from common.telemetry.tracing import Tracing
from tests.toy_service import Settings

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def answer_with_trace(_request: Request) -> PlainTextResponse:
    return PlainTextResponse(current_context().traceparent())


async def test_a_span_continues_the_trace_of_the_caller() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(Settings(), exporter)
    app = RequestMiddleware(Starlette(routes=[Route("/x", answer_with_trace)]), tracing=tracing, max_body_bytes=1_000)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/x", headers={"traceparent": CALLER})
        tracing.close()

    (span,) = exporter.get_finished_spans()
    assert f"{span.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    assert answer.text.split("-")[2] == f"{span.context.span_id:016x}"
    assert span.attributes["http.response.status_code"] == 200
    assert span.resource.attributes["service.name"] == "toy"


def test_tracing_is_off_without_a_collector() -> None:
    assert Tracing.configured(Settings()) is None
    assert Tracing.configured(Settings(otel_exporter_otlp_endpoint="http://127.0.0.1:4318")) is not None
