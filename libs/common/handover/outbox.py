"""Transactional outbox: a result and its hand-over are written together, and a relay delivers the hand-over.

A row leaves the outbox in one of two ways: the neighbour answered 2xx for it, or it went to the dead letters with the
neighbour's problem body. An unreachable neighbour leaves it where it is.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from sqlalchemy import Executable, Table, func, select

from common.clock import uuid7
from common.foundation import Foundation
from common.handover.neighbour import Neighbour
from common.handover.relay import OutboxMetrics, Relay
from common.postgres.bulk import copy_rows
from common.postgres.database import Connection, after_commit
from common.postgres.rows import find_one_row
from common.telemetry.request_context import current_context


class Outbox:
    """The outbox of one service and its relay."""

    def __init__(self, foundation: Foundation, neighbour: Neighbour, registry: CollectorRegistry) -> None:
        self._database = foundation.database
        self._outbox = foundation.tables.outbox
        self._clock = foundation.clock
        self.metrics = OutboxMetrics(registry)
        self._relay = Relay(foundation, neighbour, self.metrics)

    async def put(self, connection: Connection, payloads: Sequence[str]) -> None:
        """Write `payloads`, each the JSON text of one item, in the caller's transaction."""
        context, now = current_context(), self._clock.now()
        rows = [
            {
                "outbox_id": uuid7(),
                "payload": payload,
                "traceparent": context.traceparent(),
                "request_id": context.request_id,
                "created_at": now,
                "next_attempt_at": now,
            }
            for payload in payloads
        ]
        if rows:
            await copy_rows(connection, self._outbox, rows)
            after_commit(connection, self.wake)

    def wake(self) -> None:
        """Let the relay look for rows now."""
        self._relay.fresh.wake.set()

    async def relay(self) -> None:
        """Hand over rows that were never tried, until cancelled."""
        await self._relay.run(self._relay.fresh)

    async def relay_retries(self) -> None:
        """Hand over rows that failed or got no answer before, until cancelled; one worker, so that they stay few."""
        await self._relay.run(self._relay.retries)

    async def measure(self) -> None:
        """Update the gauges of what is waiting."""
        async with self._database.reading() as connection:
            pending, oldest = await find_one_row(connection, _pending(self._outbox), _Pending)
        self.metrics.pending.set(pending)
        self.metrics.oldest.set((self._clock.now() - oldest).total_seconds() if oldest else 0.0)


class _Pending(NamedTuple):
    """What waits in an outbox: how many rows, and since when the oldest one."""

    n_rows: int
    oldest: datetime | None


def _pending(table: Table) -> Executable:
    return select(func.count().label("n_rows"), func.min(table.c.created_at).label("oldest")).select_from(table)


async def count_pending(connection: Connection, table: Table) -> int:
    """Return how many rows wait in the outbox `table`."""
    return (await find_one_row(connection, _pending(table), _Pending)).n_rows
