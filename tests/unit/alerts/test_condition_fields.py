"""The table of what conditions may ask for: everything that names the fields agrees with it."""

from dataclasses import dataclass, fields, replace
from typing import Any

import pytest
from hypothesis import given

from alerts.matching.conditions import FIELDS, Condition, ConditionField, Equality, Membership, Threshold, holds
from alerts.matching.explanation import explain
from alerts.matching.impact_facts import Facts
from alerts.matching.normal_form import Conjunction, conjunctions
from alerts.matching.rule_index import RuleIndex
from alerts.schemas.rules import When
from tests.unit.alerts import strategies

FACTS = Facts(
    ticker="TSLA",
    topics=frozenset({"earnings"}),
    event_types=frozenset({"guidance_cut"}),
    direction="down",
    basis="after",
    horizon_days=5,
    sentiment="negative",
    impact_score=70.0,
    confidence=0.7,
    novelty=0.7,
    relevance=0.7,
)
_COMBINATIONS = {"all_of", "any_of", "none_of"}


def _met_and_missed(field: ConditionField) -> tuple[Any, Any]:
    """Return what the facts satisfy, and what they do not."""
    actual = getattr(FACTS, field.fact)
    match field:
        case Membership():
            return actual if isinstance(actual, frozenset) else frozenset({actual}), frozenset({"other"})
        case Equality():
            return actual, min(field.values - {actual})
        case Threshold():
            return actual, field.maximum
        case _:
            raise AssertionError(field)


def test_conditions_facts_and_the_wire_have_the_fields_of_the_table() -> None:
    names = [field.name for field in FIELDS]

    assert [each.name for each in fields(Condition) if each.name not in _COMBINATIONS] == names
    assert [each.name for each in fields(Facts)] == [field.fact for field in FIELDS]
    assert [name for name in When.model_fields if name not in {"all", "any", "not_"}] == names
    assert {field.fact for field in FIELDS} - {"ticker"} | {"tickers"} <= {each.name for each in fields(Conjunction)}
    assert set(strategies._FIELDS) == set(names)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_what_is_spelled_out_asks_for_every_field(field: ConditionField) -> None:
    index: RuleIndex[str] = RuleIndex()
    met, missed = (Condition(**{field.name: value}) for value in _met_and_missed(field))
    index.add("met", met)
    index.add("missed", missed)

    assert (holds(met, FACTS), holds(missed, FACTS)) == (True, False)
    assert index.matching(FACTS) == ["met"]
    assert [any(conjunction.admits(FACTS) for conjunction in conjunctions(each)) for each in (met, missed)] == [
        True,
        False,
    ]
    assert [
        any(conjunction.admits(FACTS) for conjunction in conjunctions(each, negated=True)) for each in (met, missed)
    ] == [False, True]


def test_a_box_beyond_the_maximum_of_the_table_is_empty() -> None:
    for field in FIELDS:
        if isinstance(field, Threshold):
            at, beyond = (
                Conjunction(**{field.fact: (low, float("inf"))}) for low in (field.maximum, field.maximum + 0.1)
            )
            assert (at.is_empty(), beyond.is_empty()) == (False, True)


@given(condition=strategies.flat_conditions, facts=strategies.facts)
def test_what_is_spelled_out_means_what_the_table_says(condition: Condition, facts: Facts) -> None:
    asked = [field for field in FIELDS if getattr(condition, field.name) is not None]

    expected = all(field.is_met(getattr(condition, field.name), getattr(facts, field.fact)) for field in asked)

    assert holds(condition, facts) == expected


@dataclass(frozen=True, slots=True)
class FactsWithAuthor(Facts):
    author: str = "wire"


@dataclass(frozen=True, slots=True)
class ConditionWithAuthors(Condition):
    authors: frozenset[str] | None = None


def test_a_field_that_is_added_to_the_table_is_explained_without_another_line() -> None:
    added = (*FIELDS, Membership("authors", "author"))
    facts = FactsWithAuthor(**{each.name: getattr(FACTS, each.name) for each in fields(FACTS)})
    condition = ConditionWithAuthors(
        direction="down", any_of=(ConditionWithAuthors(authors=frozenset({"desk", "wire"})),)
    )

    outcomes = explain(condition, facts, fields=added)
    others = explain(condition, replace(facts, author="blog"), fields=added)

    assert [(each.path, each.satisfied) for each in outcomes] == [
        ("direction", True),
        ("any", True),
        ("any[0].authors", True),
    ]
    assert others[-1].required == ["desk", "wire"]
    assert (others[-1].satisfied, others[-1].actual) == (False, "blog")
