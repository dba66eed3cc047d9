"""Finds the rules that an impact fires by looking up the facts of the impact instead of testing every rule.

A rule is indexed under the discrete values it requires: first by (ticker, topic, event type), each possibly "any", then
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
from alerts.matching.normal_form import Conjunction, TooManyConjunctions, conjunctions

RuleT = TypeVar("RuleT", bound=Hashable)

Place = tuple[str | None, str | None, str | None]
Key = tuple[str | None, str | None, int | None, str | None]
Check = Callable[[Facts], bool]
# min_confidence, min_novelty, min_relevance, what else must hold
Guard = tuple[float, float, float, Check | None]

# One conjunction is indexed at most this often; beyond, its least telling values are checked instead of indexed.
MAX_PLACES = 1_024
# One rule is indexed at most this often, which takes 20 ms: a rule of many conjunctions gets fewer places for each.
MAX_ENTRIES = 8_192
_ANY: tuple[None] = (None,)
_NO_GUARD: Guard = (0.0, 0.0, 0.0, None)


class _Bucket(NamedTuple):
    """The rules indexed under one combination, in ascending order of their `min_impact_score`.

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


def _new_bucket() -> _Bucket:
    return _Bucket(array("d"), array("q"), array("d"), array("q"), [])


class Entry(NamedTuple):
    """Where a rule is indexed: the values and the score it asks for, and what is checked of the impacts found there."""

    place: Place
    key: Key
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
        self._buckets: dict[Place, dict[Key, _Bucket]] = {}
        self._shapes: Counter[tuple[bool, bool, bool]] = Counter()
        self._entries: dict[RuleT, tuple[int, Sequence[Entry]]] = {}
        self._rules: list[RuleT | None] = []
        self._free_numbers: list[int] = []

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, rule: RuleT) -> bool:
        return rule in self._entries

    def add(self, rule: RuleT, condition: Condition) -> None:
        """Index `rule`, in place of its earlier condition if it has one."""
        self.put(rule, entries_of(condition))

    def put(self, rule: RuleT, entries: Sequence[Entry]) -> None:
        """Index `rule` as `entries_of` its condition says, in place of its earlier condition."""
        self.discard(rule)
        number = self._number(rule)
        for entry in entries:
            self._shapes[_shape(entry.place)] += 1
            buckets = self._buckets.setdefault(entry.place, {})
            bucket = buckets.get(entry.key)
            if bucket is None:
                bucket = buckets[entry.key] = _new_bucket()
            bucket.add(entry.score, number, entry.guard)
        self._entries[rule] = (number, entries)

    def _number(self, rule: RuleT) -> int:
        """Return a number for `rule`, one that a discarded rule left if there is one."""
        if self._free_numbers:
            number = self._free_numbers.pop()
            self._rules[number] = rule
            return number
        self._rules.append(rule)
        return len(self._rules) - 1

    def discard(self, rule: RuleT) -> None:
        """Remove `rule`; nothing happens when it is not indexed."""
        if rule not in self._entries:
            return
        number, entries = self._entries.pop(rule)
        for entry in entries:
            self._remove(entry, number)
        self._rules[number] = None
        self._free_numbers.append(number)

    def _remove(self, entry: Entry, number: int) -> None:
        buckets = self._buckets[entry.place]
        bucket = buckets[entry.key]
        bucket.discard(entry.score, number, entry.guard)
        if not (bucket.plain or bucket.guarded):
            del buckets[entry.key]
        if not buckets:
            del self._buckets[entry.place]
        shape = _shape(entry.place)
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

    def _reachable(self, facts: Facts) -> list[_Bucket]:
        """Return the buckets whose values the impact has."""
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
            buckets[key]
            for buckets in map(self._buckets.get, places)
            if buckets is not None
            for key in own.intersection(buckets)
        ]


def _shape(place: Place) -> tuple[bool, bool, bool]:
    return place[0] is not None, place[1] is not None, place[2] is not None


def entries_of(condition: Condition) -> list[Entry]:
    """Return how `condition` is indexed; one that is too complex once, to be evaluated for every impact."""
    try:
        found = conjunctions(condition)
    except TooManyConjunctions:
        return [Entry(_ANY * 3, _ANY * 4, 0.0, (0.0, 0.0, 0.0, partial(holds, condition)))]
    max_places = min(MAX_PLACES, MAX_ENTRIES // max(len(found), 1))
    return [entry for one in found for entry in _entries_of_one(one, max_places)]


def _entries_of_one(one: Conjunction, max_places: int) -> Iterator[Entry]:
    """Yield one entry for each combination of the values that the conjunction requires."""
    dimensions: list[frozenset[str] | frozenset[int] | None] = [
        one.tickers,
        min(one.topics, key=len, default=None),
        min(one.event_types, key=len, default=None),
        None if one.direction == DIRECTIONS else one.direction,
        None if one.basis == BASES else one.basis,
        None if one.horizon_days == HORIZONS else one.horizon_days,
        None if one.sentiment == SENTIMENTS else one.sentiment,
    ]
    is_exact = not _has_more_than_keys(one)
    # The most common values tell the least about an impact: they are the first to be checked instead.
    for position in (6, 4, 3, 5, 2, 1, 0):
        if prod(len(values) for values in dimensions if values is not None) <= max_places:
            break
        is_exact = is_exact and dimensions[position] is None
        dimensions[position] = None
    guard: Guard = (one.confidence[0], one.novelty[0], one.relevance[0], None if is_exact else one.admits)
    guard = _shared_guard(guard) if is_exact else guard
    keys = [_shared_key(key) for key in product(*(_ANY if each is None else each for each in dimensions[3:]))]
    for place in product(*(_ANY if each is None else each for each in dimensions[:3])):
        for key in keys:
            yield Entry(place, key, one.impact_score[0], guard)  # type: ignore[arg-type]


@lru_cache(maxsize=4_096)
def _shared_guard(guard: Guard) -> Guard:
    """Return the one copy of `guard`, which then stays in the processor's cache."""
    return guard


@lru_cache(maxsize=4_096)
def _shared_key(key: Key) -> Key:
    """Return the one copy of `key`."""
    return key


def _has_more_than_keys(one: Conjunction) -> bool:
    """Return whether the conjunction asks for anything besides the values it is indexed under and its lower bounds."""
    return (
        bool(one.no_tickers or one.no_topics or one.no_event_types)
        or len(one.topics) > 1
        or len(one.event_types) > 1
        or any(high != float("inf") for _, high in (one.impact_score, one.confidence, one.novelty, one.relevance))
    )
