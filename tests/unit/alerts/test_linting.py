"""Rules that cannot do what they say are found out before they run."""

from alerts.matching.conditions import Condition
from alerts.matching.linting import Timing, lint

DEFAULTS = Timing(30.0, 300.0, 14_400.0, 0.0)


def codes(condition: Condition, timing: Timing = DEFAULTS, n_receivers: int = 1) -> list[str]:
    return [finding.code for finding in lint(condition, timing, n_receivers=n_receivers)]


def test_a_sound_rule_has_no_findings():
    assert codes(Condition(tickers=frozenset({"TSLA"}), min_impact_score=60.0)) == []


def test_an_inconsistent_conjunction_never_matches():
    assert codes(Condition(direction="up", all_of=(Condition(direction="down"),))) == ["never_matches"]


def test_a_condition_and_its_negation_never_match():
    condition = Condition(min_impact_score=50.0, none_of=Condition(min_impact_score=40.0))

    assert codes(condition) == ["never_matches"]


def test_disjoint_tickers_never_match():
    condition = Condition(tickers=frozenset({"A"}), all_of=(Condition(tickers=frozenset({"B"})),))

    assert codes(condition)[0] == "never_matches"


def test_a_dead_alternative_is_named():
    dead = Condition(direction="up", none_of=Condition(direction="up"))
    findings = lint(Condition(any_of=(Condition(direction="up"), dead)), DEFAULTS, n_receivers=1)

    assert [(finding.code, finding.path) for finding in findings] == [("contradiction", "when.any[1]")]


def test_a_rule_without_conditions_always_fires():
    assert codes(Condition()) == ["always_fires"]


def test_alternatives_that_cover_everything_always_fire():
    condition = Condition(any_of=tuple(Condition(direction=each) for each in ("up", "down", "flat")))

    assert codes(condition) == ["always_fires"]


def test_a_threshold_of_zero_has_no_effect():
    assert codes(Condition(direction="up", min_confidence=0.0)) == ["no_effect"]


def test_a_repeat_off_the_beat_is_mentioned():
    assert codes(Condition(direction="up"), Timing(0.0, 300.0, 1_000.0, 0.0)) == ["rounded_interval"]


def test_a_rule_without_receivers_is_mentioned():
    assert codes(Condition(direction="up"), n_receivers=0) == ["no_receiver"]


def test_a_condition_nested_too_deeply_is_refused():
    condition = Condition(direction="up")
    for _ in range(6):
        condition = Condition(none_of=condition)

    assert codes(condition) == ["too_complex"]


def test_a_condition_that_never_matches_says_so_even_when_its_parts_are_too_many_to_look_at():
    confident = Condition(any_of=tuple(Condition(min_confidence=each / 10) for each in range(1, 11)))
    novel = Condition(any_of=tuple(Condition(min_novelty=each / 10) for each in range(1, 11)))
    part = Condition(any_of=(Condition(all_of=(confident, novel)),) * 5)
    condition = Condition(direction="up", all_of=(Condition(direction="down"), part))

    assert codes(condition) == ["never_matches", "too_complex"]
