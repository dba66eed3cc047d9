"""Conditions as a union of boxes: the form in which a rule can be filed, found contradictory, or found empty.

Any nesting of `all`, `any` and `not` is a union of conjunctions (disjunctive normal form). A conjunction over our
facts is a box: allowed values for each discrete fact, an interval for each number. Boxes intersect in closed form, so
a contradiction shows itself as an empty box and a rule that always fires as the emptiness of its negation.
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

# More boxes than this and a rule is evaluated by walking it: filing would cost more than it saves.
MAX_BOXES = 256
# What multiplying out may cost, in boxes looked at: 4,000 take 20 ms. A rule that ends in 256 boxes needs about 1,000.
MAX_WORK = 4_000
# Members of a box's sets that take as long as the rest of the box.
_MEMBERS_PER_BOX = 100

T = TypeVar("T")
Interval = tuple[float, float]
_UNBOUNDED: Interval = (0.0, float("inf"))
# The facts that have one value of a few, each with the field that fixes it.
_CHOICES: Final = {field.fact: field for field in FIELDS if isinstance(field, Equality)}
# The numbers that conditions bound from below, each with the field that does.
_NUMBERS: Final = {field.fact: field for field in FIELDS if isinstance(field, Threshold)}


@dataclass(frozen=True, slots=True)
class Box:
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
        """Return whether `facts` lie in the box."""
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
        """Return whether no impact whatever can lie in the box."""
        return (
            (self.tickers is not None and not self.tickers)
            or not (self.direction and self.basis and self.sentiment and self.horizon_days)
            or any(group <= self.no_topics for group in self.topics)
            or any(group <= self.no_event_types for group in self.event_types)
            or any(_is_empty(getattr(self, name), field.maximum) for name, field in _NUMBERS.items())
        )


def _is_empty(interval: Interval, top: float) -> bool:
    low, high = interval
    return low >= high or low > top


def _overlap(a: Interval, b: Interval) -> Interval:
    return max(a[0], b[0]), min(a[1], b[1])


def _common(a: frozenset[T], b: frozenset[T]) -> frozenset[T]:
    # Most boxes leave most facts open: nothing is copied, nor hashed again, for what both have from the start.
    return a if a is b else a & b


def _meet(a: Box, b: Box) -> Box:
    """Return the box of what lies in both."""
    excluded = a.no_tickers | b.no_tickers
    given = [each for each in (a.tickers, b.tickers) if each is not None]
    return Box(
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


class TooManyBoxes(Exception):
    """The condition multiplies out to more than `MAX_BOXES` boxes, or costs more than `MAX_WORK` to multiply out."""


class Work:
    """What multiplying out may still cost; several conditions can share it.

    Notes
    -----
    The boxes kept do not tell the cost: the same few can be made from the same few over and over, and the sets of a
    box hold up to thousands of members.
    """

    def __init__(self, limit: int = MAX_WORK) -> None:
        self._left = limit

    def spend(self, amount: int) -> None:
        """Take `amount` off; `TooManyBoxes` when that is more than what is left."""
        self._left -= amount
        if self._left < 0:
            raise TooManyBoxes


def boxes(condition: Condition, *, negated: bool = False, work: Work | None = None) -> list[Box]:
    """Return boxes whose union is `condition` (or its negation); none when it can never hold.

    Parameters
    ----------
    work : what this may cost; `MAX_WORK` unless given.

    Raises
    ------
    TooManyBoxes
        The condition multiplies out too far to be worth filing.
    """
    work = work or Work()
    if negated:
        return _bounded(_negation(condition, work), work)
    product = _bounded([_own_box(condition)], work)
    factors = [boxes(each, work=work) for each in condition.all_of]
    if condition.any_of:
        factors.append(_bounded((box for each in condition.any_of for box in boxes(each, work=work)), work))
    if condition.none_of is not None:
        factors.append(boxes(condition.none_of, negated=True, work=work))
    for factor in factors:
        product = _product(product, factor, work)
    return product


def _product(left: Sequence[Box], right: Sequence[Box], work: Work) -> list[Box]:
    """Return what lies both in a box of `left` and in one of `right`."""
    # Members that one box of each has are compared with each other: a meeting costs what both weigh.
    weights = [_weight(box) for box in right]

    def meetings() -> Iterator[Box]:
        for a in left:
            weight = _weight(a)
            for b, other in zip(right, weights, strict=True):
                work.spend(weight + other)
                yield _meet(a, b)

    return _bounded(meetings(), work)


def _weight(box: Box) -> int:
    """Return how long a box takes to be made, compared and hashed, in boxes without members."""
    members = (
        len(box.tickers or ())
        + len(box.no_tickers)
        + len(box.no_topics)
        + len(box.no_event_types)
        + sum(map(len, box.topics))
        + sum(map(len, box.event_types))
    )
    return 1 + members // _MEMBERS_PER_BOX


def _bounded(found: Iterable[Box], work: Work) -> list[Box]:
    kept: dict[Box, None] = {}
    for box in found:
        work.spend(_weight(box))
        if not box.is_empty():
            kept[box] = None
            if len(kept) > MAX_BOXES:
                raise TooManyBoxes
    return list(kept)


def _bounds(condition: Condition) -> Iterable[tuple[str, float]]:
    """Yield the numbers that `condition` bounds from below, with the bound."""
    for name, field in _NUMBERS.items():
        if (low := getattr(condition, field.name)) is not None:
            yield name, low


def _choices(condition: Condition) -> Iterable[tuple[str, frozenset[str | int], frozenset[str | int]]]:
    """Yield the single-valued facts that `condition` fixes: name, fixed value, all values there are."""
    for name, field in _CHOICES.items():
        if (value := getattr(condition, field.name)) is not None:
            yield name, frozenset((value,)), frozenset(field.values)


def _own_box(condition: Condition) -> Box:
    values: dict[str, Any] = {name: fixed for name, fixed, _ in _choices(condition)}
    values |= {name: (low, float("inf")) for name, low in _bounds(condition)}
    return Box(
        tickers=condition.tickers,
        topics=frozenset() if condition.topics is None else frozenset((condition.topics,)),
        event_types=frozenset() if condition.event_types is None else frozenset((condition.event_types,)),
        **values,
    )


def _negation(condition: Condition, work: Work) -> Iterable[Box]:
    """Yield the boxes of the negation: one part of the conjunction is false (De Morgan)."""
    if condition.tickers is not None:
        yield Box(no_tickers=condition.tickers)
    if condition.topics is not None:
        yield Box(no_topics=condition.topics)
    if condition.event_types is not None:
        yield Box(no_event_types=condition.event_types)
    opposite: dict[str, Any] = {name: domain - fixed for name, fixed, domain in _choices(condition)}
    opposite |= {name: (0.0, low) for name, low in _bounds(condition)}
    for name, values in opposite.items():
        yield Box(**{name: values})
    for each in condition.all_of:
        yield from boxes(each, negated=True, work=work)
    if condition.any_of:
        none = [Box()]
        for each in condition.any_of:
            none = _product(none, boxes(each, negated=True, work=work), work)
        yield from none
    if condition.none_of is not None:
        yield from boxes(condition.none_of, work=work)
