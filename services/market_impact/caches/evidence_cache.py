"""Keeps the past events in memory in sync with the database, whichever replica recorded them."""

import asyncio
from functools import lru_cache
from operator import attrgetter
from sys import intern

from common.contracts import Basis, SentimentLabel
from common.postgres.database import Connection
from market_impact.estimation.past_events import NewsKind, PastEvent, PastEvents
from market_impact.prices.trading_calendar import to_day_number, to_microseconds
from market_impact.repository import outcomes
from market_impact.repository.outcomes import Evidence, EvidenceRow


class EvidenceCache:
    """The past events of this process, and up to which transaction it has read them."""

    def __init__(self, limit: int) -> None:
        self.past = PastEvents()
        self._limit = limit
        self._known_below = 0
        self._reading = asyncio.Lock()

    async def load(self, connection: Connection) -> None:
        """Read the latest realised estimates."""
        self._take(await outcomes.list_latest_evidence(connection, self._limit))

    async def refresh(self, connection: Connection) -> int:
        """Read what changed since the last look and return the number of the caller's transaction."""
        # One after the other: of two that read side by side the slower could bring back what the faster has discarded.
        async with self._reading:
            changed = await outcomes.list_changed_evidence(connection, self._known_below)
            self._take(changed)
        return changed.transaction

    def _take(self, evidence: Evidence) -> None:
        current = []
        for row in evidence.rows:
            if row.superseded_at is not None:
                self.past.discard(row.impact_id)
            else:
                current.append(_past_event(row))
        # In the order in which they became known, so that sums grow at their end.
        current.sort(key=attrgetter("known_at"))
        for event in current:
            self.past.add(event)
        self.past.keep_latest(self._limit)
        self._known_below = max(self._known_below, evidence.complete_below)


def _past_event(row: EvidenceRow) -> PastEvent:
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
def _kind(basis: Basis, horizon_days: int, event_type: str, sentiment_label: SentimentLabel) -> NewsKind:
    """Return the one copy of a kind, which thousands of events have."""
    return NewsKind(basis, horizon_days, event_type, sentiment_label)
