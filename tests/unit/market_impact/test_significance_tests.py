"""Each test of the battery on numbers worked by hand or known from scipy."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from market_impact.event_studies.event_correlation import mean_event_correlation
from market_impact.event_studies.multiple_testing import benjamini_hochberg, holm
from market_impact.event_studies.nonparametric_tests import (
    generalised_sign_test,
    permutation_tests,
    positive_share,
    sign_test,
    wilcoxon_test,
)
from market_impact.event_studies.parametric_tests import (
    boehmer_musumeci_poulsen,
    cross_sectional_t,
    kolari_pynnonen,
    patell_z,
)
from market_impact.event_studies.rank_tests import rank_scores, sign_scores
from market_impact.event_studies.ranks import average_ranks
from market_impact.event_studies.significance import UNDEFINED

VALUES = np.array([0.01, 0.03, -0.01, 0.05, 0.02])


def test_cross_sectional_t_is_the_one_sample_t() -> None:
    found = cross_sectional_t(VALUES)

    expected = stats.ttest_1samp(VALUES, 0.0)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.df == 4


def test_cross_sectional_t_needs_two_events_that_differ() -> None:
    assert cross_sectional_t(np.array([0.01, np.nan, 0.03])).statistic == pytest.approx(2.0)
    assert cross_sectional_t(np.array([0.01, np.inf, 0.03])).df == 1
    assert cross_sectional_t(np.array([0.01])) == UNDEFINED
    assert cross_sectional_t(np.array([0.25, 0.25])) == UNDEFINED


def test_patell_divides_by_the_variance_of_student() -> None:
    standardised = np.array([1.0, 2.0, -0.5])

    found = patell_z(standardised, np.array([98.0, 98.0, 48.0]))

    assert found.statistic == pytest.approx(2.5 / sqrt(98 / 96 + 98 / 96 + 48 / 46))
    assert found.p_value == pytest.approx(2 * stats.norm.sf(found.statistic))
    assert found.df is None


def test_patell_leaves_out_what_has_no_variance() -> None:
    standardised = np.array([1.0, 2.0, 4.0, np.nan])

    found = patell_z(standardised, np.array([3.0, 2.0, np.nan, 98.0]))

    assert found.statistic == pytest.approx(1.0 / sqrt(3.0))
    assert patell_z(standardised[1:], np.array([2.0, np.nan, 98.0])) == UNDEFINED


def test_kolari_pynnonen_shrinks_bmp_by_the_correlation() -> None:
    plain = boehmer_musumeci_poulsen(VALUES)

    assert kolari_pynnonen(VALUES, 0.0).statistic == pytest.approx(plain.statistic)
    corrected = kolari_pynnonen(np.append(VALUES, np.nan), 0.1)
    assert corrected.statistic == pytest.approx(plain.statistic * sqrt(0.9 / 1.4))
    assert corrected.p_value == pytest.approx(2 * stats.t.sf(corrected.statistic, 4))
    assert corrected.df == 4


@pytest.mark.parametrize("correlation", [-0.25, -0.3, 1.0, 1.5])
def test_kolari_pynnonen_has_no_answer_for_a_correlation_that_leaves_no_variance(correlation: float) -> None:
    assert kolari_pynnonen(VALUES, correlation) == UNDEFINED


def test_kolari_pynnonen_shrinks_to_almost_nothing_where_events_move_as_one() -> None:
    plain = boehmer_musumeci_poulsen(VALUES)

    assert kolari_pynnonen(VALUES, -0.2).statistic == pytest.approx(plain.statistic * sqrt(1.2 / 0.2))
    assert kolari_pynnonen(VALUES, 0.99).statistic == pytest.approx(plain.statistic * sqrt(0.01 / 4.96))


def test_sign_test_counts() -> None:
    assert sign_test(VALUES).statistic == pytest.approx((4 - 2.5) / sqrt(5 / 4))
    assert generalised_sign_test(VALUES, 0.4).statistic == pytest.approx((4 - 2.0) / sqrt(5 * 0.4 * 0.6))


def test_the_positive_share_is_the_mean_over_events() -> None:
    residuals = np.array([[0.1, -0.1, 0.1, 0.1], [0.1, -0.1, np.nan, np.nan]])

    assert positive_share(residuals) == pytest.approx((0.75 + 0.5) / 2)


def test_a_return_of_zero_is_not_positive() -> None:
    assert positive_share(np.array([[0.0, 0.1]])) == 0.5


def test_an_event_with_one_day_counts_and_one_without_any_does_not() -> None:
    nothing = [np.nan, np.nan]

    assert positive_share(np.array([[0.1, np.nan], [-0.1, 0.1], nothing])) == 0.75
    assert np.isnan(positive_share(np.array([nothing])))


@pytest.mark.parametrize("share", [0.0, 1.0, 1.5, float("nan")])
def test_a_share_that_leaves_no_chance_gives_no_test(share: float) -> None:
    assert generalised_sign_test(np.array([0.1, 0.2, -0.1]), share) == UNDEFINED


def test_the_statistic_of_wilcoxon_is_the_sum_of_ranks_with_and_without_ties() -> None:
    assert wilcoxon_test(np.array([0.1, -0.2, 0.3])).statistic == 4.0
    assert wilcoxon_test(np.array([0.1, -0.1, 0.3])).statistic == 4.5


def test_permutations_of_many_events_are_counted_over_all_chunks() -> None:
    draw = np.random.default_rng(8)
    column = draw.normal(0.08, 1.0, (400, 1))

    (found,) = permutation_tests(column)

    z = column.mean() * sqrt(400) / column.std(ddof=1)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(z)), abs=0.02)
    assert 0.05 < found.p_value < 0.5


def test_a_permutation_of_the_default_seed_is_that_of_zero() -> None:
    column = np.random.default_rng(3).normal(0.4, 1.0, (40, 1))

    assert permutation_tests(column)[0].statistic == pytest.approx(column.mean())
    assert permutation_tests(column) == permutation_tests(column, 0)
    assert permutation_tests(column) != permutation_tests(column, 1)
    assert sign_test(np.array([0.0, 0.1, 0.1, -0.1])).statistic == 0.0


@pytest.mark.parametrize(("n", "method"), [(49, "exact"), (50, "exact"), (51, "asymptotic")])
def test_wilcoxon_is_exact_up_to_fifty_events(n: int, method: str) -> None:
    values = np.random.default_rng(n).normal(0.2, 1.0, n)

    expected = stats.wilcoxon(values, method=method, correction=False)
    assert wilcoxon_test(values).p_value == pytest.approx(expected.pvalue, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1_000), n=st.integers(4, 40))
def test_wilcoxon_agrees_with_scipy(seed: int, n: int) -> None:
    values = np.random.default_rng(seed).normal(0.2, 1.0, n)

    found = wilcoxon_test(values)

    expected = stats.wilcoxon(values, method="exact")
    assert found.p_value == pytest.approx(expected.pvalue)
    assert min(found.statistic, n * (n + 1) / 2 - found.statistic) == pytest.approx(expected.statistic)


def test_wilcoxon_with_ties_takes_the_corrected_normal() -> None:
    values = np.array([1.0, 1.0, -1.0, 2.0, 3.0, -2.0, 4.0, 4.0] * 4)

    expected = stats.wilcoxon(values, method="asymptotic", correction=False)
    assert wilcoxon_test(values).p_value == pytest.approx(expected.pvalue)


def test_permutation_visits_every_assignment_of_few_events() -> None:
    # Only +++ and --- are as extreme: 2 of 8.
    assert permutation_tests(np.array([1.0, 2.0, 3.0])[:, None])[0].p_value == pytest.approx(0.25)


def test_permutation_of_many_events_is_reproducible_and_never_zero() -> None:
    values = np.full(40, 0.01)

    first, again = permutation_tests(values[:, None], 7)[0], permutation_tests(values[:, None], 7)[0]

    assert first == again
    assert first.p_value == pytest.approx(1 / 10_000)


def test_ranks_share_the_mean_of_ties() -> None:
    assert average_ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


def test_corrado_rank_of_one_event_by_hand() -> None:
    # Ranks 1..5 of 5 days, the event's day the largest: scores K / 6 - 1 / 2.
    residuals, abnormal = np.array([[-2.0, -1.0, 0.0, 1.0]]), np.array([[5.0]])

    found = rank_scores(residuals, abnormal).test(0, 0)

    scores = np.arange(1, 6) / 6 - 0.5
    assert found.statistic == pytest.approx(scores[4] / sqrt((scores**2).mean()))


def test_corrado_rank_of_two_days_divides_by_their_root() -> None:
    residuals, abnormal = np.array([[-2.0, -1.0, 0.0, 1.0]]), np.array([[5.0, 4.0]])

    found = rank_scores(residuals, abnormal).test(0, 1)

    scores = np.arange(1, 7) / 7 - 0.5
    assert found.statistic == pytest.approx((scores[5] + scores[4]) / sqrt(2) / sqrt((scores**2).mean()))


def test_corrado_sign_compares_with_the_median() -> None:
    residuals, abnormal = np.array([[-2.0, -1.0, 0.0, 1.0]]), np.array([[5.0]])

    found = sign_scores(residuals, abnormal).test(0, 0)

    assert found.statistic == pytest.approx(1 / sqrt(4 / 5))


def test_days_without_a_return_take_no_rank() -> None:
    residuals, abnormal = np.array([[-2.0, np.nan, 0.0, 1.0]]), np.array([[5.0]])

    scores = rank_scores(residuals, abnormal).scores[0]

    assert np.isnan(scores[1])
    assert np.allclose(scores[[0, 2, 3, 4]], np.arange(1, 5) / 5 - 0.5)


def by_hand(scores: np.ndarray, n_days: int, first: int, last: int) -> float:
    """Return the statistic of `JointScores.test`, one day after the other."""
    daily = []
    for day in scores.T:
        held = day[~np.isnan(day)]
        daily.append(held.sum() / sqrt(len(held)) if len(held) else np.nan)
    known = [value for value in daily if not np.isnan(value)]
    spread = sqrt(sum(value**2 for value in known) / len(known))
    asked = [value for value in daily[len(daily) - n_days :][first : last + 1] if not np.isnan(value)]
    return sum(asked) / sqrt(len(asked)) / spread


@pytest.mark.parametrize("scores_of", [rank_scores, sign_scores])
@pytest.mark.parametrize(("first", "last"), [(0, 0), (1, 2), (0, 3), (2, 2)])
def test_joint_scores_of_events_with_gaps_day_by_day(scores_of, first: int, last: int) -> None:
    generator = np.random.default_rng(8)
    residuals, abnormal = generator.normal(0.0, 1.0, (4, 12)), generator.normal(0.5, 1.0, (4, 4))
    residuals[0, [1, 5]] = residuals[:, 7] = abnormal[1, 2] = residuals[1:, 4] = residuals[3] = abnormal[3] = np.nan

    joint = scores_of(residuals, abnormal)

    found = joint.test(first, last)
    assert joint.n_days == 4
    assert joint.scores.shape == (4, 16)
    assert found.statistic == pytest.approx(by_hand(joint.scores, 4, first, last))
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(found.statistic)))
    assert found.df is None


def test_joint_scores_without_spread_or_without_a_day_have_no_test() -> None:
    still = sign_scores(np.zeros((2, 5)), np.zeros((2, 2)))
    absent = rank_scores(np.array([[1.0, 2.0, 3.0]]), np.array([[4.0, np.nan]]))

    assert still.test(0, 1) == UNDEFINED
    assert absent.test(1, 1) == UNDEFINED
    assert absent.test(0, 1) == absent.test(0, 0) != UNDEFINED
    assert rank_scores(np.full((2, 3), np.nan), np.full((2, 1), np.nan)).test(0, 0) == UNDEFINED


def test_a_sign_is_against_the_median_of_the_events_own_days() -> None:
    residuals = np.array([[1.0, 2.0, np.nan], [np.nan] * 3, [7.0, 9.0, 8.0]])

    scores = sign_scores(residuals, np.array([[3.0], [np.nan], [6.0]])).scores

    assert np.array_equal(scores, [[-1.0, 0.0, np.nan, 1.0], [np.nan] * 4, [-1.0, 1.0, 1.0, -1.0]], equal_nan=True)


def test_a_rank_is_among_the_events_own_days() -> None:
    scores = rank_scores(np.array([[1.0, np.nan], [8.0, 9.0]]), np.array([[3.0], [7.0]])).scores

    assert np.allclose(scores, [[1 / 3 - 0.5, np.nan, 2 / 3 - 0.5], [0.0, 0.25, -0.25]], equal_nan=True)


def test_events_on_one_date_correlate_as_their_residuals_do() -> None:
    generator = np.random.default_rng(3)
    common = generator.normal(size=100)
    residuals = np.array([common + generator.normal(size=100) for _ in range(4)])

    found = mean_event_correlation(residuals, np.array([200] * 4), 3)

    matrix = np.corrcoef(residuals)
    assert found == pytest.approx(matrix[np.triu_indices(4, 1)].mean())


def test_events_far_apart_do_not_correlate_and_half_an_overlap_counts_half() -> None:
    series = np.random.default_rng(4).normal(size=300)
    window = lambda start: series[start : start + 100]  # noqa: E731

    apart = mean_event_correlation(np.array([window(0), window(150)]), np.array([110, 260]), 4)
    half = mean_event_correlation(np.array([window(0), window(2)]), np.array([110, 112]), 4)

    assert apart == 0.0
    assert half == pytest.approx(0.5)


def test_holm_and_benjamini_hochberg_by_hand() -> None:
    p_values = np.array([0.01, 0.04, 0.03, np.nan, 0.20])

    assert np.allclose(holm(p_values), [0.04, 0.09, 0.09, np.nan, 0.20], equal_nan=True)
    assert np.allclose(benjamini_hochberg(p_values), [0.04, 0.16 / 3, 0.16 / 3, np.nan, 0.20], equal_nan=True)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_are_larger_and_holm_is_stricter(p_values: list[float]) -> None:
    given_values = np.array(p_values)

    strict, loose = holm(given_values), benjamini_hochberg(given_values)

    assert (loose >= given_values - 1e-15).all()
    assert (strict >= loose - 1e-12).all()
    assert (strict <= 1.0).all()


@pytest.mark.parametrize("values", [np.array([]), np.array([np.nan, np.nan])])
def test_no_events_leave_every_test_undefined(values: np.ndarray) -> None:
    for found in (
        cross_sectional_t(values),
        patell_z(values, np.full(len(values), 100.0)),
        kolari_pynnonen(values, 0.1),
        sign_test(values),
        wilcoxon_test(values),
        permutation_tests(values[:, None])[0],
    ):
        assert np.isnan(found.statistic)
        assert np.isnan(found.p_value)
