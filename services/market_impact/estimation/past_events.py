"""Realised past events: how the market moved after each kind of news, as known at any point in time.

Sums are kept in the order in which outcomes became known, so "everything known before this moment" is one binary
search. An estimate can therefore never see an outcome that its own news could not have known.
"""

from array import array
from bisect import bisect_left
from collections.abc import Hashable
from dataclasses import dataclass, field
from struct import Struct
from typing import NamedTuple
from uuid import UUID

from common.contracts import Basis, SentimentLabel

# An outlier of 20 standard errors must not decide a mean of ten events.
STANDARDISED_LIMIT = 6.0


class NewsKind(NamedTuple):
    """Which past news counts as alike: the same basis, horizon, event type and sentiment label."""

    basis: Basis
    horizon_days: int
    event_type: str
    sentiment_label: SentimentLabel


class PastEvent(NamedTuple):
    """One realised estimate.

    Parameters
    ----------
    impact_id : the estimate whose outcome this is
    kind, ticker, day : what it was, for whom, and on which session (day number); one observation for all its articles
    known_at : microseconds since 1970, the close that completed the horizon
    sentiment_score : in [-1, 1]
    car : cumulative abnormal log return
    standardised_car : `car` over its forecast standard error
    """

    impact_id: UUID
    kind: NewsKind
    ticker: str
    day: int
    known_at: int
    sentiment_score: float
    car: float
    standardised_car: float


class Summary(NamedTuple):
    """Sums over past events: count, scores s, standardised abnormal returns x, and raw ones c."""

    n: float = 0.0
    s: float = 0.0
    ss: float = 0.0
    sx: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    c: float = 0.0
    cc: float = 0.0

    def plus(self, other: "Summary") -> "Summary":
        """Return the sums over both."""
        # Spelled out: this runs three times an outcome, and a generator over the fields takes four times as long.
        n, s, ss, sx, x, xx, c, cc = other
        return Summary(
            self.n + n, self.s + s, self.ss + ss, self.sx + sx, self.x + x, self.xx + xx, self.c + c, self.cc + cc
        )


NOTHING = Summary()


_WIDTH = len(Summary._fields)
_SUMS = Struct(f"{_WIDTH}d")


@dataclass(slots=True)
class _Timeline:
    """Observations in the order in which they became known, with running sums that are brought up to date when read.

    Notes
    -----
    The sums are one flat array: as objects they were two thirds of the memory of an event.
    """

    known_at: list[int] = field(default_factory=list)
    observations: list[PastEvent] = field(default_factory=list)
    running: "array[float]" = field(default_factory=lambda: array("d"))

    def before(self, moment: int) -> Summary:
        if len(self.running) != _WIDTH * len(self.observations):
            self._add_up()
        return self._sums(bisect_left(self.known_at, moment))

    def insert(self, event: PastEvent) -> None:
        at = len(self.known_at)
        if at and event.known_at < self.known_at[-1]:
            at = bisect_left(self.known_at, event.known_at)
        self.known_at.insert(at, event.known_at)
        self.observations.insert(at, event)
        del self.running[_WIDTH * at :]

    def remove(self, event: PastEvent) -> None:
        at = bisect_left(self.known_at, event.known_at)
        while self.observations[at].impact_id != event.impact_id:
            at += 1
        del self.known_at[at], self.observations[at]
        del self.running[_WIDTH * at :]

    def _sums(self, n_observations: int) -> Summary:
        if not n_observations:
            return NOTHING
        return Summary._make(_SUMS.unpack_from(self.running, _SUMS.size * (n_observations - 1)))

    def _add_up(self) -> None:
        n_added = len(self.running) // _WIDTH
        total = self._sums(n_added)
        for event in self.observations[n_added:]:
            total = total.plus(_summary_of(event))
            self.running.extend(total)


class PastEvents:
    """Realised events by kind, by kind and ticker, and by basis and horizon."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._timelines: dict[Hashable, _Timeline] = {}
        self._supporters: dict[Hashable, dict[UUID, PastEvent]] = {}
        self._names: dict[UUID, Hashable] = {}

    def __len__(self) -> int:
        """Return the number of distinct observations."""
        return len(self._supporters)

    def add(self, event: PastEvent) -> None:
        """Count `event`; a second article of one kind on one ticker and day adds nothing to the sums."""
        if event.impact_id in self._names:
            return
        name = (event.kind, event.ticker, event.day)
        self._names[event.impact_id] = name
        supporters = self._supporters.setdefault(name, {})
        supporters[event.impact_id] = event
        if len(supporters) == 1:
            for key in _keys(event):
                self._timelines.setdefault(key, _Timeline()).insert(event)

    def discard(self, impact_id: UUID) -> None:
        """Forget the event of `impact_id`, withdrawn or corrected since; unknown ones are ignored."""
        name = self._names.pop(impact_id, None)
        if name is None:
            return
        supporters = self._supporters[name]
        counted = next(iter(supporters))
        event = supporters.pop(impact_id)
        if counted != impact_id:
            return
        for key in _keys(event):
            self._timelines[key].remove(event)
        if not supporters:
            del self._supporters[name]
            return
        heir = next(iter(supporters.values()))
        for key in _keys(heir):
            self._timelines[key].insert(heir)

    def keep_latest(self, limit: int) -> None:
        """Forget all but the `limit` events that became known last, when there are a quarter more than that."""
        if len(self._names) <= limit + limit // 4:
            return
        events = [event for supporters in self._supporters.values() for event in supporters.values()]
        events.sort(key=lambda event: event.known_at)
        self._clear()
        for event in events[-limit:]:
            self.add(event)

    def of_horizon(self, basis: Basis, horizon_days: int, before: int) -> Summary:
        """Return the sums over every kind of news on this basis and horizon, known before `before` (microseconds)."""
        return self._before((basis, horizon_days), before)

    def of_kind(self, kind: NewsKind, before: int) -> Summary:
        """Return the sums over all tickers of `kind`."""
        return self._before(kind, before)

    def of_ticker(self, kind: NewsKind, ticker: str, before: int) -> Summary:
        """Return the sums over one ticker's own events of `kind`."""
        return self._before((kind, ticker), before)

    def _before(self, key: Hashable, moment: int) -> Summary:
        timeline = self._timelines.get(key)
        return timeline.before(moment) if timeline else NOTHING


def _keys(event: PastEvent) -> tuple[Hashable, ...]:
    kind = event.kind
    return (kind.basis, kind.horizon_days), kind, (kind, event.ticker)


def _summary_of(event: PastEvent) -> Summary:
    s, c = event.sentiment_score, event.car
    x = min(max(event.standardised_car, -STANDARDISED_LIMIT), STANDARDISED_LIMIT)
    return Summary(1.0, s, s * s, s * x, x, x * x, c, c * c)
