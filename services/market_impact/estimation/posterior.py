"""The sum of the features of news items: the expected effect and its uncertainty."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from market_impact.estimation.features import FEATURES, Part
from market_impact.estimation.shrinkage import Evidence
from market_impact.prices.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Posterior:
    """Expected effects of n news items in abnormal volatilities, each array of shape (n,).

    Parameters
    ----------
    parts : what each feature adds, by its name
    mean : their sum
    variance : of `mean`
    prior_variance : of `mean` before any outcome was known
    event_variance : variance of one news day around its mean
    """

    parts: Mapping[str, FloatArray]
    mean: FloatArray
    variance: FloatArray
    prior_variance: FloatArray
    event_variance: FloatArray


def posterior_of(evidence: Evidence) -> Posterior:
    """Return the posterior of n news items: the sum of all features, taken as independent of each other."""
    parts: dict[str, Part] = {}
    for name, each in FEATURES.items():
        parts[name] = each.part(evidence, parts)
    return Posterior(
        parts={name: part.mean for name, part in parts.items()},
        mean=reduce(add, (part.mean for part in parts.values())),
        variance=reduce(add, (part.variance for part in parts.values())),
        prior_variance=np.asarray(reduce(add, (part.prior_variance for part in parts.values()))),
        event_variance=evidence.event_variance,
    )
