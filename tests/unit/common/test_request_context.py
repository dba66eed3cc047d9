"""Trace headers are continued when they are sound, and made anew when they are not."""

import pytest

from common.telemetry.request_context import new_context

TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_a_trace_is_continued_with_a_new_span() -> None:
    context = new_context("desk-1", f"00-{TRACE}-b7ad6b7169203331-00")

    assert context.request_id == "desk-1"
    assert context.trace_id == TRACE
    assert context.span_id != "b7ad6b7169203331"
    assert context.traceparent() == f"00-{TRACE}-{context.span_id}-00"


@pytest.mark.parametrize("header", [None, "", "00-xyz", f"00-{'0' * 32}-b7ad6b7169203331-01", f"01-{TRACE}-1-01"])
def test_a_broken_trace_header_starts_a_new_trace(header: str | None) -> None:
    context = new_context("bad id\n", header)

    assert len(context.trace_id) == 32
    assert context.trace_id not in {TRACE, "0" * 32}
    assert "\n" not in context.request_id
