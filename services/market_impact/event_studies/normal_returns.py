"""The four models of a normal return: what the security would have done without the news."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from market_impact.prices.arrays import FloatArray

ModelName = Literal["market", "market_adjusted", "constant_mean", "fama_french_3"]


@dataclass(frozen=True, slots=True)
class ReturnPanel:
    """Returns of several securities on one row of days.

    Parameters
    ----------
    days : ndarray of shape (n_days,), days since 1970-01-01, strictly increasing
    tickers : tuple of length n_tickers
    returns : ndarray of shape (n_days, n_tickers), NaN where there is none
    benchmark : ndarray of shape (n_days,) or None, the market's returns
    factors : ndarray of shape (n_days, 3) or None, market excess return, SMB and HML
    risk_free : ndarray of shape (n_days,) or None, required by `factors`
    """

    days: np.ndarray
    tickers: tuple[str, ...]
    returns: FloatArray
    benchmark: FloatArray | None = None
    factors: FloatArray | None = None
    risk_free: FloatArray | None = None


class MissingSeriesError(ValueError):
    """The chosen model needs a series that the panel does not hold."""


@dataclass(frozen=True, slots=True)
class NormalReturnModel:
    """A linear model of normal returns: `offset` + `design` @ coefficients.

    Parameters
    ----------
    name : which of the four models
    design : ndarray of shape (n_days, k); k is 0, 1, 2 or 4
    offset : ndarray of shape (n_days,), the part with a coefficient fixed at one
    """

    name: ModelName
    design: FloatArray
    offset: FloatArray


def normal_return_model(name: ModelName, panel: ReturnPanel) -> NormalReturnModel:
    """Return model `name` over the days of `panel`.

    Raises
    ------
    MissingSeriesError
        When the panel lacks the benchmark, or the factors with the risk-free rate.

    Notes
    -----
    `market`: R = alpha + beta R_m (Sharpe 1963). `market_adjusted`: R = R_m, nothing is estimated, so its residual
    variance divides by T. `constant_mean`: R = mu (Brown and Warner 1980). `fama_french_3`:
    R - R_f = alpha + b (R_m - R_f) + s SMB + h HML (Fama and French 1993).
    """
    n_days = len(panel.days)
    ones = np.ones((n_days, 1))
    nothing = np.zeros(n_days)
    if name == "constant_mean":
        return NormalReturnModel(name, ones, nothing)
    if name == "fama_french_3":
        if panel.factors is None or panel.risk_free is None:
            raise MissingSeriesError("fama_french_3 needs the factors mkt_rf, smb, hml and the risk-free rate rf")
        return NormalReturnModel(name, np.column_stack([ones, panel.factors]), panel.risk_free)
    if panel.benchmark is None:
        raise MissingSeriesError(f"{name} needs the returns of a benchmark")
    if name == "market_adjusted":
        return NormalReturnModel(name, np.empty((n_days, 0)), panel.benchmark)
    return NormalReturnModel(name, np.column_stack([ones, panel.benchmark]), nothing)
