"""Ranks with ties averaged, over rows with gaps."""

import numpy as np

from market_impact.prices.arrays import FloatArray


def average_ranks(values: FloatArray) -> FloatArray:
    """Return the rank from 1 of each value of a vector, equal values sharing their mean rank."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(values) else np.empty(0, np.int64)
    lengths = np.diff(np.r_[starts, len(values)])
    ranks = np.empty(len(values))
    ranks[order] = np.repeat(starts + (lengths + 1) / 2.0, lengths)
    return ranks


def rowwise_ranks(values: FloatArray) -> FloatArray:
    """Return `average_ranks` along each row of (n_rows, n_columns); NaN stays NaN and takes no rank."""
    ranks = np.full(values.shape, np.nan)
    for row, out in zip(values, ranks, strict=True):
        present = np.isfinite(row)
        out[present] = average_ranks(row[present])
    return ranks
