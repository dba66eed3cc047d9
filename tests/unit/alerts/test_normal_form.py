"""Conditions as conjunctions: what a conjunction admits, when it is empty, and what multiplying out costs."""

from dataclasses import fields, replace

import pytest

from alerts.matching.conditions import Condition
from alerts.matching.impact_facts import Facts
from alerts.matching.normal_form import MAX_CONJUNCTIONS, Conjunction, TooManyConjunctions, Work, conjunctions

FACTS = Facts(
    ticker="TSLA",
    topics=frozenset({"earnings", "macro"}),
    event_types=frozenset({"guidance_cut", "lawsuit"}),
    direction="down",
    basis="after",
    horizon_days=5,
    sentiment="negative",
    impact_score=70.0,
    confidence=0.7,
    novelty=0.7,
    relevance=0.7,
)
# A conjunction around the facts, and for each of its sides a fact beyond it.
AROUND = Conjunction(
    tickers=frozenset({"TSLA", "F"}),
    no_tickers=frozenset({"F"}),
    topics=frozenset({frozenset({"earnings", "mergers"}), frozenset({"macro"})}),
    no_topics=frozenset({"energy"}),
    event_types=frozenset({frozenset({"guidance_cut"}), frozenset({"lawsuit", "fine"})}),
    no_event_types=frozenset({"merger"}),
    direction=frozenset({"down"}),
    basis=frozenset({"after"}),
    sentiment=frozenset({"negative"}),
    horizon_days=frozenset({5}),
    impact_score=(70.0, 70.5),
    confidence=(0.7, 0.75),
    novelty=(0.7, 0.75),
    relevance=(0.7, 0.75),
)
UP, DOWN, AFTER = Condition(direction="up"), Condition(direction="down"), Condition(basis="after")


@pytest.mark.parametrize(
    "beyond",
    [
        {"ticker": "GM"},
        {"ticker": "F"},
        {"topics": frozenset({"earnings"})},
        {"topics": frozenset({"macro"})},
        {"topics": frozenset({"earnings", "macro", "energy"})},
        {"event_types": frozenset({"guidance_cut"})},
        {"event_types": frozenset({"lawsuit"})},
        {"event_types": frozenset({"guidance_cut", "fine", "merger"})},
        {"direction": "up"},
        {"basis": "reaction"},
        {"sentiment": "neutral"},
        {"horizon_days": 1},
        *(
            {name: low}
            for name, low in [("impact_score", 69.9), ("confidence", 0.69), ("novelty", 0.69), ("relevance", 0.69)]
        ),
        *(
            {name: high}
            for name, high in [("impact_score", 70.5), ("confidence", 0.75), ("novelty", 0.75), ("relevance", 0.75)]
        ),
    ],
    ids=str,
)
def test_a_box_admits_what_lies_within_all_its_sides(beyond: dict[str, object]) -> None:
    assert AROUND.admits(FACTS)
    assert not AROUND.admits(replace(FACTS, **beyond))


@pytest.mark.parametrize(
    "closed",
    [
        {"tickers": frozenset()},
        {"direction": frozenset()},
        {"basis": frozenset()},
        {"sentiment": frozenset()},
        {"horizon_days": frozenset()},
        {"topics": frozenset({frozenset({"energy"}), frozenset({"macro"})})},
        {"event_types": frozenset({frozenset({"merger"}), frozenset({"lawsuit"})})},
        {"impact_score": (70.0, 70.0)},
        {"confidence": (0.7, 0.7)},
        {"novelty": (0.7, 0.7)},
        {"relevance": (0.7, 0.7)},
    ],
    ids=str,
)
def test_a_box_with_one_side_closed_is_empty(closed: dict[str, frozenset[str]]) -> None:
    assert not AROUND.is_empty()
    assert replace(AROUND, **closed).is_empty()


def test_the_meeting_of_two_conditions_has_every_side_of_both() -> None:
    first = Condition(
        tickers=frozenset({"A", "B", "C"}),
        topics=frozenset({"earnings"}),
        event_types=frozenset({"lawsuit"}),
        min_impact_score=40.0,
        min_confidence=0.5,
        none_of=Condition(min_novelty=0.8),
    )
    second = Condition(
        tickers=frozenset({"B", "C", "D"}),
        topics=frozenset({"macro"}),
        event_types=frozenset({"fine"}),
        min_impact_score=50.0,
        min_confidence=0.4,
        min_novelty=0.2,
        none_of=Condition(min_relevance=0.9),
    )

    (met,) = conjunctions(
        Condition(direction="up", basis="after", horizon_days=5, sentiment="positive", all_of=(first, second))
    )

    assert met == Conjunction(
        tickers=frozenset({"B", "C"}),
        topics=frozenset({frozenset({"earnings"}), frozenset({"macro"})}),
        event_types=frozenset({frozenset({"lawsuit"}), frozenset({"fine"})}),
        direction=frozenset({"up"}),
        basis=frozenset({"after"}),
        sentiment=frozenset({"positive"}),
        horizon_days=frozenset({5}),
        impact_score=(50.0, float("inf")),
        confidence=(0.5, float("inf")),
        novelty=(0.2, 0.8),
        relevance=(0.0, 0.9),
    )


