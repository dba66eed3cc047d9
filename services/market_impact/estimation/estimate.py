"""The estimate itself: expected abnormal return, interval, probability, score, from a posterior and a volatility."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from common.contracts import Basis, Direction
from market_impact.estimation.impact_score import FLAT_BELOW, impact_score
from market_impact.estimation.posterior import Posterior
from market_impact.estimation.shrinkage import PriorParameters
from market_impact.prices.arrays import FloatArray

# Beliefs for the first days, before outcomes outweigh them. News and the return of its own session go together; what is
# left after the first open is next to nothing (Tetlock, Saar-Tsechansky and Macskassy 2008: a few basis points). Scores
# grade news: clearly good news has .5, hardly any .8. Of 5,166 outcomes on 17 securities, 2009 to 2017, a slope of 1.09
# was learned under a prior of .4. The fast tier's scores say how sure it is and are larger; outcomes correct for it.
PRIORS: dict[Basis, PriorParameters] = {
    "reaction": PriorParameters(
        slope=1.0,
        slope_deviation=0.4,
        kind_deviation=0.5,
        ticker_deviation=0.3,
        event_variance=1.6,
        event_variance_events=40.0,
    ),
    "after": PriorParameters(
        slope=0.0,
        slope_deviation=0.05,
        kind_deviation=0.1,
        ticker_deviation=0.05,
        event_variance=1.2,
        event_variance_events=40.0,
    ),
}


@dataclass(frozen=True, slots=True)
class Estimates:
    """n estimates, each field of shape (n,); returns are simple (0.01 = 1 %).

    Parameters
    ----------
    low, high : ends of the interval
    baseline_low, baseline_high : the same for an expectation of zero
    p_up : probability of a positive abnormal return
    impact_score : from 0 to 100
    confidence : in [0, 1]
    effect : expected abnormal return in abnormal volatilities
    parts : what each feature adds to `effect`, by its name
    """

    expected_abnormal_return: FloatArray
    low: FloatArray
    high: FloatArray
    baseline_low: FloatArray
    baseline_high: FloatArray
    p_up: FloatArray
    impact_score: FloatArray
    confidence: FloatArray
    effect: FloatArray
    parts: Mapping[str, FloatArray]


@lru_cache(maxsize=32)
def two_sided_quantile(level: float) -> float:
    """Return z with P(|Z| <= z) = `level` for a standard normal Z."""
    return float(ndtri((1.0 + level) / 2.0))


def attenuation(basis: Basis, relevance: float, novelty: float) -> float:
    """Return the share of the effect that reaches the security, in [0, 1].

    Notes
    -----
    A passing mention moves a security less than a headline about it. What an earlier article has told already is in the
    price by the next open, so novelty counts for `after`; the reaction of a session is shared by all its articles.
    """
    return relevance * novelty if basis == "after" else relevance


def estimate(posterior: Posterior, volatility: FloatArray, share: FloatArray, level: float) -> Estimates:
    """Return the estimates of n securities over their horizons.

    Parameters
    ----------
    posterior : expected effects in abnormal volatilities
    volatility : ndarray of shape (n,), forecast standard error of the abnormal log return over the horizon, positive
    share : ndarray of shape (n,), of `attenuation`
    level : nominal coverage of the interval, in (0, 1)

    Notes
    -----
    The interval is that of one new outcome: volatility * sqrt(event variance + variance of the mean). The baseline says
    zero with the same event variance. `confidence` is the share of the prior variance of the effect that outcomes have
    removed: 0 knows nothing but the prior.
    """
    effect = share * posterior.mean
    spread = np.sqrt(posterior.event_variance + share * share * posterior.variance)
    half_width = two_sided_quantile(level) * volatility * spread
    baseline = two_sided_quantile(level) * volatility * np.sqrt(posterior.event_variance)
    center = effect * volatility
    p_up = ndtr(effect / spread)
    return Estimates(
        expected_abnormal_return=np.expm1(center),
        low=np.expm1(center - half_width),
        high=np.expm1(center + half_width),
        baseline_low=np.expm1(-baseline),
        baseline_high=np.expm1(baseline),
        p_up=p_up,
        impact_score=impact_score(effect, p_up),
        confidence=1.0 - posterior.variance / posterior.prior_variance,
        effect=effect,
        parts={name: share * part for name, part in posterior.parts.items()},
    )


def direction(effect: float) -> Direction:
    """Return which way an effect, in abnormal volatilities, points; `flat` below 0.1."""
    if abs(effect) < FLAT_BELOW:
        return "flat"
    return "up" if effect > 0.0 else "down"
