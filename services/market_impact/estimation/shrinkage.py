"""What past news says about news of the same kind: an empirical-Bayes mean with its uncertainty.

Everything is in units of the security's own abnormal volatility over the horizon, which makes events of calm and wild
securities comparable. The expected effect is a sum of three parts, each pulled towards zero by as much as its data are
weak: a slope on the sentiment score, learned from all news; what this kind of news does beyond that on other
securities; and what it does beyond that on this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from market_impact.estimation.past_events import Summary
from market_impact.prices.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class PriorParameters:
    """What is believed before any outcome is known; a standard deviation of 1 is the abnormal volatility.

    Parameters
    ----------
    slope, slope_deviation : of the effect on the sentiment score in [-1, 1]
    kind_deviation : spread over kinds of news of their effect beyond the slope
    ticker_deviation : spread over securities of the effect of one kind of news
    event_variance : how many times a news day's variance is the usual one
    event_variance_events : how many events that belief is worth
    """

    slope: float
    slope_deviation: float
    kind_deviation: float
    ticker_deviation: float
    event_variance: float
    event_variance_events: float


@dataclass(frozen=True, slots=True)
class Posterior:
    """Expected effects of n news items in abnormal volatilities, each field of shape (n,).

    Parameters
    ----------
    sentiment, kind, ticker : the three parts; their sum is `mean`
    variance : of `mean`
    prior_variance : of `mean` before any outcome was known
    event_variance : variance of one news day around its mean
    """

    sentiment: FloatArray
    kind: FloatArray
    ticker: FloatArray
    variance: FloatArray
    prior_variance: FloatArray
    event_variance: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Return the expected effect."""
        return self.sentiment + self.kind + self.ticker


def shrink(
    prior: PriorParameters,
    scores: FloatArray,
    everything: Sequence[Summary],
    kind: Sequence[Summary],
    own: Sequence[Summary],
) -> Posterior:
    """Return the posterior of n news items.

    Parameters
    ----------
    prior : beliefs for this basis
    scores : ndarray of shape (n,), sentiment in [-1, 1]
    everything : past news of any kind, one summary an item
    kind : past news of the same kind on all securities, `own` included
    own : past news of the same kind on the same security

    Notes
    -----
    Each level is a normal mean with a normal prior. With n observations of variance s2 and prior variance t2 the factor
    n / (n + s2 / t2) multiplies their mean, and t2 (1 - factor) is left. s2 comes from the data: the mean square of all
    outcomes, then of this kind's, each blended with the level above at a weight in events.

    References
    ----------
    Efron and Morris (1973); Gelman et al., Bayesian Data Analysis, section 5.4.
    """
    general_sums, kind_sums, own_sums = _table(everything), _table(kind), _table(own)
    weight = prior.event_variance_events
    general = (weight * prior.event_variance + general_sums[_XX]) / (weight + general_sums[_N])
    spread = (weight * general + kind_sums[_XX]) / (weight + kind_sums[_N])
    precision = 1.0 / prior.slope_deviation**2 + general_sums[_SS] / general
    slope = (prior.slope / prior.slope_deviation**2 + general_sums[_SX] / general) / precision
    others = kind_sums - own_sums
    kind_part, kind_factor = _pull(others, slope, 0.0, spread / prior.kind_deviation**2)
    ticker_part, ticker_factor = _pull(own_sums, slope, kind_part, spread / prior.ticker_deviation**2)
    return Posterior(
        sentiment=slope * scores,
        kind=kind_part,
        ticker=ticker_part,
        variance=scores * scores / precision
        + prior.kind_deviation**2 * (1.0 - kind_factor)
        + prior.ticker_deviation**2 * (1.0 - ticker_factor),
        prior_variance=(scores * prior.slope_deviation) ** 2 + prior.kind_deviation**2 + prior.ticker_deviation**2,
        event_variance=spread,
    )


_N, _S, _SS, _SX, _X, _XX = range(6)


def _table(summaries: Sequence[Summary]) -> FloatArray:
    return np.array(summaries, dtype=np.float64).reshape(len(summaries), len(Summary._fields)).T


def _pull(
    sums: FloatArray, slope: FloatArray, explained: FloatArray | float, prior_events: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the shrunken means beyond `slope` and `explained`, and the weights that the data got, in [0, 1)."""
    n = sums[_N]
    factor = n / (n + prior_events)
    excess = (sums[_X] - slope * sums[_S]) / np.maximum(n, 1.0) - explained
    return factor * excess, factor


def t_of_mean(summary: Summary) -> float | None:
    """Return the cross-sectional t of raw abnormal returns, None below two events or without spread."""
    n = summary.n
    if n < 2.0:
        return None
    variance = (summary.cc - summary.c * summary.c / n) / (n - 1.0)
    # Identical returns leave a rounding error where the variance should be.
    if variance <= 1e-12 * summary.cc / n:
        return None
    return summary.c / n / sqrt(variance / n)
