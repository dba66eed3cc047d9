"""Volatility before the news and the abnormal return after it, for many news items at once, on both bases.

`reaction` adds close-to-close abnormal returns from the last close before the session of the news. `after` starts at
the first open after the news, so its first session counts from open to close, against a market model of such returns;
what happened in the night, before anybody could act, is not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.contracts import Basis
from market_impact.prices.arrays import FloatArray
from market_impact.prices.market_model import MarketModelFit, fit_market_models, stack
from market_impact.prices.price_series import PriceSeries

# From the smallest price that is taken to the largest it is 48.4: beyond 50, bars are wrong.
LARGEST_CAR = 50.0


@dataclass(frozen=True, slots=True)
class NewsWindow:
    """Where one estimate is measured: `series` is None without prices, `session` is the first one that counts."""

    series: PriceSeries | None
    session: int
    horizon_days: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class EstimationWindow:
    """Sessions that a normal return is learned on: `length` of them, `gap` sessions before the first that counts."""

    length: int
    gap: int
    min_days: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """What prices say about n news windows; log returns, NaN where prices do not suffice.

    Parameters
    ----------
    volatility : ndarray of shape (n,), forecast standard error over the horizon with the market at its mean
    n_estimation_days : ndarray of shape (n,)
    car, car_standard_error : ndarrays of shape (n,), realised, NaN until the horizon has passed, and
        where bars give a return that no security has
    beta : ndarray of shape (n,), close to close, or of the session where nothing else counts
    """

    volatility: FloatArray
    n_estimation_days: FloatArray
    car: FloatArray
    car_standard_error: FloatArray
    beta: FloatArray


def measure_news(windows: Sequence[NewsWindow], estimation: EstimationWindow) -> Measurement:
    """Return the measurement of every window; each uses only prices before its session for what it expects."""
    empty = np.zeros(6)
    close_estimation: list[FloatArray] = []
    open_estimation: list[FloatArray] = []
    close_event: list[FloatArray] = []
    open_event: list[FloatArray] = []
    # `after` over a single session: it counts from open to close, and no night belongs to it.
    only_open = [window.basis == "after" and window.horizon_days == 1 for window in windows]
    for window, without_night in zip(windows, only_open, strict=True):
        series, start = window.series, window.session
        if series is None:
            for rows in (close_estimation, open_estimation, close_event, open_event):
                rows.append(empty)
            continue
        first, stop = start - estimation.gap - estimation.length, start - estimation.gap
        night = window.basis == "reaction"
        close_estimation.append(empty if without_night else series.close_window(first, stop))
        open_estimation.append(empty if night else series.open_window(first, stop))
        last = start + window.horizon_days
        close_event.append(empty if without_night else series.close_window(start if night else start + 1, last))
        open_event.append(empty if night else series.open_window(start, start + 1))
    horizon = np.array([window.horizon_days for window in windows], dtype=np.float64)
    opening = np.array([float(window.basis == "after") for window in windows])
    close_fit = _fit(stack(close_estimation), estimation.min_days)
    open_fit = _fit(stack(open_estimation), estimation.min_days)
    return _combine(
        close_fit,
        open_fit,
        stack(close_event),
        stack(open_event),
        nights=horizon - opening,
        opening=opening,
        only_open=np.array(only_open),
    )


def _fit(sums: FloatArray, min_days: int) -> MarketModelFit:
    sums[sums[:, 0] < min_days, 1:] = np.nan
    return fit_market_models(sums)


def _combine(
    close_fit: MarketModelFit,
    open_fit: MarketModelFit,
    close_event: FloatArray,
    open_event: FloatArray,
    *,
    nights: FloatArray,
    opening: FloatArray,
    only_open: np.ndarray,
) -> Measurement:
    """Add the session from the open, where there is one, to the sessions from close to close, one for each night."""
    car, variance = close_fit.abnormal_return(close_event)
    first_car, first_variance = open_fit.abnormal_return(open_event)
    expected = close_fit.forecast_variance(nights)
    first_expected = open_fit.forecast_variance(1.0)
    starts_at_open = opening > 0.0
    complete = (close_event[:, 0] == nights) & (open_event[:, 0] == opening)
    car = np.where(only_open, 0.0, car) + np.where(starts_at_open, first_car, 0.0)
    variance = np.where(only_open, 0.0, variance) + np.where(starts_at_open, first_variance, 0.0)
    volatility = np.where(only_open, 0.0, expected) + np.where(starts_at_open, first_expected, 0.0)
    # A series that never moved has no volatility to scale by.
    positive = volatility > 0.0
    realised = complete & positive & (np.abs(car) <= LARGEST_CAR) & (variance > 0.0) & np.isfinite(variance)
    return Measurement(
        volatility=np.sqrt(np.where(positive, volatility, np.nan)),
        n_estimation_days=np.where(starts_at_open, open_fit.n_days, close_fit.n_days),
        car=np.where(realised, car, np.nan),
        car_standard_error=np.sqrt(np.where(realised, variance, np.nan)),
        beta=np.where(only_open, open_fit.beta, close_fit.beta),
    )
