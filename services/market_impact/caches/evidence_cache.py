"""Keeps the past events in memory in step with the database, whichever replica realised them."""

import asyncio
from functools import lru_cache
from operator import attrgetter
from sys import intern
from typing import cast

from common.contracts import Basis, SentimentLabel
from common.postgres.database import Connection
from common.postgres.rows import AnyRow, Rows
from market_impact.estimation.past_events import NewsKind, PastEvent, PastEvents
from market_impact.prices.trading_calendar import to_day_number, to_microseconds
from market_impact.repository import outcomes


class EvidenceMemory:
    """The past events of this process, and up to which transaction it has read them."""

    def __init__(self, limit: int) -> None:
        self.past = PastEvents()
        self._limit = limit
        self._known_below = 0
        self._reading = asyncio.Lock()

    async def load(self, connection: Connection) -> None:
        """Read the latest realised estimates."""
        self._take(await outcomes.latest_evidence(connection, self._limit))

    async def refresh(self, connection: Connection) -> int:
        """Read what changed since the last look and return the number of the caller's transaction."""
        # One after the other: of two that read side by side the slower could bring back what the faster has discarded.
        async with self._reading:
            rows = await outcomes.new_evidence(connection, self._known_below)
            self._take(rows)
        return int(rows[0].own)

    def _take(self, rows: Rows) -> None:
        current = []
        for row in rows:
            if row.superseded_at is not None:
                self.past.discard(row.impact_id)
            elif row.impact_id is not None:
                current.append(_past_event(row))
        # In the order in which they became known, so that sums grow at their end.
        current.sort(key=attrgetter("known_at"))
        for event in current:
            self.past.add(event)
        self.past.keep_latest(self._limit)
        self._known_below = max(self._known_below, int(rows[0].horizon))


def _past_event(row: AnyRow) -> PastEvent:
    kind = _kind(row.basis, row.horizon_days, row.event_type, row.sentiment_label)
    return PastEvent(
        impact_id=row.impact_id,
        kind=kind,
        # One copy of each name: the driver makes a new one for every row.
        ticker=intern(row.ticker),
        day=to_day_number(row.session_date),
        known_at=to_microseconds(row.horizon_ends_at),
        sentiment_score=row.sentiment_score,
        car=row.car,
        standardised_car=row.car / row.car_standard_error,
    )


@lru_cache(maxsize=4_096)
def _kind(basis: str, horizon_days: int, event_type: str, sentiment_label: str) -> NewsKind:
    """Return the one copy of a kind, which thousands of events have."""
    return NewsKind(cast("Basis", basis), horizon_days, event_type, cast("SentimentLabel", sentiment_label))
