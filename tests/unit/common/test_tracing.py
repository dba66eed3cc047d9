"""Traces: a span per request and per hand-over, each the child of the one that caused it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from common.api.middleware import RequestMiddleware
from common.handover.neighbour import Handover, Neighbour
from common.handover.outbox_rows import OutboxRow
from common.telemetry.request_context import current_context
from common.telemetry.tracing import Tracing
from tests.toy_service import Settings

TRACE, CALLING_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CALLER = f"00-{TRACE}-{CALLING_SPAN}-01"


async def answer_with_trace(_request: Request) -> PlainTextResponse:
    return PlainTextResponse(current_context().traceparent())


async def break_down(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("broken", 500)


async def answered(
    headers: Mapping[str, str], *, path: str = "/x", is_traced: bool = True, **settings: object
) -> tuple[str, tuple[ReadableSpan, ...]]:
    """Return the trace that a request is worked on under, and the spans that were exported of it."""
    exporter = InMemorySpanExporter()
    tracing = Tracing(Settings(**settings), exporter)
    routes = [Route("/x", answer_with_trace), Route("/ready", answer_with_trace), Route("/broken", break_down)]
    app = RequestMiddleware(Starlette(routes=routes), tracing=tracing if is_traced else None, max_body_bytes=1_000)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get(path, headers=headers)
    tracing.close()
    return answer.text, exporter.get_finished_spans()


async def test_a_span_continues_the_trace_of_the_caller() -> None:
    context, (span,) = await answered({"traceparent": CALLER})

    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == CALLING_SPAN
    assert context == f"00-{TRACE}-{span.context.span_id:016x}-01"
    assert span.attributes["http.response.status_code"] == 200
    assert span.resource.attributes["service.name"] == "toy"


@pytest.mark.parametrize("flags", ["00", "02"])
async def test_a_trace_that_the_caller_does_not_record_is_not_recorded(flags: str) -> None:
    context, spans = await answered({"traceparent": f"00-{TRACE}-{CALLING_SPAN}-{flags}"})

    assert spans == ()
    assert context.startswith(f"00-{TRACE}-")
    assert context.endswith("-00")


@pytest.mark.parametrize(("ratio", "expected"), [(0.0, 0), (1.0, 1)])
async def test_a_trace_that_begins_here_is_recorded_here_and_further_on_or_nowhere(ratio: float, expected: int) -> None:
    context, spans = await answered({}, otel_traces_sampler_ratio=ratio)

    assert len(spans) == expected
    assert context.endswith(f"-0{expected}")


async def test_without_a_collector_the_trace_goes_on_as_it_came() -> None:
    context, spans = await answered({"traceparent": CALLER}, is_traced=False)

    assert (context, spans) == (CALLER, ())


async def test_probes_are_not_recorded() -> None:
    _context, spans = await answered({}, path="/ready")

    assert spans == ()


@pytest.mark.parametrize(("path", "status"), [("/x", StatusCode.UNSET), ("/broken", StatusCode.ERROR)])
async def test_a_request_that_failed_is_told_by_its_span(path: str, status: StatusCode) -> None:
    _context, (span,) = await answered({"traceparent": CALLER}, path=path)

    assert span.status.status_code is status


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ReadTimeout("nothing came"), 503])
async def test_a_hand_over_that_failed_is_told_by_its_span(failure: Exception | int) -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        if isinstance(failure, Exception):
            raise failure
        return httpx.Response(failure, request=request)

    exporter = InMemorySpanExporter()
    tracing = Tracing(Settings(), exporter)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://test") as http:
        await Neighbour(Handover("/next/v1/notes", "notes"), http, 5.0, tracing).deliver([row(CALLER)], [0])
    tracing.close()

    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR


def row(traceparent: str) -> OutboxRow:
    return OutboxRow(uuid4(), "{}", traceparent, "desk-1", 0, datetime.now(UTC), 0)


async def handed_over(*traceparents: str, is_traced: bool = True) -> tuple[str, tuple[ReadableSpan, ...]]:
    """Return the trace that a batch of such rows is posted with, and the spans that were exported of it."""
    posted = []

    async def answer(request: httpx.Request) -> httpx.Response:
        posted.append(current_context().traceparent())
        items = [{"index": index, "status": "stored"} for index in range(len(traceparents))]
        return httpx.Response(200, json={"data": items}, request=request)

    exporter = InMemorySpanExporter()
    tracing = Tracing(Settings(), exporter)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://test") as http:
        neighbour = Neighbour(Handover("/next/v1/notes", "notes"), http, 5.0, tracing if is_traced else None)
        verdict = await neighbour.deliver([row(one) for one in traceparents], range(len(traceparents)))
    tracing.close()
    assert len(verdict.delivered) == len(traceparents)
    return posted[0], exporter.get_finished_spans()


async def test_a_hand_over_is_a_child_of_what_caused_it_and_the_parent_of_what_it_causes() -> None:
    posted, (span,) = await handed_over(CALLER)

    assert f"{span.parent.span_id:016x}" == CALLING_SPAN
    assert posted == f"00-{TRACE}-{span.context.span_id:016x}-01"
    assert span.attributes["http.response.status_code"] == 200


async def test_a_hand_over_without_a_collector_names_the_span_that_caused_it() -> None:
    assert await handed_over(CALLER, is_traced=False) == (CALLER, ())


async def test_a_recorded_trace_does_not_end_in_a_batch_that_another_begins() -> None:
    unrecorded, other = f"00-{'a' * 32}-{'b' * 16}-00", f"00-{'c' * 32}-{'d' * 16}-01"
    of_the_same = f"00-{TRACE}-{'e' * 16}-01"

    _posted, (span,) = await handed_over(unrecorded, CALLER, unrecorded, other, of_the_same)

    assert f"{span.context.trace_id:032x}" == TRACE
    assert [f"{link.context.trace_id:032x}" for link in span.links] == ["c" * 32]
    assert span.attributes["messaging.batch.message_count"] == 5


def test_tracing_is_off_without_a_collector() -> None:
    assert Tracing.configured(Settings()) is None
    assert Tracing.configured(Settings(otel_exporter_otlp_endpoint="http://127.0.0.1:4318")) is not None
