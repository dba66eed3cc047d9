"""Sign, signed-rank and permutation tests of abnormal returns: one value per event, NaN for an event without one."""

from collections.abc import Iterator
from math import sqrt

import numpy as np

from market_impact.event_studies.ranks import average_ranks
from market_impact.event_studies.significance import UNDEFINED, Significance, from_normal
from market_impact.prices.arrays import FloatArray

EXACT_WILCOXON_EVENTS = 50
EXACT_PERMUTATION_EVENTS = 14
PERMUTATIONS = 9_999
_CHUNK_CELLS = 1_000_000


def sign_test(values: FloatArray) -> Significance:
    """Return the binomial sign test against an even chance: z = (w - N / 2) / sqrt(N / 4), w events above zero."""
    return generalised_sign_test(values, 0.5)


def positive_share(residuals: FloatArray) -> float:
    """Return the mean over events of the share of days with a positive abnormal return; NaN without any.

    Parameters
    ----------
    residuals : ndarray of shape (n_events, n_days), of the estimation windows, NaN where absent

    References
    ----------
    Cowan (1992), p. 345.
    """
    present = np.isfinite(residuals)
    days = present.sum(axis=1)
    positive = (np.where(present, residuals, 0.0) > 0.0).sum(axis=1)
    return float((positive[days > 0] / days[days > 0]).mean()) if (days > 0).any() else float("nan")


def generalised_sign_test(values: FloatArray, positive_share: float) -> Significance:
    """Return the sign test against the share of positive abnormal returns in the estimation windows.

    Notes
    -----
    z = (w - N p) / sqrt(N p (1 - p)).

    References
    ----------
    Cowan (1992), eq. 1.
    """
    sample = values[np.isfinite(values)]
    n, p = len(sample), positive_share
    if n == 0 or not 0.0 < p < 1.0:
        return UNDEFINED
    return from_normal((int((sample > 0.0).sum()) - n * p) / sqrt(n * p * (1.0 - p)))


def wilcoxon_test(values: FloatArray) -> Significance:
    """Return Wilcoxon's signed-rank test; the statistic is the sum of the ranks of the positive values.

    Notes
    -----
    Zeros are dropped. The p is exact up to 50 events without ties and normal with the tie correction beyond.

    References
    ----------
    Wilcoxon (1945).
    """
    sample = values[np.isfinite(values) & (values != 0.0)]
    n = len(sample)
    if n == 0:
        return UNDEFINED
    magnitudes = np.abs(sample)
    ranks = average_ranks(magnitudes)
    statistic = float(ranks[sample > 0.0].sum())
    _, ties = np.unique(magnitudes, return_counts=True)
    if n <= EXACT_WILCOXON_EVENTS and ties.max() == 1:
        return Significance(statistic, _exact_wilcoxon_p(int(statistic), n))
    variance = n * (n + 1) * (2 * n + 1) / 24.0 - float((ties**3 - ties).sum()) / 48.0
    return Significance(statistic, from_normal((statistic - n * (n + 1) / 4.0) / sqrt(variance)).p_value)


def _exact_wilcoxon_p(statistic: int, n: int) -> float:
    # Number of subsets of 1..n with each sum, built one rank at a time; 2**50 is exact in a float64.
    counts = np.zeros(n * (n + 1) // 2 + 1)
    counts[0] = 1.0
    for rank in range(1, n + 1):
        counts[rank:] += counts[:-rank].copy()
    smaller = min(statistic, len(counts) - 1 - statistic)
    return float(min(1.0, 2.0 * counts[: smaller + 1].sum() / counts.sum()))


def permutation_tests(columns: FloatArray, random_state: int = 0) -> list[Significance]:
    """Return, for each column, the test that flips the signs of its values; the statistic is their mean.

    Parameters
    ----------
    columns : ndarray of shape (n_events, n_tests), NaN where an event has no value
    random_state : seed; all columns share the same flips

    Notes
    -----
    Under the null each value is symmetric around zero. Every assignment of signs is visited up to 14 events; beyond,
    9,999 random ones with the observed one counted among them, so p is never 0 and the test stays exact.

    References
    ----------
    Fisher (1935); Phipson and Smyth (2010) on counting the observed assignment.
    """
    n, n_tests = columns.shape
    present = np.isfinite(columns)
    counts = present.sum(axis=0)
    values = np.where(present, columns, 0.0)
    sums = values.sum(axis=0)
    # Rounding must not make the observed assignment less extreme than itself.
    observed = np.abs(sums) * (1.0 - 1e-9)
    hits, total = np.zeros(n_tests), 0
    for signs in _assignments(n, random_state):
        hits += (np.abs(signs @ values) >= observed).sum(axis=0)
        total += len(signs)
    if n > EXACT_PERMUTATION_EVENTS:
        hits, total = hits + 1.0, total + 1
    return [
        Significance(float(sums[j] / counts[j]), float(hits[j] / total)) if counts[j] else UNDEFINED
        for j in range(n_tests)
    ]


def _assignments(n: int, random_state: int) -> Iterator[FloatArray]:
    if n <= EXACT_PERMUTATION_EVENTS:
        yield np.asarray(2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1) - 1.0, dtype=np.float64)
        return
    generator = np.random.default_rng(random_state)
    left = PERMUTATIONS
    while left:
        rows = min(left, max(1, _CHUNK_CELLS // n))
        yield 2.0 * generator.integers(0, 2, size=(rows, n), dtype=np.int8).astype(np.float64) - 1.0
        left -= rows
