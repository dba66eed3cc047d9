"""The service that results are handed on to: what is posted to it, and what its answer says about each row."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import structlog

from common.handover.outbox_rows import Rows
from common.handover.verdicts import HandoverVerdict, verdict_of, verdict_without_answer
from common.telemetry.request_context import bind_context, new_context

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

    async def deliver(self, rows: Rows, positions: Sequence[int]) -> HandoverVerdict:
        """POST the rows at `positions`; a refused batch is halved until the row that is to blame stands alone."""
        path = self.handover.path
        bind_context(new_context(rows[positions[0]].request_id, rows[positions[0]].traceparent))
        body = f'{{"{self.handover.items}":[{",".join(rows[position].payload for position in positions)}]}}'
        try:
            # The whole of it: in one process there is no socket whose silence would count.
            async with asyncio.timeout(self.timeout_seconds):
                response = await self.http.post(
                    path, content=body.encode(), headers={"Content-Type": "application/json"}
                )
        except _UNANSWERED as error:
            logger.warning("handover_unanswered", path=path, rows=len(positions), error=repr(error))
            return verdict_without_answer(positions)
        except httpx.TransportError as error:
            logger.warning("handover_unreachable", path=path, error=repr(error))
            return HandoverVerdict(neighbour_down=True)
        verdict = verdict_of(response, positions)
        if verdict is None:
            middle = len(positions) // 2
            first = await self.deliver(rows, positions[:middle])
            return first.merged(await self.deliver(rows, positions[middle:]))
        if verdict.neighbour_down or not verdict.is_answered:
            logger.warning("handover_refused", path=path, status=response.status_code)
        return verdict
