"""From past events to an estimate."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from market_impact.estimation.estimate import PRIORS, Estimates, attenuation, direction, estimate
from market_impact.estimation.impact_score import impact_score
from market_impact.estimation.linking import Link
from market_impact.estimation.past_events import NOTHING, Summary
from market_impact.estimation.posterior import Posterior, posterior_of
from market_impact.estimation.shrinkage import PriorParameters, Sums, t_of_mean, weigh
from tests.builders.market import NOW, analysis

PRIOR = PriorParameters(
    slope=0.0,
    slope_deviation=0.1,
    kind_deviation=0.5,
    ticker_deviation=0.3,
    event_variance=1.0,
    event_variance_events=1e9,
)


def summary(n: int, mean: float, score: float = 0.0) -> Summary:
    """Return n events of one score with mean x and raw return x percent, mean square 1."""
    return Summary(n, n * score, n * score**2, n * score * mean, n * mean, float(n), n * mean / 100, n / 1e4)


def shrink(prior: PriorParameters, score: float, everything: Summary, kind: Summary, own: Summary) -> Posterior:
    link = Link(analysis("a", NOW), "ACME", 1.0, "positive", score, "analyst_upgrade", reports_move=False)
    return posterior_of(weigh(prior, [link], [everything], [kind], [own]))


def one(score: float, everything: Summary, kind: Summary, own: Summary) -> Estimates:
    posterior = shrink(PRIOR, score, everything, kind, own)
    return estimate(posterior, np.array([0.02]), np.array([1.0]), 0.9)


def test_the_mean_of_a_kind_is_shrunken_by_its_number() -> None:
    # s2 / t2 = 1 / 0.25 = 4 events: 12 events of mean 1 count 12 / 16.
    posterior = shrink(PRIOR, 0.0, NOTHING, summary(12, 1.0), NOTHING)

    assert posterior.parts["kind"][0] == pytest.approx(0.75)
    assert posterior.parts["ticker"][0] == 0.0
    assert posterior.variance[0] == pytest.approx(0.25 * 0.25 + 0.09)


def test_own_events_count_beyond_those_of_others_and_not_twice() -> None:
    own = summary(10, 1.0)

    posterior = shrink(PRIOR, 0.0, NOTHING, own, own)

    assert posterior.parts["kind"][0] == 0.0
    assert posterior.parts["ticker"][0] == pytest.approx(10 / (10 + 1 / 0.09))


def test_own_events_count_only_beyond_what_their_kind_explains() -> None:
    own = summary(10, 1.0)

    posterior = shrink(PRIOR, 0.0, NOTHING, own.plus(summary(12, 1.0)), own)

    # The others explain 12 / 16 of the mean of 1; the own events speak for the rest.
    assert posterior.parts["kind"][0] == pytest.approx(0.75)
    assert posterior.parts["ticker"][0] == pytest.approx(0.25 * 10 / (10 + 1 / 0.09))


def test_the_sentiment_slope_is_learned_from_all_news() -> None:
    # Precision 1 / 0.01 + 100: slope 50 / 200.
    everything = summary(100, 0.5, score=1.0)

    posterior = shrink(PRIOR, 0.8, everything, NOTHING, NOTHING)

    assert posterior.parts["sentiment"][0] == pytest.approx(0.8 * 0.25)


def test_news_days_of_more_variance_teach_the_slope_less() -> None:
    # Precision 1 / 0.01 + 100 / 2, to which the data bring 50 / 2.
    posterior = shrink(replace(PRIOR, event_variance=2.0), 0.8, summary(100, 0.5, score=1.0), NOTHING, NOTHING)

    assert posterior.parts["sentiment"][0] == pytest.approx(0.8 * 25 / 150)
    assert posterior.variance[0] == pytest.approx(0.8**2 / 150 + 0.25 + 0.09)


def test_the_slope_is_the_priors_before_any_outcome() -> None:
    posterior = shrink(replace(PRIOR, slope=0.6), 0.5, NOTHING, NOTHING, NOTHING)

    assert posterior.parts["sentiment"][0] == pytest.approx(0.3)
    # What is left of the doubt: the deviation of .1 at a score of .5, and those of kind and ticker.
    assert posterior.variance[0] == pytest.approx(0.1**2 * 0.5**2 + 0.25 + 0.09)
    assert posterior.prior_variance[0] == pytest.approx(posterior.variance[0])


def test_the_priors_slope_is_worth_as_many_events_as_its_deviation_says() -> None:
    # Precision 1 / 0.01 + 100: half of the slope is the prior's .6, half the data's .5.
    posterior = shrink(replace(PRIOR, slope=0.6), 0.8, summary(100, 0.5, score=1.0), NOTHING, NOTHING)

    assert posterior.parts["sentiment"][0] == pytest.approx(0.8 * 0.55)
    assert posterior.variance[0] == pytest.approx(0.8**2 / 200 + 0.25 + 0.09)


def test_the_variance_of_a_news_day_is_learned_from_all_news_and_then_from_its_kind() -> None:
    prior = replace(PRIOR, event_variance=2.0, event_variance_events=10.0)

    posterior = shrink(prior, 0.0, summary(30, 0.0), summary(10, 0.0), NOTHING)

    # All news: (10 * 2 + 30 * 1) / 40 = 1.25; this kind: (10 * 1.25 + 10 * 1) / 20.
    assert posterior.event_variance[0] == pytest.approx(1.125)


def test_a_single_event_has_a_mean_too() -> None:
    # s2 / t2 = 4 events: one event of mean 1 counts 1 / 5.
    assert shrink(PRIOR, 0.0, NOTHING, summary(1, 1.0), NOTHING).parts["kind"][0] == pytest.approx(0.2)


def test_the_sums_without_a_part_are_those_of_the_other_events() -> None:
    some, others = Summary(1, 2, 3, 4, 5, 6, 7, 8), Summary(10, 20, 30, 40, 50, 60, 70, 80)

    left = Sums.of([some.plus(others), some]).without(Sums.of([some, NOTHING]))

    assert np.array(left).T.tolist() == [list(others), list(some)]
    assert {each.dtype for each in Sums.of([some])} == {np.dtype(np.float64)}


def test_the_mean_of_a_kind_is_beyond_what_its_sentiment_explains() -> None:
    # A score of .5 explains .3 of the mean of 1.
    posterior = shrink(replace(PRIOR, slope=0.6), 0.0, NOTHING, summary(12, 1.0, score=0.5), NOTHING)

    assert posterior.parts["kind"][0] == pytest.approx(0.75 * 0.7)


def test_without_evidence_the_estimate_is_the_prior() -> None:
    found = one(0.0, NOTHING, NOTHING, NOTHING)

    assert found.expected_abnormal_return[0] == 0.0
    assert found.p_up[0] == pytest.approx(0.5)
    assert found.impact_score[0] == 0.0
    assert found.confidence[0] == pytest.approx(0.0)


def test_the_interval_holds_the_noise_of_the_day_and_of_the_mean() -> None:
    found = one(0.0, NOTHING, summary(12, 1.0), NOTHING)

    half_width = 1.6448536 * 0.02 * np.sqrt(1.0 + 0.25 * 0.25 + 0.09)
    assert np.log1p(found.high[0]) - np.log1p(found.low[0]) == pytest.approx(2 * half_width)
    assert np.log1p(found.expected_abnormal_return[0]) == pytest.approx(0.02 * 0.75)
    assert np.log1p(found.baseline_high[0]) == pytest.approx(1.6448536 * 0.02)


def test_every_figure_of_an_estimate_by_hand() -> None:
    posterior = Posterior(
        parts={"sentiment": np.array([0.2]), "kind": np.array([0.6])},
        mean=np.array([0.8]),
        variance=np.array([0.2]),
        prior_variance=np.array([0.5]),
        event_variance=np.array([1.5]),
    )

    found = estimate(posterior, np.array([0.02]), np.array([0.5]), 0.9)

    # Half of the effect arrives, and so does a quarter of the variance of its mean.
    spread = np.sqrt(1.5 + 0.25 * 0.2)
    center, half_width, baseline = 0.4 * 0.02, 1.6448536 * 0.02 * spread, 1.6448536 * 0.02 * np.sqrt(1.5)
    p_up = stats.norm.cdf(0.4 / spread)
    assert found.effect[0] == pytest.approx(0.4)
    assert found.expected_abnormal_return[0] == pytest.approx(np.exp(center) - 1)
    assert found.low[0] == pytest.approx(np.exp(center - half_width) - 1)
    assert found.high[0] == pytest.approx(np.exp(center + half_width) - 1)
    assert found.baseline_low[0] == pytest.approx(np.exp(-baseline) - 1)
    assert found.baseline_high[0] == pytest.approx(np.exp(baseline) - 1)
    assert found.p_up[0] == pytest.approx(p_up)
    assert found.impact_score[0] == pytest.approx(100 * np.sqrt((1 - np.exp(-0.8)) * (2 * p_up - 1)))
    assert found.confidence[0] == pytest.approx(0.6)
    assert {name: part[0] for name, part in found.parts.items()} == pytest.approx({"sentiment": 0.1, "kind": 0.3})


def test_more_evidence_gives_more_confidence() -> None:
    few, many = one(0.0, NOTHING, summary(3, 1.0), NOTHING), one(0.0, NOTHING, summary(300, 1.0), NOTHING)

    assert 0.0 < few.confidence[0] < many.confidence[0] < 1.0


@given(effect=st.floats(-10, 10), p_up=st.floats(0, 1))
def test_the_score_is_between_0_and_100(effect: float, p_up: float) -> None:
    assert 0.0 <= float(impact_score(np.array([effect]), np.array([p_up]))[0]) <= 100.0


def test_the_score_grows_with_size_and_with_certainty() -> None:
    scores = impact_score(np.array([0.3, 1.0, 1.0, -1.0, 0.0]), np.array([0.6, 0.6, 0.8, 0.2, 0.9]))

    assert scores[0] < scores[1] < scores[2]
    assert scores[2] == pytest.approx(scores[3])
    assert scores[4] == 0.0


def test_the_score_of_an_effect_on_a_day_of_twice_the_usual_variance() -> None:
    effect = np.array([0.3, 1.0, 2.0])

    assert impact_score(effect, stats.norm.cdf(effect / np.sqrt(2.0))).round().tolist() == [28, 67, 91]


def test_novelty_counts_only_for_what_is_left_to_act_on() -> None:
    assert attenuation("reaction", 0.5, 0.2) == 0.5
    assert attenuation("after", 0.5, 0.2) == pytest.approx(0.1)


def test_a_tiny_effect_points_nowhere() -> None:
    assert [direction(effect) for effect in (-0.5, -0.05, 0.05, 0.5)] == ["down", "flat", "flat", "up"]
    assert [direction(effect) for effect in (-0.1, -0.0999, 0.0999, 0.1)] == ["down", "flat", "flat", "up"]


def test_what_is_left_after_the_open_is_believed_to_be_nothing() -> None:
    assert PRIORS["after"].slope == 0.0
    assert PRIORS["after"].kind_deviation < PRIORS["reaction"].kind_deviation


def test_t_of_the_mean_needs_two_events_and_spread() -> None:
    values = np.array([0.01, 0.03, -0.01])
    sums = Summary(3, c=float(values.sum()), cc=float((values**2).sum()))

    assert t_of_mean(sums) == pytest.approx(values.mean() / (values.std(ddof=1) / np.sqrt(3)))
    assert t_of_mean(Summary(2, c=0.21, cc=0.0221)) == pytest.approx(0.105 / 0.005)
    assert t_of_mean(Summary(1, c=0.01, cc=0.0001)) is None
    assert t_of_mean(Summary(3, c=0.03, cc=0.0003)) is None
    assert t_of_mean(Summary(3, c=0.0, cc=0.0)) is None


def test_a_spread_above_the_rounding_error_counts() -> None:
    values = np.array([0.01, 0.01 + 2e-8])

    assert t_of_mean(Summary(2, c=float(values.sum()), cc=float((values**2).sum()))) == pytest.approx(1e6, rel=1e-3)
