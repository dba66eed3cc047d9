"""Why a rule matched an impact or did not: one line for every condition, none left out."""

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.matching.conditions import Condition, holds
from alerts.matching.impact_facts import Facts

Value = str | int | float | list[str]

_MEMBERSHIP = (("tickers", "ticker"), ("topics", "topics"), ("event_types", "event_types"))
_EQUALITY = ("direction", "basis", "horizon_days", "sentiment")
_THRESHOLDS = (
    ("min_impact_score", "impact_score"),
    ("min_confidence", "confidence"),
    ("min_novelty", "novelty"),
    ("min_relevance", "relevance"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One condition held against one impact.

    Notes
    -----
    `path` names the condition as in the rule (`any[1].min_confidence`). `required` and `actual` are absent for
    combinations, whose parts have lines of their own.
    """

    path: str
    satisfied: bool
    required: Value | None = None
    actual: Value | None = None


def explain(condition: Condition, facts: Facts, path: str = "") -> list[Outcome]:
    """Return the outcome of each condition, in the rule's order; empty for a rule that asks for nothing."""
    return [*_fields(condition, facts, path), *_combinations(condition, facts, path)]


def _fields(condition: Condition, facts: Facts, path: str) -> Iterator[Outcome]:
    for name, attribute in _MEMBERSHIP:
        required = getattr(condition, name)
        if required is not None:
            actual = getattr(facts, attribute)
            shown = sorted(actual) if isinstance(actual, frozenset) else actual
            found = frozenset((actual,)) if isinstance(actual, str) else actual
            yield Outcome(path + name, not required.isdisjoint(found), sorted(required), shown)
    for name in _EQUALITY:
        required = getattr(condition, name)
        if required is not None:
            actual = getattr(facts, name)
            yield Outcome(path + name, required == actual, required, actual)
    for name, attribute in _THRESHOLDS:
        required = getattr(condition, name)
        if required is not None:
            actual = getattr(facts, attribute)
            yield Outcome(path + name, actual >= required, required, actual)


def _combinations(condition: Condition, facts: Facts, path: str) -> Iterator[Outcome]:
    if condition.all_of:
        yield Outcome(f"{path}all", all(holds(each, facts) for each in condition.all_of))
        for position, each in enumerate(condition.all_of):
            yield from explain(each, facts, f"{path}all[{position}].")
    if condition.any_of:
        yield Outcome(f"{path}any", any(holds(each, facts) for each in condition.any_of))
        for position, each in enumerate(condition.any_of):
            yield from explain(each, facts, f"{path}any[{position}].")
    if condition.none_of is not None:
        yield Outcome(f"{path}not", not holds(condition.none_of, facts))
        yield from explain(condition.none_of, facts, f"{path}not.")
