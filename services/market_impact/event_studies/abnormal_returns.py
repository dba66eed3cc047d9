"""Abnormal returns of single events, with their forecast-error variances."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtr

from market_impact.event_studies.normal_returns import NormalReturnModel, ReturnPanel
from market_impact.event_studies.regression import (
    LinearFit,
    cross_product_sums,
    fit_windows,
    quadratic_form,
    window_sums,
)
from market_impact.prices.arrays import FloatArray, IntArray

VarianceKind = Literal["forecast_error", "residual", "residual_population"]


@dataclass(frozen=True, slots=True)
class StudyWindows:
    """Where an event is measured and where its normal return is learned, in sessions.

    Parameters
    ----------
    first, last : the event window relative to day 0, both included
    estimation_length : days of the estimation window
    estimation_gap : days left out between the estimation window and the first day of the event window
    min_estimation_days : an event with fewer complete days there is left out of the study
    variance : `forecast_error` (MacKinlay), `residual` (s2 k over k days, df = T - regressors), or
        `residual_population` (the same with s2 = sum of squares / T and df = T - 1, as the package `eventstudy` has it)
    """

    first: int
    last: int
    estimation_length: int
    estimation_gap: int
    min_estimation_days: int = 30
    variance: VarianceKind = "forecast_error"

    @property
    def n_days(self) -> int:
        """Return the length of the event window."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class AbnormalReturns:
    """Event windows of n_events events; a row of NaN is an event whose normal return could not be estimated.

    Parameters
    ----------
    abnormal : ndarray of shape (n_events, n_days), NaN on a day without a return
    variance : ndarray of shape (n_events, n_days), of each day's abnormal return
    cumulative : ndarray of shape (n_events, n_days), running sum over the days that have a return
    cumulative_variance : ndarray of shape (n_events, n_days), of `cumulative`
    degrees_of_freedom : ndarray of shape (n_events,)
    n_estimation_days : ndarray of shape (n_events,)
    coefficients : ndarray of shape (n_events, k)
    residuals : ndarray of shape (n_events, estimation_length), NaN where absent; (n_events, 0) when not asked for
    positions, tickers : ndarrays of shape (n_events,), row of day 0 and column of the security in the panel
    """

    abnormal: FloatArray
    variance: FloatArray
    cumulative: FloatArray
    cumulative_variance: FloatArray
    degrees_of_freedom: FloatArray
    n_estimation_days: FloatArray
    coefficients: FloatArray
    residuals: FloatArray
    positions: IntArray
    tickers: IntArray

    @property
    def car(self) -> FloatArray:
        """Return the cumulative abnormal return of the whole window, shape (n_events,)."""
        return self.cumulative[:, -1]

    @property
    def car_standard_error(self) -> FloatArray:
        """Return the standard error of `car`, shape (n_events,)."""
        return np.asarray(np.sqrt(self.cumulative_variance[:, -1]))

    @property
    def usable(self) -> np.ndarray:
        """Return which events have a CAR and a positive standard error, shape (n_events,)."""
        return np.isfinite(self.car) & (self.car_standard_error > 0.0)

    def t_stat(self) -> FloatArray:
        """Return each event's CAR over its standard error."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.usable, self.car / self.car_standard_error, np.nan)

    def p_value(self) -> FloatArray:
        """Return the two-sided p of `t_stat` from Student's t."""
        return np.asarray(2.0 * stdtr(self.degrees_of_freedom, -np.abs(self.t_stat())))

    def take(self, rows: np.ndarray) -> "AbnormalReturns":
        """Return the events selected by `rows`, a boolean mask or indices."""
        return AbnormalReturns(*(getattr(self, name)[rows] for name in self.__slots__))


