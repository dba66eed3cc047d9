"""An explanation has a line for every condition and agrees with the evaluation."""

from hypothesis import given, settings

from alerts.matching.conditions import Condition, holds
from alerts.matching.explanation import explain
from tests.unit.alerts.strategies import conditions, facts, flat_conditions
from tests.unit.alerts.test_rule_index import TESLA_FALLS


def test_each_condition_is_explained_with_what_it_asked_for_and_found():
    condition = Condition(
        topics=frozenset({"mergers"}), any_of=(Condition(min_confidence=0.9), Condition(direction="down"))
    )

    outcomes = explain(condition, TESLA_FALLS)

    assert [(each.path, each.satisfied, each.required, each.actual) for each in outcomes] == [
        ("topics", False, ["mergers"], ["earnings"]),
        ("any", True, None, None),
        ("any[0].min_confidence", False, 0.9, 0.6),
        ("any[1].direction", True, "down", "down"),
    ]


@settings(max_examples=40, deadline=None)
@given(flat_conditions, facts)
def test_a_flat_rule_matches_exactly_when_every_line_is_satisfied(condition, asked):
    assert all(outcome.satisfied for outcome in explain(condition, asked)) is holds(condition, asked)


@settings(max_examples=40, deadline=None)
@given(conditions, facts)
def test_a_rule_matches_exactly_when_its_outermost_lines_are_satisfied(condition, asked):
    outermost = [outcome.satisfied for outcome in explain(condition, asked) if "." not in outcome.path]

    assert all(outermost) is holds(condition, asked)
