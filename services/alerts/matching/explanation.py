"""Why a rule matched an impact or did not: the result of every condition."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerts.matching.conditions import FIELDS, Condition, ConditionField, Value, holds
from alerts.matching.impact_facts import Facts

Shown = str | int | float | list[str]


@dataclass(frozen=True, slots=True)
class ConditionOutcome:
    """One condition held against one impact.

    Notes
    -----
    `path` names the condition as in the rule (`any[1].min_confidence`). `required` and `actual` are absent for
    combinations, whose parts have lines of their own.
    """

    path: str
    satisfied: bool
    required: Shown | None = None
    actual: Shown | None = None


def explain(
    condition: Condition, facts: Facts, path: str = "", *, fields: Sequence[ConditionField] = FIELDS
) -> list[ConditionOutcome]:
    """Return the outcome of each condition, in the rule's order; empty for a rule that asks for nothing.

    Parameters
    ----------
    fields : what a condition may ask for
    """
    return [*_own_fields(condition, facts, path, fields), *_combinations(condition, facts, path, fields)]


def _own_fields(
    condition: Condition, facts: Facts, path: str, fields: Sequence[ConditionField]
) -> Iterator[ConditionOutcome]:
    for field in fields:
        required = getattr(condition, field.name)
        if required is not None:
            actual = getattr(facts, field.fact)
            yield ConditionOutcome(path + field.name, field.is_met(required, actual), _shown(required), _shown(actual))


def _shown(value: Value) -> Shown:
    return sorted(value) if isinstance(value, frozenset) else value


def _combinations(
    condition: Condition, facts: Facts, path: str, fields: Sequence[ConditionField]
) -> Iterator[ConditionOutcome]:
    if condition.all_of:
        yield ConditionOutcome(f"{path}all", all(holds(each, facts) for each in condition.all_of))
        for position, each in enumerate(condition.all_of):
            yield from explain(each, facts, f"{path}all[{position}].", fields=fields)
    if condition.any_of:
        yield ConditionOutcome(f"{path}any", any(holds(each, facts) for each in condition.any_of))
        for position, each in enumerate(condition.any_of):
            yield from explain(each, facts, f"{path}any[{position}].", fields=fields)
    if condition.none_of is not None:
        yield ConditionOutcome(f"{path}not", not holds(condition.none_of, facts))
        yield from explain(condition.none_of, facts, f"{path}not.", fields=fields)
