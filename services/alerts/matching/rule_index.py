"""Finds the rules that an impact fires by looking up the facts of the impact instead of testing every rule.

A rule is filed under the discrete values it requires: first by (ticker, topic, event type), each possibly "any", then
by (direction, basis, horizon, sentiment). An impact looks only under the combinations of its own values. What it finds
there is ordered by `min_impact_score`, so that a bisection cuts off the rules it is too weak for; the rest is a
comparison or two for each rule that is left.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import product
from math import prod
from typing import Generic, NamedTuple, TypeVar

from alerts.matching.conditions import BASES, DIRECTIONS, HORIZONS, SENTIMENTS, Condition, holds
from alerts.matching.impact_facts import Facts
from alerts.matching.normal_form import Box, TooManyBoxes, boxes

RuleT = TypeVar("RuleT", bound=Hashable)

Place = tuple[str | None, str | None, str | None]
Facet = tuple[str | None, str | None, int | None, str | None]
Check = Callable[[Facts], bool]
# min_confidence, min_novelty, min_relevance, what else must hold
Guard = tuple[float, float, float, Check | None]

# One box is filed at most this often; beyond, its least telling values are checked instead of filed.
MAX_PLACES = 1_024
# One rule is filed at most this often, which takes 20 ms: a rule of many boxes gets fewer places for each.
MAX_FILINGS = 8_192
_ANY: tuple[None] = (None,)
_NO_GUARD: Guard = (0.0, 0.0, 0.0, None)


class _Shelf(NamedTuple):
    """The rules filed under one combination, in ascending order of their `min_impact_score`.

    Notes
    -----
    `plain` are the numbers of the rules that ask for nothing more, `guarded` of those that do, with their `guards`.
    Scores and numbers stand in arrays: at 100,000 rules the time goes into cache misses, and boxed numbers cost one
    each (56 us an impact with lists of tuples, of which 17 us when everything is in the cache).
    """

    plain_scores: "array[float]"
    plain: "array[int]"
    guarded_scores: "array[float]"
    guarded: "array[int]"
    guards: list[Guard]

    def add(self, score: float, number: int, guard: Guard) -> None:
        if guard == _NO_GUARD:
            position = bisect_right(self.plain_scores, score)
            self.plain_scores.insert(position, score)
            self.plain.insert(position, number)
        else:
            position = bisect_right(self.guarded_scores, score)
            self.guarded_scores.insert(position, score)
            self.guarded.insert(position, number)
            self.guards.insert(position, guard)

    def discard(self, score: float, number: int, guard: Guard) -> None:
        if guard == _NO_GUARD:
            position = self.plain.index(number, bisect_left(self.plain_scores, score))
            del self.plain_scores[position], self.plain[position]
        else:
            position = self.guarded.index(number, bisect_left(self.guarded_scores, score))
            del self.guarded_scores[position], self.guarded[position], self.guards[position]


def _new_shelf() -> _Shelf:
    return _Shelf(array("d"), array("q"), array("d"), array("q"), [])


class Filing(NamedTuple):
    """Where a rule is filed: the values and the score it asks for, and what is checked of the impacts found there."""

    place: Place
    facet: Facet
    score: float
    guard: Guard


class RuleIndex(Generic[RuleT]):
    """An index of rules that gives exactly the answer of `holds` for each of them.

    Notes
    -----
    Looking up costs the number of (ticker, topic, event type) combinations of the impact, plus the rules found
    there; rules that ask for something else cost nothing. Rules can be added and discarded at any time.
    """

    def __init__(self) -> None:
        self._shelves: dict[Place, dict[Facet, _Shelf]] = {}
        self._shapes: Counter[tuple[bool, bool, bool]] = Counter()
        self._filings: dict[RuleT, tuple[int, Sequence[Filing]]] = {}
        self._rules: list[RuleT | None] = []
        self._free_numbers: list[int] = []

    def __len__(self) -> int:
        return len(self._filings)

    def __contains__(self, rule: RuleT) -> bool:
        return rule in self._filings

    def add(self, rule: RuleT, condition: Condition) -> None:
        """File `rule`, in place of its earlier condition when it was filed before."""
        self.file(rule, filings_of(condition))

    def file(self, rule: RuleT, filings: Sequence[Filing]) -> None:
        """File `rule` as `filings_of` its condition says, in place of its earlier condition."""
        self.discard(rule)
        number = self._number(rule)
        for filing in filings:
            self._shapes[_shape(filing.place)] += 1
            shelves = self._shelves.setdefault(filing.place, {})
            shelf = shelves.get(filing.facet)
            if shelf is None:
                shelf = shelves[filing.facet] = _new_shelf()
            shelf.add(filing.score, number, filing.guard)
        self._filings[rule] = (number, filings)

    def _number(self, rule: RuleT) -> int:
        """Return a number for `rule`, one that a discarded rule left if there is one."""
        if self._free_numbers:
            number = self._free_numbers.pop()
            self._rules[number] = rule
            return number
        self._rules.append(rule)
        return len(self._rules) - 1

    def discard(self, rule: RuleT) -> None:
        """Remove `rule`; nothing happens when it is not filed."""
        if rule not in self._filings:
            return
        number, filings = self._filings.pop(rule)
        for filing in filings:
            self._remove(filing, number)
        self._rules[number] = None
        self._free_numbers.append(number)

    def _remove(self, filing: Filing, number: int) -> None:
        shelves = self._shelves[filing.place]
        shelf = shelves[filing.facet]
        shelf.discard(filing.score, number, filing.guard)
        if not (shelf.plain or shelf.guarded):
            del shelves[filing.facet]
        if not shelves:
            del self._shelves[filing.place]
        shape = _shape(filing.place)
        self._shapes[shape] -= 1
        if not self._shapes[shape]:
            del self._shapes[shape]

    def matching(self, facts: Facts) -> list[RuleT]:
        """Return the rules that `facts` satisfy, each once, in no particular order."""
        found: set[int] = set()
        score, confidence, novelty, relevance = facts.impact_score, facts.confidence, facts.novelty, facts.relevance
        for plain_scores, plain, guarded_scores, guarded, guards in self._reachable(facts):
            if plain:
                found.update(plain[: bisect_right(plain_scores, score)])
            if guarded:
                for number, (min_confidence, min_novelty, min_relevance, check) in zip(
                    guarded[: bisect_right(guarded_scores, score)], guards, strict=False
                ):
                    if (
                        min_confidence <= confidence
                        and min_novelty <= novelty
                        and min_relevance <= relevance
                        and (check is None or check(facts))
                    ):
                        found.add(number)
        rules = self._rules
        return [rule for number in found if (rule := rules[number]) is not None]

    def _reachable(self, facts: Facts) -> list[_Shelf]:
        """Return the shelves whose filed values the impact has."""
        places: list[Place] = []
        ticker, topics, event_types = (facts.ticker,), facts.topics, facts.event_types
        for with_ticker, with_topic, with_event in self._shapes:
            places += product(
                ticker if with_ticker else _ANY,
                topics if with_topic else _ANY,
                event_types if with_event else _ANY,
            )
        own = set(
            product((None, facts.direction), (None, facts.basis), (None, facts.horizon_days), (None, facts.sentiment))
        )
        return [
            shelves[facet]
            for shelves in map(self._shelves.get, places)
            if shelves is not None
            for facet in own.intersection(shelves)
        ]


def _shape(place: Place) -> tuple[bool, bool, bool]:
    return place[0] is not None, place[1] is not None, place[2] is not None


def filings_of(condition: Condition) -> list[Filing]:
    """Return how `condition` is filed; one that is too complex once, to be evaluated for every impact."""
    try:
        found = boxes(condition)
    except TooManyBoxes:
        return [Filing(_ANY * 3, _ANY * 4, 0.0, (0.0, 0.0, 0.0, partial(holds, condition)))]
    max_places = min(MAX_PLACES, MAX_FILINGS // max(len(found), 1))
    return [filing for box in found for filing in _box_filings(box, max_places)]


def _box_filings(box: Box, max_places: int) -> Iterator[Filing]:
    """Yield one filing for each combination of the values that `box` requires."""
    dimensions: list[frozenset[str] | frozenset[int] | None] = [
        box.tickers,
        min(box.topics, key=len, default=None),
        min(box.event_types, key=len, default=None),
        None if box.direction == DIRECTIONS else box.direction,
        None if box.basis == BASES else box.basis,
        None if box.horizon_days == HORIZONS else box.horizon_days,
        None if box.sentiment == SENTIMENTS else box.sentiment,
    ]
    is_exact = not _has_more_than_keys(box)
    # The most common values tell the least about an impact: they are the first to be checked instead.
    for position in (6, 4, 3, 5, 2, 1, 0):
        if prod(len(values) for values in dimensions if values is not None) <= max_places:
            break
        is_exact = is_exact and dimensions[position] is None
        dimensions[position] = None
    guard: Guard = (box.confidence[0], box.novelty[0], box.relevance[0], None if is_exact else box.admits)
    guard = _shared_guard(guard) if is_exact else guard
    facets = [_shared_facet(facet) for facet in product(*(_ANY if each is None else each for each in dimensions[3:]))]
    for place in product(*(_ANY if each is None else each for each in dimensions[:3])):
        for facet in facets:
            yield Filing(place, facet, box.impact_score[0], guard)  # type: ignore[arg-type]


@lru_cache(maxsize=4_096)
def _shared_guard(guard: Guard) -> Guard:
    """Return the one copy of `guard`, which then stays in the processor's cache."""
    return guard


@lru_cache(maxsize=4_096)
def _shared_facet(facet: Facet) -> Facet:
    """Return the one copy of `facet`."""
    return facet


def _has_more_than_keys(box: Box) -> bool:
    """Return whether `box` asks for anything besides the values it is filed under and its lower bounds."""
    return (
        bool(box.no_tickers or box.no_topics or box.no_event_types)
        or len(box.topics) > 1
        or len(box.event_types) > 1
        or any(high != float("inf") for _, high in (box.impact_score, box.confidence, box.novelty, box.relevance))
    )
