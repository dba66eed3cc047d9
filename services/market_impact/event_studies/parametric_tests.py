"""Parametric tests of the mean abnormal return over events.

Each takes one value an event: an abnormal return of one day, or a cumulative one. NaN marks an event without a value.
"""

from math import sqrt

import numpy as np

from market_impact.event_studies.significance import UNDEFINED, Significance, from_normal, from_student
from market_impact.prices.arrays import FloatArray


def cross_sectional_t(values: FloatArray) -> Significance:
    """Return the t of the mean against the spread over events, df = N - 1.

    References
    ----------
    Brown and Warner (1980), the cross-sectional variant.
    """
    sample = values[np.isfinite(values)]
    n = len(sample)
    spread = sample.std(ddof=1) if n > 1 else 0.0
    if spread <= 0.0:
        return UNDEFINED
    return from_student(sample.mean() * sqrt(n) / spread, n - 1)


def patell_z(standardised: FloatArray, degrees_of_freedom: FloatArray) -> Significance:
    """Return Patell's Z of standardised abnormal returns.

    Parameters
    ----------
    standardised : ndarray of shape (n_events,), each divided by its own forecast standard error
    degrees_of_freedom : ndarray of shape (n_events,), of each residual variance

    Notes
    -----
    Z = sum SAR / sqrt(sum d / (d - 2)): each SAR is a Student t with d degrees of freedom, so with the market model the
    variance is (T - 2) / (T - 4). Assumes that events are independent and bring no variance of their own.

    References
    ----------
    Patell (1976).
    """
    usable = np.isfinite(standardised) & (degrees_of_freedom > 2.0)
    if not usable.any():
        return UNDEFINED
    d = degrees_of_freedom[usable]
    return from_normal(standardised[usable].sum() / sqrt(float((d / (d - 2.0)).sum())))


def boehmer_musumeci_poulsen(standardised: FloatArray) -> Significance:
    """Return the t of the mean standardised abnormal return against its spread over events, df = N - 1.

    Notes
    -----
    Robust to the variance that the event itself brings. Assumes independent events.

    References
    ----------
    Boehmer, Musumeci and Poulsen (1991).
    """
    return cross_sectional_t(standardised)


def kolari_pynnonen(standardised: FloatArray, mean_correlation: float) -> Significance:
    """Return the BMP statistic corrected for correlated events, df = N - 1.

    Parameters
    ----------
    mean_correlation : mean over pairs of events of the correlation of their abnormal returns

    Notes
    -----
    t = t_BMP sqrt((1 - r) / (1 + (N - 1) r)).

    References
    ----------
    Kolari and Pynnonen (2010), eq. 12.
    """
    plain = boehmer_musumeci_poulsen(standardised)
    n = int(np.isfinite(standardised).sum())
    inflation = 1.0 + (n - 1) * mean_correlation
    if plain.df is None or inflation <= 0.0 or mean_correlation >= 1.0:
        return UNDEFINED
    return from_student(plain.statistic * sqrt((1.0 - mean_correlation) / inflation), plain.df)
