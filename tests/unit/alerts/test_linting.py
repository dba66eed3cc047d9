"""Rules that cannot do what they say are found out before they run."""

import pytest

from alerts.matching.conditions import MAX_CONDITIONS, MAX_DEPTH, Condition
from alerts.matching.linting import Finding, Timing, lint
from alerts.matching.normal_form import conjunctions

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

    findings = lint(condition, DEFAULTS, n_receivers=1)

    assert [finding.code for finding in findings] == ["never_matches", "too_complex"]
    assert findings[1] == Finding("too_complex", "warning", "when", "There are too many parts to check each one.")


def heavy(n_alternatives: int) -> Condition:
    """Return alternatives of a thousand tickers each, nearly the same, so that conjunctions are few and heavy."""
    common = frozenset(f"T{n}" for n in range(999))
    alternatives = (Condition(tickers=common | {f"own {n}"}) for n in range(n_alternatives))
    return Condition(any_of=tuple(Condition(any_of=(each,)) for each in alternatives))


def test_a_condition_and_its_negation_may_cost_as_much_together_as_one_condition():
    condition = heavy(40)

    assert conjunctions(condition)
    assert conjunctions(condition, negated=True)
    assert codes(heavy(20)) == []
    (finding,) = lint(condition, DEFAULTS, n_receivers=1)
    assert finding.message.startswith("The condition expands to too many alternatives")


def test_all_looks_at_the_parts_may_cost_as_much_together_as_one_condition():
    findings = lint(Condition(basis="after", all_of=(heavy(20),)), DEFAULTS, n_receivers=1)

    assert [finding.message for finding in findings] == ["There are too many parts to check each one."]


UP = Condition(direction="up")
ANY_DIRECTION = tuple(Condition(direction=each) for each in ("up", "down", "flat"))
DEAD = Condition(direction="up", none_of=UP)
DOES_NOTHING = Finding("no_effect", "warning", "when.any", "One of the alternatives always holds.")
CONTRADICTS = "This part contradicts itself and can never hold."


@pytest.mark.parametrize(
    ("condition", "findings"),
    [
        (
            Condition(any_of=(DEAD,)),
            [
                Finding("never_matches", "error", "when", "No impact can satisfy these conditions together."),
                Finding("contradiction", "warning", "when.any[0]", CONTRADICTS),
            ],
        ),
        (
            Condition(any_of=(UP, Condition(basis="after", all_of=(Condition(any_of=(UP, DEAD)),)))),
            [Finding("contradiction", "warning", "when.any[1].all[0].any[1]", CONTRADICTS)],
        ),
        (
            Condition(basis="after", any_of=(UP, DEAD, Condition(direction="down", any_of=(UP,)))),
            [
                Finding("contradiction", "warning", "when.any[1]", CONTRADICTS),
                Finding("contradiction", "warning", "when.any[2]", CONTRADICTS),
            ],
        ),
        (
            Condition(any_of=(UP, Condition(basis="after", all_of=(DEAD,)))),
            [Finding("contradiction", "warning", "when.any[1].all[0]", CONTRADICTS)],
        ),
        (Condition(), [Finding("always_fires", "warning", "when", "Every impact satisfies this rule.")]),
        (Condition(basis="after", any_of=ANY_DIRECTION), [DOES_NOTHING]),
        (
            Condition(basis="after", any_of=(*ANY_DIRECTION, DEAD)),
            [Finding("contradiction", "warning", "when.any[3]", CONTRADICTS), DOES_NOTHING],
        ),
        (
            Condition(direction="up", min_relevance=0.0, all_of=(UP, Condition(direction="up", min_novelty=0.0))),
            [
                Finding("no_effect", "warning", "when.min_relevance", "A threshold of 0 admits every impact."),
                Finding("no_effect", "warning", "when.all[1].min_novelty", "A threshold of 0 admits every impact."),
            ],
        ),
    ],
)
def test_a_finding_says_where_the_rule_is_wrong_and_how(condition: Condition, findings: list[Finding]):
    assert lint(condition, DEFAULTS, n_receivers=1) == findings


def nested(levels: int) -> Condition:
    condition = UP
    for _ in range(levels - 1):
        condition = Condition(basis="after", all_of=(condition,))
    return condition


def test_the_limits_of_depth_and_size_are_inclusive_and_an_error_names_the_one_that_is_passed():
    largest = Condition(all_of=(UP,) * (MAX_CONDITIONS - 1))

    too_deep = lint(nested(MAX_DEPTH + 1), DEFAULTS, n_receivers=0)
    too_large = lint(Condition(all_of=(largest,)), DEFAULTS, n_receivers=0)

    assert codes(nested(MAX_DEPTH)) == codes(largest) == []
    assert too_deep == [Finding("too_complex", "error", "when", "The condition has more than 5 levels.")]
    assert too_large == [Finding("too_complex", "error", "when", "The condition has more than 200 conditions.")]


def test_a_condition_that_multiplies_out_too_far_is_mentioned_and_nothing_else_is_said_of_it():
    pairs = tuple(
        Condition(any_of=(Condition(topics=frozenset({f"a{n}"})), Condition(topics=frozenset({f"b{n}"}))))
        for n in range(9)
    )

    findings = lint(Condition(min_novelty=0.0, all_of=pairs), DEFAULTS, n_receivers=1)

    text = "The condition expands to too many alternatives to be indexed: it is evaluated for every impact."
    assert findings == [Finding("too_complex", "warning", "when", text)]


@pytest.mark.parametrize(
    ("group", "repeat", "rounded"),
    [(300.0, 1_000.0, "1200"), (300.0, 200.0, "300"), (1.5, 2.0, "3"), (300.0, 900.0, None), (0.0, 1_000.0, None)],
)
def test_a_repeat_between_two_beats_of_the_group_interval_is_told_when_it_really_happens(group, repeat, rounded):
    findings = lint(UP, Timing(30.0, group, repeat, 0.0), n_receivers=1)

    text = f"Repeats are sent at multiples of the group interval: every {rounded} seconds."
    assert findings == (
        [Finding("rounded_interval", "warning", "repeat_interval_seconds", text)] if rounded is not None else []
    )


def test_a_rule_that_tells_nobody_says_so():
    text = "Alerts are recorded and streamed, but sent to nobody."

    assert lint(UP, DEFAULTS, n_receivers=0) == [Finding("no_receiver", "warning", "receivers", text)]
