"""Log lines: the request they belong to, and no secret."""

from common.telemetry.logging import add_request_context, redact_secrets
from common.telemetry.request_context import RequestContext, bind_context


async def test_a_line_carries_the_request_and_the_trace() -> None:
    bind_context(RequestContext("desk-1", "a" * 32, "b" * 16))

    line = add_request_context(None, "info", {"event": "stored"})

    assert line == {"event": "stored", "request_id": "desk-1", "trace_id": "a" * 32}


def test_values_with_a_secret_name_are_replaced() -> None:
    line = redact_secrets(None, "info", {"event": "x", "newsapi_key": "k", "api_key": "k", "DB_PASSWORD": "p"})

    assert line["api_key"] == line["newsapi_key"] == line["DB_PASSWORD"] == "[redacted]"
    assert line["event"] == "x"
