"""Conditions in disjunctive normal form: so a rule can be indexed, found contradictory, or found to always fire.

Any nesting of `all`, `any` and `not` is a union of conjunctions. A conjunction holds the allowed values of each
discrete fact and an interval for each number. Two of them intersect in closed form: a contradiction is an empty
conjunction, and the negation of a rule that always fires has none that is not empty.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from alerts.matching.conditions import (
    BASES,
    DIRECTIONS,
    FIELDS,
    HORIZONS,
    SENTIMENTS,
    Condition,
    Equality,
    Threshold,
)
from alerts.matching.impact_facts import Facts

# More conjunctions than this and a rule is evaluated by walking it: indexing would cost more than it saves.
MAX_CONJUNCTIONS = 256
# What multiplying out may cost, in conjunctions looked at: 4,000 take 20 ms. A rule that ends in 256 of them needs
# about 1,000.
MAX_WORK = 4_000
# Members of a conjunction's sets that take as long as the rest of the conjunction.
_MEMBERS_PER_CONJUNCTION = 100

T = TypeVar("T")
Interval = tuple[float, float]
_UNBOUNDED: Interval = (0.0, float("inf"))
# The facts that have one value of a few, each with the field that fixes it.
_CHOICES: Final = {field.fact: field for field in FIELDS if isinstance(field, Equality)}
# The numbers that conditions bound from below, each with the field that does.
_NUMBERS: Final = {field.fact: field for field in FIELDS if isinstance(field, Threshold)}


@dataclass(frozen=True, slots=True)
class Conjunction:
    """One conjunction.

    Notes
    -----
    `tickers` None means any. `topics` and `event_types` hold groups: the impact must have one of each group, and none
    of `no_topics`, `no_event_types`. Numbers lie in [low, high).
    """

    tickers: frozenset[str] | None = None
    no_tickers: frozenset[str] = frozenset()
    topics: frozenset[frozenset[str]] = frozenset()
    no_topics: frozenset[str] = frozenset()
    event_types: frozenset[frozenset[str]] = frozenset()
    no_event_types: frozenset[str] = frozenset()
    direction: frozenset[str] = DIRECTIONS
    basis: frozenset[str] = BASES
    sentiment: frozenset[str] = SENTIMENTS
    horizon_days: frozenset[int] = HORIZONS
    impact_score: Interval = _UNBOUNDED
    confidence: Interval = _UNBOUNDED
    novelty: Interval = _UNBOUNDED
    relevance: Interval = _UNBOUNDED

    def admits(self, facts: Facts) -> bool:
        """Return whether `facts` lie in the conjunction."""
        return (
            (self.tickers is None or facts.ticker in self.tickers)
            and facts.ticker not in self.no_tickers
            and all(not group.isdisjoint(facts.topics) for group in self.topics)
            and self.no_topics.isdisjoint(facts.topics)
            and all(not group.isdisjoint(facts.event_types) for group in self.event_types)
            and self.no_event_types.isdisjoint(facts.event_types)
            and facts.direction in self.direction
            and facts.basis in self.basis
            and facts.sentiment in self.sentiment
            and facts.horizon_days in self.horizon_days
            and self.impact_score[0] <= facts.impact_score < self.impact_score[1]
            and self.confidence[0] <= facts.confidence < self.confidence[1]
            and self.novelty[0] <= facts.novelty < self.novelty[1]
            and self.relevance[0] <= facts.relevance < self.relevance[1]
        )

    def is_empty(self) -> bool:
        """Return whether no impact whatever can lie in the conjunction."""
        return (
            (self.tickers is not None and not self.tickers)
            or not (self.direction and self.basis and self.sentiment and self.horizon_days)
            or any(group <= self.no_topics for group in self.topics)
            or any(group <= self.no_event_types for group in self.event_types)
            or _is_empty(self.impact_score, 100.0)
            or _is_empty(self.confidence, 1.0)
            or _is_empty(self.novelty, 1.0)
            or _is_empty(self.relevance, 1.0)
        )


def _is_empty(interval: Interval, top: float) -> bool:
    low, high = interval
    return low >= high or low > top


def _overlap(a: Interval, b: Interval) -> Interval:
    return max(a[0], b[0]), min(a[1], b[1])


def _common(a: frozenset[T], b: frozenset[T]) -> frozenset[T]:
    # Most conjunctions leave most facts open: nothing is copied, nor hashed again, for what both have from the start.
    return a if a is b else a & b


def _meet(a: Conjunction, b: Conjunction) -> Conjunction:
    """Return the conjunction of what lies in both."""
    excluded = a.no_tickers | b.no_tickers
    given = [each for each in (a.tickers, b.tickers) if each is not None]
    return Conjunction(
        tickers=frozenset.intersection(*given) - excluded if given else None,
        no_tickers=frozenset() if given else excluded,
        topics=a.topics | b.topics,
        no_topics=a.no_topics | b.no_topics,
        event_types=a.event_types | b.event_types,
        no_event_types=a.no_event_types | b.no_event_types,
        direction=_common(a.direction, b.direction),
        basis=_common(a.basis, b.basis),
        sentiment=_common(a.sentiment, b.sentiment),
        horizon_days=_common(a.horizon_days, b.horizon_days),
        impact_score=_overlap(a.impact_score, b.impact_score),
        confidence=_overlap(a.confidence, b.confidence),
        novelty=_overlap(a.novelty, b.novelty),
        relevance=_overlap(a.relevance, b.relevance),
    )


class TooManyConjunctions(Exception):
    """The condition multiplies out to more than `MAX_CONJUNCTIONS`, or costs more than `MAX_WORK` to multiply out."""


class Work:
    """What multiplying out may still cost; several conditions can share it.

    Notes
    -----
    The conjunctions kept do not tell the cost: the same few can be made from the same few over and over, and their
    sets hold up to thousands of members.
    """

    def __init__(self, limit: int = MAX_WORK) -> None:
        self._left = limit

    def spend(self, amount: int) -> None:
        """Take `amount` off; `TooManyConjunctions` when that is more than what is left."""
        self._left -= amount
        if self._left < 0:
            raise TooManyConjunctions


def conjunctions(condition: Condition, *, negated: bool = False, work: Work | None = None) -> list[Conjunction]:
    """Return conjunctions whose union is `condition` (or its negation); none when it can never hold.

    Parameters
    ----------
    work : what this may cost; `MAX_WORK` unless given.

    Raises
    ------
    TooManyConjunctions
        The condition multiplies out too far to be worth indexing.
    """
    work = work or Work()
    if negated:
        return _bounded(_negation(condition, work), work)
    product = _bounded([_own_conjunction(condition)], work)
    factors = [conjunctions(each, work=work) for each in condition.all_of]
    if condition.any_of:
        factors.append(_bounded((one for each in condition.any_of for one in conjunctions(each, work=work)), work))
    if condition.none_of is not None:
        factors.append(conjunctions(condition.none_of, negated=True, work=work))
    for factor in factors:
        product = _product(product, factor, work)
    return product


def _product(left: Sequence[Conjunction], right: Sequence[Conjunction], work: Work) -> list[Conjunction]:
    """Return what lies both in a conjunction of `left` and in one of `right`."""
    # Members that one conjunction of each has are compared with each other: a meeting costs what both weigh.
    weights = [_weight(conjunction) for conjunction in right]

    def meetings() -> Iterator[Conjunction]:
        for a in left:
            weight = _weight(a)
            for b, other in zip(right, weights, strict=True):
                work.spend(weight + other)
                yield _meet(a, b)

    return _bounded(meetings(), work)


def _weight(one: Conjunction) -> int:
    """Return how long a conjunction takes to be made, compared and hashed, in conjunctions without members."""
    members = (
        len(one.tickers or ())
        + len(one.no_tickers)
        + len(one.no_topics)
        + len(one.no_event_types)
        + sum(map(len, one.topics))
        + sum(map(len, one.event_types))
    )
    return 1 + members // _MEMBERS_PER_CONJUNCTION


def _bounded(found: Iterable[Conjunction], work: Work) -> list[Conjunction]:
    kept: dict[Conjunction, None] = {}
    for one in found:
        work.spend(_weight(one))
        if not one.is_empty():
            kept[one] = None
            if len(kept) > MAX_CONJUNCTIONS:
                raise TooManyConjunctions
    return list(kept)


def _bounds(condition: Condition) -> Iterable[tuple[str, float]]:
    """Yield the numbers that `condition` bounds from below, with the bound."""
    for name, field in _NUMBERS.items():
        if (low := getattr(condition, field.name)) is not None:
            yield name, low


def _choices(condition: Condition) -> Iterable[tuple[str, frozenset[object], frozenset[object]]]:
    """Yield the single-valued facts that `condition` fixes: name, fixed value, all values there are."""
    for name, field in _CHOICES.items():
        if (value := getattr(condition, field.name)) is not None:
            yield name, frozenset((value,)), field.values


def _own_conjunction(condition: Condition) -> Conjunction:
    values: dict[str, Any] = {name: fixed for name, fixed, _ in _choices(condition)}
    values |= {name: (low, float("inf")) for name, low in _bounds(condition)}
    return Conjunction(
        tickers=condition.tickers,
        topics=frozenset() if condition.topics is None else frozenset((condition.topics,)),
        event_types=frozenset() if condition.event_types is None else frozenset((condition.event_types,)),
        **values,
    )


def _negation(condition: Condition, work: Work) -> Iterable[Conjunction]:
    """Yield the conjunctions of the negation: one part of the conjunction is false (De Morgan)."""
    if condition.tickers is not None:
        yield Conjunction(no_tickers=condition.tickers)
    if condition.topics is not None:
        yield Conjunction(no_topics=condition.topics)
    if condition.event_types is not None:
        yield Conjunction(no_event_types=condition.event_types)
    opposite: dict[str, Any] = {name: domain - fixed for name, fixed, domain in _choices(condition)}
    opposite |= {name: (0.0, low) for name, low in _bounds(condition)}
    for name, values in opposite.items():
        yield Conjunction(**{name: values})
    for each in condition.all_of:
        yield from conjunctions(each, negated=True, work=work)
    if condition.any_of:
        none = [Conjunction()]
        for each in condition.any_of:
            none = _product(none, conjunctions(each, negated=True, work=work), work)
        yield from none
    if condition.none_of is not None:
        yield from conjunctions(condition.none_of, work=work)
