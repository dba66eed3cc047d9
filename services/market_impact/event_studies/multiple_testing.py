"""Adjustments of p-values for the number of hypotheses tested."""

import numpy as np

from market_impact.prices.arrays import FloatArray


def holm(p_values: FloatArray) -> FloatArray:
    """Return p-values adjusted by Holm's step-down, which bounds the chance of any false rejection; NaN stays NaN.

    References
    ----------
    Holm (1979).
    """
    adjusted, present = np.full(len(p_values), np.nan), np.flatnonzero(np.isfinite(p_values))
    order = present[np.argsort(p_values[present])]
    weights = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * weights), 1.0)
    return adjusted


def benjamini_hochberg(p_values: FloatArray) -> FloatArray:
    """Return p-values adjusted by the step-up that bounds the expected share of false rejections; NaN stays NaN.

    References
    ----------
    Benjamini and Hochberg (1995).
    """
    adjusted, present = np.full(len(p_values), np.nan), np.flatnonzero(np.isfinite(p_values))
    order = present[np.argsort(p_values[present])]
    scaled = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return adjusted
