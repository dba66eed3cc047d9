"""The conditions of a rule, and what they mean: the reference that the index must agree with."""

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.matching.impact_facts import Facts

MAX_DEPTH = 5
MAX_CONDITIONS = 200
# Linting and indexing cost up to this per condition, in characters of hostile text (see `off_loop_if_large`).
CHARACTERS_PER_CONDITION = 5_000


@dataclass(frozen=True, slots=True)
class Condition:
    """A conjunction: every field that is set must hold.

    Notes
    -----
    `tickers`, `topics` and `event_types` hold when the impact has any of the values; the `min_…` are inclusive.
    `all_of` asks for every one of its conditions, `any_of` for one at least, `none_of` (the wire's `not`) for its
    condition to be false. A condition without any field holds always.
    """

    tickers: frozenset[str] | None = None
    topics: frozenset[str] | None = None
    event_types: frozenset[str] | None = None
    direction: str | None = None
    basis: str | None = None
    horizon_days: int | None = None
    sentiment: str | None = None
    min_impact_score: float | None = None
    min_confidence: float | None = None
    min_novelty: float | None = None
    min_relevance: float | None = None
    all_of: tuple["Condition", ...] = ()
    any_of: tuple["Condition", ...] = ()
    none_of: "Condition | None" = None

    def children(self) -> Iterator["Condition"]:
        """Yield the conditions directly inside this one."""
        yield from self.all_of
        yield from self.any_of
        if self.none_of is not None:
            yield self.none_of


def holds(condition: Condition, facts: Facts) -> bool:
    """Return whether `facts` satisfy `condition`, by walking it."""
    return _fields_hold(condition, facts) and _combinations_hold(condition, facts)


def _fields_hold(condition: Condition, facts: Facts) -> bool:
    return (
        (condition.tickers is None or facts.ticker in condition.tickers)
        and (condition.topics is None or not condition.topics.isdisjoint(facts.topics))
        and (condition.event_types is None or not condition.event_types.isdisjoint(facts.event_types))
        and (condition.direction is None or condition.direction == facts.direction)
        and (condition.basis is None or condition.basis == facts.basis)
        and (condition.horizon_days is None or condition.horizon_days == facts.horizon_days)
        and (condition.sentiment is None or condition.sentiment == facts.sentiment)
        and (condition.min_impact_score is None or facts.impact_score >= condition.min_impact_score)
        and (condition.min_confidence is None or facts.confidence >= condition.min_confidence)
        and (condition.min_novelty is None or facts.novelty >= condition.min_novelty)
        and (condition.min_relevance is None or facts.relevance >= condition.min_relevance)
    )


def _combinations_hold(condition: Condition, facts: Facts) -> bool:
    if condition.all_of and not all(holds(each, facts) for each in condition.all_of):
        return False
    if condition.any_of and not any(holds(each, facts) for each in condition.any_of):
        return False
    return condition.none_of is None or not holds(condition.none_of, facts)


def depth(condition: Condition) -> int:
    """Return how many conditions are nested in one another, 1 for a flat one."""
    return 1 + max((depth(child) for child in condition.children()), default=0)


def size(condition: Condition) -> int:
    """Return how many conditions there are, `condition` included."""
    return 1 + sum(size(child) for child in condition.children())
