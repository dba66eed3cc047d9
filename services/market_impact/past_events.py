"""The memory of realised news: how the market moved after which kind of news, as known at any past moment.

Sums are kept in the order in which outcomes became known, so "everything known before this moment" is one binary
search. An estimate can therefore never see an outcome that its own news could not have known.
"""

from bisect import bisect_left
from collections.abc import Hashable
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class _Timeline:
    """Observations in the order in which they became known, with running sums that are brought up to date when read."""

    known_at: list[int] = field(default_factory=list)
    observations: list[tuple[Hashable, Summary]] = field(default_factory=list)
    running: list[Summary] = field(default_factory=list)

    def before(self, moment: int) -> Summary:
        if len(self.running) != len(self.observations):
            self._add_up()
        at = bisect_left(self.known_at, moment)
        return self.running[at - 1] if at else NOTHING

    def insert(self, known_at: int, name: Hashable, values: Summary) -> None:
        at = len(self.known_at)
        if at and known_at < self.known_at[-1]:
            at = bisect_left(self.known_at, known_at)
        self.known_at.insert(at, known_at)
        self.observations.insert(at, (name, values))
        del self.running[at:]

    def remove(self, known_at: int, name: Hashable) -> None:
        at = bisect_left(self.known_at, known_at)
        while self.observations[at][0] != name:
            at += 1
        del self.known_at[at], self.observations[at]
        del self.running[at:]

    def _add_up(self) -> None:
        total = self.running[-1] if self.running else NOTHING
        for _, values in self.observations[len(self.running) :]:
            total = total.plus(values)
            self.running.append(total)


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
            values = _summary_of(event)
            for key in _keys(event):
                self._timelines.setdefault(key, _Timeline()).insert(event.known_at, name, values)

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
            self._timelines[key].remove(event.known_at, name)
        if not supporters:
            del self._supporters[name]
            return
        heir = next(iter(supporters.values()))
        for key in _keys(heir):
            self._timelines[key].insert(heir.known_at, name, _summary_of(heir))

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
