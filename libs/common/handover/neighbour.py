"""The service that results are handed on to: what is posted to it, and what its answer says about each row."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import structlog
from opentelemetry.trace import SpanKind, StatusCode

from common.handover.outbox_rows import Rows
from common.handover.verdicts import HandoverVerdict, verdict_of, verdict_without_answer
from common.telemetry.request_context import RequestContext, is_sampled, new_context, trace_id_of
from common.telemetry.tracing import Tracing, spanned

logger = structlog.get_logger(__name__)

# The request was taken and no answer came: the rows may be too much for the neighbour, or break it.
_UNANSWERED = (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.RemoteProtocolError)


@dataclass(frozen=True, slots=True)
class Handover:
    """Where a service hands its results on: the path at the gateway, and the field of the body that lists them."""

    path: str
    items: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The service at the other end of `handover`, which has `timeout_seconds` for a request as a whole."""

    handover: Handover
    http: httpx.AsyncClient
    timeout_seconds: float
    tracing: Tracing | None = None

    async def deliver(self, rows: Rows, positions: Sequence[int]) -> HandoverVerdict:
        """POST the rows at `positions`; a refused batch is halved until the row that is to blame stands alone."""
        verdict = await self._post(rows, positions)
        if verdict is None:
            middle = len(positions) // 2
            first = await self.deliver(rows, positions[:middle])
            return first.merged(await self.deliver(rows, positions[middle:]))
        return verdict

    async def _post(self, rows: Rows, positions: Sequence[int]) -> HandoverVerdict | None:
        """Return what the neighbour says about each row, or None where it refused the batch as a whole."""
        path = self.handover.path
        context, linked = _contexts_of([rows[position] for position in positions])
        body = f'{{"{self.handover.items}":[{",".join(rows[position].payload for position in positions)}]}}'
        with spanned(self.tracing, f"POST {path}", SpanKind.CLIENT, context, linked) as span:
            span.set_attribute("messaging.batch.message_count", len(positions))
            try:
                # The whole of it: in one process there is no socket whose silence would count.
                async with asyncio.timeout(self.timeout_seconds):
                    response = await self.http.post(
                        path, content=body.encode(), headers={"Content-Type": "application/json"}
                    )
            except _UNANSWERED as error:
                span.set_status(StatusCode.ERROR, "unanswered")
                logger.warning("handover_unanswered", path=path, rows=len(positions), error=repr(error))
                return verdict_without_answer(positions)
            except httpx.TransportError as error:
                span.set_status(StatusCode.ERROR, "unreachable")
                logger.warning("handover_unreachable", path=path, error=repr(error))
                return HandoverVerdict(neighbour_down=True)
            span.set_attribute("http.response.status_code", response.status_code)
            if response.is_error:
                span.set_status(StatusCode.ERROR)
            verdict = verdict_of(response, positions)
            if verdict is not None and (verdict.neighbour_down or not verdict.is_answered):
                logger.warning("handover_refused", path=path, status=response.status_code)
            return verdict


def _contexts_of(rows: Rows) -> tuple[RequestContext, list[RequestContext]]:
    """Return whose trace a hand-over of several rows belongs to, and the other traces that are recorded.

    Notes
    -----
    It is that of the first row that is recorded, which would end here if the batch were that of a row that is not.
    """
    recorded = list({trace_id_of(row.traceparent): row for row in rows if is_sampled(row.traceparent)}.values())
    first, *others = recorded or rows[:1]
    return new_context(first.request_id, first.traceparent), [new_context(None, one.traceparent) for one in others]
