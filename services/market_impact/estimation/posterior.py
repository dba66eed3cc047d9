"""The sum of the features of news items: the expected effect and its uncertainty."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from common.errors import ItemFault
from market_impact.estimation.features import FEATURES, FeatureFunction, Part
from market_impact.estimation.shrinkage import Evidence
from market_impact.prices.arrays import FloatArray


class EstimateFault(ItemFault):
    """Of some news no estimate can be made, by the fault of a feature."""


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
    """Return the posterior of n news items: the sum of all features, taken as independent of each other.

    Raises
    ------
    EstimateFault
        A feature failed, or gave something else than what a `Part` is; it is named.
    """
    parts: dict[str, Part] = {}
    for name, each in FEATURES.items():
        parts[name] = _part_of(name, each.part, evidence, parts)
    return Posterior(
        parts={name: part.mean for name, part in parts.items()},
        mean=reduce(add, (part.mean for part in parts.values())),
        variance=reduce(add, (part.variance for part in parts.values())),
        prior_variance=np.asarray(reduce(add, (part.prior_variance for part in parts.values()))),
        event_variance=evidence.event_variance,
    )


def _part_of(name: str, function: FeatureFunction, evidence: Evidence, before: Mapping[str, Part]) -> Part:
    try:
        return _checked(name, function(evidence, before), len(evidence.links))
    except (EstimateFault, OSError, MemoryError):
        raise
    except Exception as error:
        raise EstimateFault("feature_failed", f"The feature {name} raised {type(error).__name__}.") from error


def _checked(name: str, part: Part, n: int) -> Part:
    """Return the part of the feature `name` for n news items as arrays of numbers."""
    if not isinstance(part, Part):
        raise EstimateFault("feature_failed", f"The feature {name} returned {type(part).__name__} instead of a Part.")
    prior_variance = np.asarray(part.prior_variance)
    return Part(
        mean=_numbers(name, "mean", part.mean, (n,)),
        variance=_numbers(name, "variance", part.variance, (n,), least=0.0),
        prior_variance=_numbers(name, "prior_variance", prior_variance, (n,) if prior_variance.ndim else (), least=0.0),
    )


def _numbers(name: str, which: str, given: FloatArray, shape: tuple[int, ...], *, least: float = -np.inf) -> FloatArray:
    values = np.asarray(given)
    if values.shape != shape or values.dtype.kind not in "fiub":
        found = f"an array of shape {values.shape} and type {values.dtype}"
        raise EstimateFault(
            "feature_failed", f"The {which} of the feature {name} is {found} instead of {shape} numbers."
        )
    wrong = values[~(np.isfinite(values) & (values >= least))]
    if wrong.size:
        wanted = "a finite number" if least < 0.0 else "finite and at least 0"
        raise EstimateFault("feature_failed", f"The {which} of the feature {name} is {wrong[0]} and must be {wanted}.")
    return values.astype(np.float64, copy=False)
