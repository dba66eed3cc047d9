"""Trace headers are continued when they are sound, and made anew when they are not."""

from uuid import UUID

import pytest

from common.telemetry.request_context import is_sampled, new_context

TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_a_trace_is_passed_on_as_it_came() -> None:
    """Who adds no span of its own leaves the caller's as the parent of what follows."""
    caller = f"00-{TRACE}-b7ad6b7169203331-00"
    context = new_context("desk-1", caller)

    assert context.request_id == "desk-1"
    assert context.trace_id == TRACE
    assert context.traceparent() == caller
    assert context.has_span


@pytest.mark.parametrize(("flags", "expected"), [("00", False), ("01", True), ("02", False), ("03", True)])
def test_a_trace_is_recorded_when_the_bit_for_it_is_set(flags: str, expected: bool) -> None:
    header = f"00-{TRACE}-b7ad6b7169203331-{flags}"

    assert new_context(None, header).sampled is expected
    assert is_sampled(header) is expected


def test_a_trace_that_nobody_has_begun_is_not_recorded() -> None:
    context = new_context(None, None)

    assert not context.sampled
    assert not context.has_span
    assert not is_sampled("no header")


@pytest.mark.parametrize(
    "header",
    [None, "", "00-xyz", f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{TRACE}-{'0' * 16}-01", f"01-{TRACE}-1-01"],
)
def test_a_broken_trace_header_starts_a_new_trace(header: str | None) -> None:
    context = new_context("bad id\n", header)

    assert len(context.trace_id) == 32
    assert context.trace_id not in {TRACE, "0" * 32}
    assert UUID(context.request_id).version == 4, "Envoy traces no request that is called otherwise"
