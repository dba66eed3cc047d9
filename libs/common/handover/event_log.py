"""Server-sent events over a durable log: every event has a position, and a client resumes where it stopped."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from fastapi.sse import ServerSentEvent
from sqlalchemy import BigInteger, Text, cast, delete, func, select, text, tuple_

from common.foundation import Foundation
from common.postgres.bulk import copy_rows
from common.postgres.database import Connection, after_commit
from common.postgres.rows import columns_for, find_rows
from common.wakeup import wait_at_most

_POLL_SECONDS = 1.0
_PAGE_EVENTS = 500

Position = tuple[int, int]
# The form of an event id: transaction and sequence, each within PostgreSQL's bigint.
POSITION = r"^([0-9]{1,18}-[0-9]{1,18})?$"


class _EventRow(NamedTuple):
    """An event and its place in the log."""

    transaction: int
    sequence: int
    name: str
    data: str


class EventLog:
    """The event log of one service: `publish()` in a transaction, `stream()` to a client, `prune()` now and then."""

    def __init__(self, foundation: Foundation) -> None:
        self._database = foundation.database
        self._table = foundation.tables.event
        self._settings = foundation.settings
        self._clock = foundation.clock
        self._wake = asyncio.Event()
        self._stopping = False

    async def publish(self, connection: Connection, events: Sequence[tuple[str, str]]) -> None:
        """Append `events`, pairs of name and JSON text, in the caller's transaction."""
        if events:
            await copy_rows(connection, self._table, [{"name": name, "data": data} for name, data in events])
            after_commit(connection, self._wake_readers)

    def stop(self) -> None:
        """End every stream, so that a shutdown does not wait for clients."""
        self._stopping = True
        self._wake_readers()

    async def stream(self, last_event_id: str | None, names: frozenset[str] | None) -> AsyncIterator[ServerSentEvent]:
        """Yield events after `last_event_id` (from now on when it is None), and only those in `names` if given.

        Notes
        -----
        Yields an event `gap` first when the log no longer reaches back to `last_event_id`. Ends after
        `STREAM_MAX_SECONDS`; the client then resumes by itself.
        """
        position = parse_position(last_event_id) if last_event_id else await self._end()
        if last_event_id and await self._has_gap(position):
            yield ServerSentEvent(event="gap", data={"last_event_id": last_event_id, "resumed_from": "oldest"})
        deadline = time.monotonic() + self._settings.stream_max_seconds
        yield ServerSentEvent(comment="connected", retry=1_000)
        while True:
            wake = self._wake
            events, position = await self._after(position)
            for event in events:
                if names is None or event.event in names:
                    yield event
            # Checked after a look at the log: even the shortest stream hands over what is there.
            if self._stopping or time.monotonic() >= deadline:
                return
            if not events:
                await wait_at_most(wake, max(0.0, min(_POLL_SECONDS, deadline - time.monotonic())))

    async def prune(self) -> int:
        """Delete events older than `EVENT_RETENTION_HOURS` and return how many."""
        limit = self._clock.now() - timedelta(hours=self._settings.event_retention_hours)
        async with self._database.transaction() as connection:
            result = await connection.execute(delete(self._table).where(self._table.c.created_at < limit))
        return result.rowcount

    def _wake_readers(self) -> None:
        # Readers hold the event they wait on; a new one takes its place for the next round.
        self._wake.set()
        self._wake = asyncio.Event()

    async def _end(self) -> Position:
        """Return the position before every transaction that has not ended yet."""
        oldest = cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger)
        async with self._database.reading() as connection:
            horizon: int = (await connection.execute(select(oldest))).scalar_one()
        return horizon - 1, 2**63 - 1

    async def _has_gap(self, position: Position) -> bool:
        """Tell whether events between `position` and the oldest kept one may be lost."""
        key = tuple_(self._table.c.transaction, self._table.c.sequence)
        async with self._database.reading() as connection:
            if await connection.scalar(select(1).where(key <= tuple_(*position)).limit(1)) is not None:
                return False
            return await connection.scalar(select(1).select_from(self._table).limit(1)) is not None

    async def _after(self, position: Position) -> tuple[list[ServerSentEvent], Position]:
        table = self._table
        key = tuple_(table.c.transaction, table.c.sequence)
        statement = (
            select(*columns_for(_EventRow, table))
            .where(key > tuple_(*position))
            .where(table.c.transaction < text("pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
            .order_by(table.c.transaction, table.c.sequence)
            .limit(_PAGE_EVENTS)
        )
        async with self._database.reading() as connection:
            rows = await find_rows(connection, statement, _EventRow)
        events = [
            ServerSentEvent(id=f"{row.transaction}-{row.sequence}", event=row.name, raw_data=row.data) for row in rows
        ]
        return events, (rows[-1].transaction, rows[-1].sequence) if rows else position


def parse_position(last_event_id: str) -> Position:
    """Return the place in the log that an event id of the form `POSITION` names."""
    transaction, _, sequence = last_event_id.partition("-")
    return int(transaction), int(sequence)
