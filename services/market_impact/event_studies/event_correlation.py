"""How far the abnormal returns of a study's events move together."""

import numpy as np

from market_impact.prices.arrays import FloatArray, IntArray

MINIMUM_COMMON_DAYS = 20


def mean_event_correlation(residuals: FloatArray, positions: IntArray, window_days: int) -> float:
    """Return the mean over pairs of events of the correlation of their abnormal returns.

    Parameters
    ----------
    residuals : ndarray of shape (n_events, estimation_length), of the estimation windows, NaN where absent
    positions : ndarray of shape (n_events,), trading day of day 0
    window_days : length of the event window

    Notes
    -----
    Residuals are aligned by trading day. A pair counts with its residual correlation times the share of the event
    window that the two have in common: cumulative abnormal returns of windows that do not overlap are uncorrelated.
    With one common event date this is the r of Kolari and Pynnonen (2010). Fewer than two events give 0.

    References
    ----------
    Kolari, Pape and Pynnonen (2018), partially overlapping event windows.
    """
    n = len(residuals)
    if n < 2:
        return 0.0
    distance = np.abs(positions[:, None] - positions[None, :])
    overlap = np.clip(window_days - distance, 0, None) / window_days
    pairs = np.triu(overlap > 0.0, 1)
    if not pairs.any():
        return 0.0
    correlation = _aligned_correlation(residuals, positions, pairs)
    return float((correlation * overlap)[pairs].sum() / (n * (n - 1) / 2))


def _aligned_correlation(residuals: FloatArray, positions: IntArray, pairs: np.ndarray) -> FloatArray:
    involved = np.flatnonzero(pairs.any(axis=0) | pairs.any(axis=1))
    shifts = positions[involved] - positions[involved].min()
    length = residuals.shape[1]
    correlation = np.zeros(pairs.shape)
    # Clusters of dates are compared one after the other: a calendar of thousands of days would be mostly empty.
    order = np.argsort(shifts, kind="stable")
    for cluster in np.split(order, np.flatnonzero(np.diff(shifts[order]) >= length) + 1):
        start = shifts[cluster].min()
        aligned = np.full((len(cluster), length + int(shifts[cluster].max() - start)), np.nan)
        columns = (shifts[cluster] - start)[:, None] + np.arange(length)
        aligned[np.arange(len(cluster))[:, None], columns] = residuals[involved[cluster]]
        rows = involved[cluster]
        correlation[np.ix_(rows, rows)] = _pairwise_correlation(aligned)
    return correlation


def _pairwise_correlation(aligned: FloatArray) -> FloatArray:
    """Return correlations over common days, 0 for pairs with fewer than `MINIMUM_COMMON_DAYS`."""
    present = np.isfinite(aligned).astype(np.float64)
    values = np.where(present > 0.0, aligned, 0.0)
    common = present @ present.T
    sums, squares = values @ present.T, (values * values) @ present.T
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = values @ values.T - sums * sums.T / common
        spread = (squares - sums**2 / common) * (squares - sums**2 / common).T
        correlation = covariance / np.sqrt(spread)
    return np.where((common >= MINIMUM_COMMON_DAYS) & np.isfinite(correlation), correlation, 0.0)
