"""Returns from prices."""

from typing import Literal

import numpy as np

from market_impact.prices.arrays import FloatArray

ReturnKind = Literal["simple", "log"]


def returns_from_prices(prices: FloatArray, kind: ReturnKind) -> FloatArray:
    """Return one-period returns along the first axis.

    Parameters
    ----------
    prices : ndarray of shape (n_days, ...), positive; NaN or a non-positive value means "no price"
    kind : `simple` gives p_t / p_(t-1) - 1, `log` gives ln(p_t / p_(t-1))

    Returns
    -------
    returns : ndarray of the shape of `prices`
        The first day is NaN, and so is each day without a price today or the day before: a gap is never bridged.
    """
    valid = np.where(prices > 0.0, prices, np.nan)
    returns = np.full(prices.shape, np.nan)
    if len(prices) > 1:
        ratio = valid[1:] / valid[:-1]
        returns[1:] = np.log(ratio) if kind == "log" else ratio - 1.0
    return returns
