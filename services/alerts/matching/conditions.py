"""The conditions of a rule, and what they mean: the reference that the index must agree with.

`FIELDS` is the table of what a condition may ask for. Explanations, remarks on rules, the wire and the domains of the
normal form are read off it. What runs for every impact spells the fields out, as a loop over the table takes several
times as long; a test holds it to the table.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from alerts.matching.impact_facts import Facts

MAX_DEPTH = 5
MAX_CONDITIONS = 200
# Linting and indexing cost up to this per condition, in characters of hostile text (see `off_loop_if_large`).
CHARACTERS_PER_CONDITION = 5_000

DIRECTIONS: Final = frozenset({"up", "down", "flat"})
BASES: Final = frozenset({"reaction", "after"})
SENTIMENTS: Final = frozenset({"positive", "neutral", "negative"})
HORIZONS: Final = frozenset(range(1, 251))

# What a condition asks for, and what an impact has: a value, or several of which one must be met.
Value: TypeAlias = str | int | float | frozenset[str]


@dataclass(frozen=True, slots=True)
class ConditionField(ABC):
    """One thing that a condition may ask for: its name there, and the fact of the impact that it looks at."""

    name: str
    fact: str

    @abstractmethod
    def is_met(self, required: Value, actual: Value) -> bool:
        """Return whether the fact `actual` is what the condition asks for."""


@dataclass(frozen=True, slots=True)
class Membership(ConditionField):
    """One of the values that the impact has must be among those that are asked for."""

    def is_met(self, required: Value, actual: Value) -> bool:
        """Return whether the two have a value in common."""
        return not _several(required).isdisjoint(_several(actual))


@dataclass(frozen=True, slots=True)
class Equality(ConditionField):
    """The impact must have this one of `values`, which are all there are."""

    values: frozenset[str] | frozenset[int]

    def is_met(self, required: Value, actual: Value) -> bool:
        """Return whether the two are the same."""
        return required == actual


@dataclass(frozen=True, slots=True)
class Threshold(ConditionField):
    """The impact must have at least this much, of a number from 0 to `maximum`."""

    maximum: float

    def is_met(self, required: Value, actual: Value) -> bool:
        """Return whether the number is not below the threshold."""
        return isinstance(required, (int, float)) and isinstance(actual, (int, float)) and actual >= required


def _several(value: Value) -> frozenset[object]:
    return frozenset(value) if isinstance(value, frozenset) else frozenset((value,))


# In the order in which explanations list them.
FIELDS: Final[tuple[ConditionField, ...]] = (
    Membership("tickers", "ticker"),
    Membership("topics", "topics"),
    Membership("event_types", "event_types"),
    Equality("direction", "direction", DIRECTIONS),
    Equality("basis", "basis", BASES),
    Equality("horizon_days", "horizon_days", HORIZONS),
    Equality("sentiment", "sentiment", SENTIMENTS),
    Threshold("min_impact_score", "impact_score", 100.0),
    Threshold("min_confidence", "confidence", 1.0),
    Threshold("min_novelty", "novelty", 1.0),
    Threshold("min_relevance", "relevance", 1.0),
)


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