@pytest.mark.parametrize(
    ("name", "excluded"), [("tickers", "no_tickers"), ("topics", "no_topics"), ("event_types", "no_event_types")]
)
def test_what_two_conditions_exclude_is_excluded_by_both(name: str, excluded: str) -> None:
    one, other = (Condition(**{name: frozenset({value})}) for value in ("a", "b"))

    (met,) = conjunctions(Condition(any_of=(one, other)), negated=True)

    assert met == Conjunction(**{excluded: frozenset({"a", "b"})})


def test_tickers_that_are_asked_for_need_no_exclusions() -> None:
    asked = Condition(tickers=frozenset({"A", "B"}), none_of=Condition(tickers=frozenset({"B", "C"})))

    assert conjunctions(asked) == [Conjunction(tickers=frozenset({"A"}))]


def test_a_negation_is_a_box_for_each_part_that_may_be_false() -> None:
    condition = Condition(tickers=frozenset({"A"}), direction="up", min_novelty=0.4, all_of=(AFTER,), none_of=DOWN)

    assert conjunctions(condition, negated=True) == [
        Conjunction(no_tickers=frozenset({"A"})),
        Conjunction(direction=frozenset({"down", "flat"})),
        Conjunction(novelty=(0.0, 0.4)),
        Conjunction(basis=frozenset({"reaction"})),
        Conjunction(direction=frozenset({"down"})),
    ]


# What each condition costs: 1 for each conjunction that is made or kept, and for each meeting what the two weigh.
COSTS = [
    (UP, 1),
    (Condition(direction="up", all_of=(AFTER,)), 1 + 1 + (2 + 1)),
    (Condition(direction="up", any_of=(AFTER, DOWN)), 1 + 2 * (1 + 1) + 2 * (2 + 1)),
    (Condition(direction="up", none_of=AFTER), 1 + 1 + (2 + 1)),
]
NEGATED_COSTS = [
    (UP, 1),
    (Condition(direction="up", all_of=(AFTER,)), 1 + (1 + 1)),
    (Condition(direction="up", none_of=AFTER), 1 + (1 + 1)),
    (Condition(direction="up", any_of=(AFTER, DOWN)), 1 + (1 + 2 + 1) + (1 + 2 + 1) + 1),
]


@pytest.mark.parametrize(
    ("condition", "negated", "cost"),
    [
        *((condition, False, cost) for condition, cost in COSTS),
        *((condition, True, cost) for condition, cost in NEGATED_COSTS),
    ],
)
def test_multiplying_out_costs_what_is_looked_at_and_no_more_is_spent_than_there_is(
    condition: Condition, negated: bool, cost: int
) -> None:
    assert conjunctions(condition, negated=negated, work=Work(cost)) == conjunctions(condition, negated=negated)
    with pytest.raises(TooManyConjunctions):
        conjunctions(condition, negated=negated, work=Work(cost - 1))


@pytest.mark.parametrize("name", ["tickers", "topics", "event_types"])
@pytest.mark.parametrize("negated", [False, True])
def test_a_hundred_members_cost_as_much_as_a_box(name: str, negated: bool) -> None:
    few, many = (Condition(**{name: frozenset(f"member {n}" for n in range(size))}) for size in (99, 100))

    conjunctions(few, negated=negated, work=Work(1))
    conjunctions(many, negated=negated, work=Work(2))
    with pytest.raises(TooManyConjunctions):
        conjunctions(many, negated=negated, work=Work(1))


def test_members_of_all_sides_are_counted_together() -> None:
    halves = {name: frozenset(f"{name} {n}" for n in range(34)) for name in ("tickers", "topics", "event_types")}

    conjunctions(Condition(**halves), work=Work(2))
    with pytest.raises(TooManyConjunctions):
        conjunctions(Condition(**halves), work=Work(1))


def test_as_many_boxes_as_the_limit_are_kept_and_equal_ones_count_once() -> None:
    each = [Condition(tickers=frozenset({f"T{n}"})) for n in range(MAX_CONJUNCTIONS + 1)]

    assert len(conjunctions(Condition(any_of=tuple(each[:-1] * 2)))) == MAX_CONJUNCTIONS
    with pytest.raises(TooManyConjunctions):
        conjunctions(Condition(any_of=tuple(each)))


def test_the_sides_of_a_box_are_those_that_the_tests_close() -> None:
    assert {
        field.name for field in fields(Conjunction) if getattr(AROUND, field.name) != getattr(Conjunction(), field.name)
    } == {field.name for field in fields(Conjunction)}
