"""The market model of many (security, day) pairs in one pass: the fast path of the estimates.

A `PairSums` holds the prefix sums of one security against the benchmark. Fitting alpha and beta on an estimation window
and measuring the cumulative abnormal return with its exact forecast-error variance takes two row look-ups a window and
arithmetic on whole arrays; nothing depends on the lengths of the windows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from market_impact.prices.arrays import FloatArray, IntArray

# Below this share of its mean square the benchmark does not vary and beta is not defined.
_NO_VARIATION = 1e-12
MINIMUM_DAYS = 3


@dataclass(frozen=True, slots=True)
class PairSums:
    """Prefix sums of a security's returns y and the benchmark's x on common days.

    Parameters
    ----------
    table : ndarray of shape (n_days + 1, 6)
        Row t holds n, sum x, sum y, sum xx, sum xy and sum yy over days 0 .. t-1 on which both exist.
    """

    table: FloatArray

    @classmethod
    def of(cls, security: FloatArray, benchmark: FloatArray) -> "PairSums":
        """Return the sums of two series of shape (n_days,); a day with NaN in either counts as absent."""
        both = ~(np.isnan(security) | np.isnan(benchmark))
        y, x = np.where(both, security, 0.0), np.where(both, benchmark, 0.0)
        table = np.zeros((len(security) + 1, 6))
        np.cumsum(np.column_stack([both, x, y, x * x, x * y, y * y]), axis=0, out=table[1:])
        return cls(table)

    def window(self, start: int, stop: int) -> FloatArray:
        """Return the six sums over days [start, stop); what lies outside the series counts as absent."""
        last = len(self.table) - 1
        low, high = min(max(start, 0), last), min(max(stop, 0), last)
        return np.asarray(self.table[max(low, high)] - self.table[low])

    def windows(self, starts: IntArray, stops: IntArray) -> FloatArray:
        """Return `window` of every pair of bounds, shape (n_windows, 6)."""
        last = len(self.table) - 1
        low, high = np.clip(starts, 0, last), np.clip(stops, 0, last)
        return self.table[np.maximum(low, high)] - self.table[low]


@dataclass(frozen=True, slots=True)
class MarketModelFit:
    """Market models of n_fits windows, each field of shape (n_fits,); NaN below three days or without variation.

    Notes
    -----
    `residual_variance` is the sum of squared residuals over n_days - 2.
    """

    alpha: FloatArray
    beta: FloatArray
    residual_variance: FloatArray
    n_days: FloatArray
    market_mean: FloatArray
    market_squares: FloatArray

    def abnormal_return(self, event: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the cumulative abnormal return of each event window and its forecast-error variance.

        Parameters
        ----------
        event : ndarray of shape (n_fits, 6), sums over the event window

        Returns
        -------
        abnormal_return, variance : ndarrays of shape (n_fits,)
            CAR = sum y - k alpha - beta sum x, and
            Var = s2 [k + k^2 / T + (sum x - k mean)^2 / sum((x_t - mean)^2)] for k days in the window.

        References
        ----------
        MacKinlay (1997), eq. 8, summed over the window with the covariances of the common alpha and beta.
        """
        days, market, security = event[:, 0], event[:, 1], event[:, 2]
        return security - days * self.alpha - self.beta * market, self.forecast_variance(days, market)

    def forecast_variance(self, days: FloatArray | float, market: FloatArray | None = None) -> FloatArray:
        """Return the forecast-error variance over `days` days on which the market returns `market` in sum.

        Notes
        -----
        Without `market` the market is taken at its mean: that is all one knows before the window.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            lever = 0.0 if market is None else (market - days * self.market_mean) ** 2 / self.market_squares
            return np.asarray(self.residual_variance * (days + days**2 / self.n_days + lever))


def fit_market_models(estimation: FloatArray) -> MarketModelFit:
    """Return the market model of every estimation window.

    Parameters
    ----------
    estimation : ndarray of shape (n_fits, 6), sums over the estimation window
    """
    n, x, y, xx, xy, yy = estimation.T
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_x, mean_y = x / n, y / n
        squares_x = xx - x * mean_x
        usable = (n >= MINIMUM_DAYS) & (squares_x > _NO_VARIATION * xx)
        squares_x = np.where(usable, squares_x, np.nan)
        products = xy - x * mean_y
        beta = products / squares_x
        residual_squares = np.maximum(yy - y * mean_y - beta * products, 0.0)
        return MarketModelFit(
            alpha=mean_y - beta * mean_x,
            beta=beta,
            residual_variance=residual_squares / (n - 2.0),
            n_days=n,
            market_mean=mean_x,
            market_squares=squares_x,
        )


def stack(windows: Sequence[FloatArray]) -> FloatArray:
    """Return windows of different securities as one array of shape (n_windows, 6)."""
    return np.array(windows, dtype=np.float64).reshape(len(windows), 6)
