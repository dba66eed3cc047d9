"""The index gives exactly the answer of asking every rule."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.matching.conditions import Condition, holds
from alerts.matching.impact_facts import Facts
from alerts.matching.normal_form import TooManyConjunctions, conjunctions
from alerts.matching.rule_index import RuleIndex
from tests.unit.alerts.strategies import conditions, facts

TESLA_FALLS = Facts(
    ticker="TSLA",
    topics=frozenset({"earnings"}),
    event_types=frozenset({"guidance_cut"}),
    direction="down",
    basis="after",
    horizon_days=1,
    sentiment="negative",
    impact_score=80.0,
    confidence=0.6,
    novelty=1.0,
    relevance=0.9,
)


def naive(rules: dict[int, Condition], asked: Facts) -> list[int]:
    return [rule for rule, condition in rules.items() if holds(condition, asked)]


def indexed(rules: dict[int, Condition]) -> RuleIndex[int]:
    index: RuleIndex[int] = RuleIndex()
    for rule, condition in rules.items():
        index.add(rule, condition)
    return index


@settings(max_examples=40, deadline=None)
@given(st.lists(conditions, max_size=6), st.lists(facts, min_size=1, max_size=3))
def test_the_index_finds_what_asking_every_rule_finds(rules, asked):
    numbered = dict(enumerate(rules))

    index = indexed(numbered)

    assert [sorted(index.matching(each)) for each in asked] == [naive(numbered, each) for each in asked]


@settings(max_examples=20, deadline=None)
@given(st.lists(conditions, min_size=1, max_size=5), st.data())
def test_a_discarded_rule_is_found_no_more_and_leaves_the_others(rules, data):
    numbered = dict(enumerate(rules))
    index = indexed(numbered)
    asked = data.draw(facts)

    for gone in data.draw(st.sets(st.sampled_from(sorted(numbered)))):
        index.discard(gone)
        del numbered[gone]

    assert sorted(index.matching(asked)) == naive(numbered, asked)
    assert len(index) == len(numbered)


def test_an_index_whose_rules_are_all_discarded_holds_nothing():
    index = indexed({1: Condition(tickers=frozenset({"TSLA"}), direction="down"), 2: Condition()})

    index.discard(1)
    index.discard(2)
    index.discard(2)

    assert index._buckets == index._shapes == index._entries == {}
    assert len(index) == 0


def test_adding_a_rule_again_replaces_its_condition():
    index = indexed({1: Condition(tickers=frozenset({"TSLA"}))})

    index.add(1, Condition(tickers=frozenset({"AAPL"})))

    assert index.matching(TESLA_FALLS) == []
    assert index.matching(replace(TESLA_FALLS, ticker="AAPL")) == [1]


def test_a_threshold_is_inclusive():
    index = indexed({1: Condition(min_impact_score=80.0), 2: Condition(min_impact_score=80.1)})

    assert index.matching(TESLA_FALLS) == [1]


def test_a_rule_found_by_two_topics_is_reported_once():
    rule = Condition(topics=frozenset({"earnings", "macro"}))

    index = indexed({1: rule})

    assert index.matching(replace(TESLA_FALLS, topics=frozenset({"earnings", "macro"}))) == [1]


def test_a_rule_with_very_many_values_is_checked_instead_of_filed():
    tickers = frozenset(f"T{number}" for number in range(600))
    rule = Condition(tickers=tickers, topics=frozenset({"earnings", "macro"}), direction="down")

    index = indexed({1: rule})

    assert index.matching(replace(TESLA_FALLS, ticker="T7")) == [1]
    assert index.matching(replace(TESLA_FALLS, ticker="T7", topics=frozenset({"mergers"}))) == []


def test_a_rule_that_multiplies_out_too_far_is_still_found():
    pairs = tuple(
        Condition(any_of=(Condition(topics=frozenset({f"a{n}"})), Condition(topics=frozenset({f"b{n}"}))))
        for n in range(9)
    )
    rule = Condition(all_of=pairs)
    topics = frozenset(f"a{n}" for n in range(9))

    index = indexed({1: rule})

    assert index.matching(replace(TESLA_FALLS, topics=topics)) == [1]
    assert index.matching(TESLA_FALLS) == []


def test_many_kinds_of_rules_in_one_place_are_told_apart():
    rules = {
        number: Condition(tickers=frozenset({"TSLA"}), direction=direction, basis=basis, horizon_days=horizon)
        for number, (direction, basis, horizon) in enumerate(
            (direction, basis, horizon)
            for direction in (None, "up", "down")
            for basis in (None, "after", "reaction")
            for horizon in (None, 1, 5)
        )
    }

    index = indexed(rules)

    assert sorted(index.matching(TESLA_FALLS)) == naive(rules, TESLA_FALLS)
    assert len(index.matching(TESLA_FALLS)) == 8


@settings(max_examples=40, deadline=None)
@given(conditions, facts)
def test_boxes_and_the_boxes_of_the_negation_part_the_world(condition, asked):
    try:
        inside, outside = conjunctions(condition), conjunctions(condition, negated=True)
    except TooManyConjunctions:
        return

    assert any(conjunction.admits(asked) for conjunction in inside) is holds(condition, asked)
    assert any(conjunction.admits(asked) for conjunction in outside) is not holds(condition, asked)
