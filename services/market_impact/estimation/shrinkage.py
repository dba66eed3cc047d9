"""What past news says about news of the same kind: an empirical-Bayes mean with its uncertainty.

Everything is in units of the security's own abnormal volatility over the horizon, which makes events of calm and wild
securities comparable. What is believed before any outcome is pulled towards what outcomes say by as much as there are
of them. `features` says which parts the expected effect has; here is the arithmetic that they share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np

from market_impact.estimation.linking import Link
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


class Sums(NamedTuple):
    """The sums of n summaries of past events as arrays, each of shape (n,); the letters are those of `Summary`."""

    n: FloatArray
    s: FloatArray
    ss: FloatArray
    sx: FloatArray
    x: FloatArray
    xx: FloatArray
    c: FloatArray
    cc: FloatArray

    @classmethod
    def of(cls, summaries: Sequence[Summary]) -> "Sums":
        """Return the sums of `summaries`, one a news item."""
        return cls(*np.array(summaries, dtype=np.float64).reshape(len(summaries), len(cls._fields)).T)

    def without(self, part: "Sums") -> "Sums":
        """Return the sums over the events that are not in `part`."""
        return Sums(*(whole - some for whole, some in zip(self, part, strict=True)))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What n news items of one basis and horizon are judged by, and what the past says of all news.

    Parameters
    ----------
    prior : beliefs for this basis
    links : the news items: each has its security, its relevance, its sentiment and its whole analysis
    scores : ndarray of shape (n,), sentiment in [-1, 1]
    kind : past news of the same kind on all securities, `own` included
    own : past news of the same kind on the same security
    slope : ndarray of shape (n,), expected effect of a sentiment score of 1
    slope_precision : ndarray of shape (n,), one over the variance of `slope`
    event_variance : ndarray of shape (n,), variance of one news day of this kind around its mean
    """

    prior: PriorParameters
    links: Sequence[Link]
    scores: FloatArray
    kind: Sums
    own: Sums
    slope: FloatArray
    slope_precision: FloatArray
    event_variance: FloatArray


def weigh(
    prior: PriorParameters,
    links: Sequence[Link],
    everything: Sequence[Summary],
    kind: Sequence[Summary],
    own: Sequence[Summary],
) -> Evidence:
    """Return the evidence on n news items.

    Parameters
    ----------
    everything : past news of any kind, one summary a news item
    kind, own : as in `Evidence`

    Notes
    -----
    The variance of a news day comes from the data: the mean square of all outcomes, then of this kind's, each blended
    with the level above at a weight in events. The slope is a normal mean with a normal prior; its data are all news.
    """
    general_sums, kind_sums = Sums.of(everything), Sums.of(kind)
    weight = prior.event_variance_events
    general = (weight * prior.event_variance + general_sums.xx) / (weight + general_sums.n)
    precision = 1.0 / prior.slope_deviation**2 + general_sums.ss / general
    return Evidence(
        prior=prior,
        links=links,
        scores=np.array([link.sentiment_score for link in links]),
        kind=kind_sums,
        own=Sums.of(own),
        slope=(prior.slope / prior.slope_deviation**2 + general_sums.sx / general) / precision,
        slope_precision=precision,
        event_variance=(weight * general + kind_sums.xx) / (weight + kind_sums.n),
    )


def pull(
    sums: Sums, slope: FloatArray, explained: FloatArray | float, prior_events: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the shrunken means beyond `slope` and `explained`, and the weights that the data got, in [0, 1).

    Parameters
    ----------
    sums : past events whose mean it is
    prior_events : how many events the belief in zero is worth: their variance over the prior's

    Notes
    -----
    With n observations of variance s2 and a prior of mean zero and variance t2 the weight n / (n + s2 / t2) multiplies
    their mean, and t2 (1 - weight) is left.

    References
    ----------
    Efron and Morris (1973); Gelman et al., Bayesian Data Analysis, section 5.4.
    """
    weight = sums.n / (sums.n + prior_events)
    excess = (sums.x - slope * sums.s) / np.maximum(sums.n, 1.0) - explained
    return weight * excess, weight


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