def measure_events(
    panel: ReturnPanel,
    model: NormalReturnModel,
    tickers: IntArray,
    positions: IntArray,
    windows: StudyWindows,
    *,
    with_residuals: bool = True,
) -> AbnormalReturns:
    """Return the abnormal returns of events at (`tickers`, `positions`) of `panel`.

    Parameters
    ----------
    tickers : ndarray of shape (n_events,), columns of the panel
    positions : ndarray of shape (n_events,), rows of day 0; outside the panel gives NaN
    with_residuals : also keep the residuals of the estimation window, which some tests need (it costs most of the time)
    """
    stops = positions + windows.first - windows.estimation_gap
    starts = stops - windows.estimation_length
    fit = _fit(panel, model, tickers, windows, starts=starts, stops=stops)
    response = panel.returns - model.offset[:, None]
    event_days = positions[:, None] + np.arange(windows.first, windows.last + 1)
    abnormal = _residuals(response, model.design, tickers, event_days, fit)
    design = model.design[np.clip(event_days, 0, len(panel.days) - 1)]
    variance, cumulative_variance, degrees = _variances(fit, design, ~np.isnan(abnormal), windows.variance)
    estimation_days = starts[:, None] + np.arange(windows.estimation_length if with_residuals else 0)
    residuals = _residuals(response, model.design, tickers, estimation_days, fit)
    unfitted = ~(fit.n_days >= windows.min_estimation_days)
    cumulative = np.where(np.isnan(abnormal), 0.0, abnormal).cumsum(axis=1)
    cumulative[unfitted | np.isnan(abnormal).all(axis=1)] = np.nan
    for values in (abnormal, variance, cumulative_variance, residuals):
        values[unfitted] = np.nan
    variance[np.isnan(abnormal)] = np.nan
    return AbnormalReturns(
        abnormal=abnormal,
        variance=variance,
        cumulative=cumulative,
        cumulative_variance=cumulative_variance,
        degrees_of_freedom=degrees,
        n_estimation_days=fit.n_days,
        coefficients=fit.coefficients,
        residuals=residuals,
        positions=positions,
        tickers=tickers,
    )


def _fit(
    panel: ReturnPanel,
    model: NormalReturnModel,
    tickers: IntArray,
    windows: StudyWindows,
    *,
    starts: IntArray,
    stops: IntArray,
) -> LinearFit:
    k = model.design.shape[1]
    sums = np.zeros((len(tickers), (k + 1) ** 2 + 1))
    for ticker in np.unique(tickers):
        rows = tickers == ticker
        series = cross_product_sums(model.design, panel.returns[:, ticker] - model.offset)
        sums[rows] = window_sums(series, starts[rows], stops[rows])
    sums[sums[:, -1] < windows.min_estimation_days] = 0.0
    return fit_windows(sums, k)


def _residuals(
    response: FloatArray, design: FloatArray, tickers: IntArray, days: IntArray, fit: LinearFit
) -> FloatArray:
    """Return responses less fitted values on `days` (n_events, m); NaN outside the panel."""
    inside = (days >= 0) & (days < len(response))
    at = np.where(inside, days, 0)
    residuals = response[at, tickers[:, None]]
    for column, coefficients in zip(design.T, fit.coefficients.T, strict=True):
        residuals -= column[at] * coefficients[:, None]
    residuals[~inside] = np.nan
    return residuals


def _variances(
    fit: LinearFit, design: FloatArray, present: np.ndarray, kind: VarianceKind
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the variances of each day and of the running sum, both (n_events, n_days), and the degrees of freedom.

    Notes
    -----
    `forecast_error`: Var = s2 (m + d' (X'X)^-1 d) for m days whose regressors sum to d. For the market model and
    one day this is s2 [1 + 1/T + (R_m - mean)^2 / sum((R_mt - mean)^2)]; for several days it holds the covariances that
    the common coefficients put between the days, which m * s2 leaves out.

    References
    ----------
    MacKinlay (1997), eq. 8 and 11; Campbell, Lo and MacKinlay (1997), eq. 4.4.9.
    """
    counts = present.cumsum(axis=1).astype(np.float64)
    scale = fit.residual_variance[:, None]
    degrees = fit.degrees_of_freedom
    if kind == "forecast_error":
        inverse = fit.gram_inverse
        rows = np.where(present[:, :, None], design, 0.0)
        running = rows.cumsum(axis=1)
        daily = scale * (1.0 + quadratic_form(rows, inverse))
        return daily, scale * (counts + quadratic_form(running, inverse)), degrees
    if kind == "residual_population":
        scale = scale * (fit.degrees_of_freedom / np.where(fit.n_days > 0, fit.n_days, np.nan))[:, None]
        degrees = fit.n_days - 1.0
    return np.broadcast_to(scale, present.shape).copy(), scale * counts, degrees
