"""The features of an estimate: the parts whose sum is the expected effect of a piece of news.

A feature is one function here, registered by its name. It says what it adds to the expected effect, how uncertain that
is now and how uncertain it was before any outcome was known. The estimate adds the features up. Its explanation stores
each under its name as a part of the expected abnormal return; the API and the model card show what it means.

A feature knows the news itself (`Evidence.links`) and what `Evidence` sums up of past news: the slope that all news of
the same basis and horizon gives, and the sums of news of the same kind, on all securities and on this one. Of past news
no feature's own value is stored, so a feature can learn only what these sums tell.

Features are computed in the order of this file; each sees those before it, so that it can say what is beyond them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from market_impact.estimation.shrinkage import Evidence, pull
from market_impact.prices.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Part:
    """One feature of n estimates, in abnormal volatilities; every number is finite, and no variance is negative.

    Parameters
    ----------
    mean : ndarray of shape (n,), what it adds to the expected effect
    variance : ndarray of shape (n,), of `mean`
    prior_variance : ndarray of shape (n,) or one number, of `mean` before any outcome was known

    Notes
    -----
    Of news that a feature does not apply to, all three are 0: then it changes neither the estimate nor its confidence.
    """

    mean: FloatArray
    variance: FloatArray
    prior_variance: FloatArray | float


# Estimates are told apart by it: raise it whenever one would come out differently, here or by the priors.
MODEL_VERSION = "shrunken-car-2"

FeatureFunction = Callable[[Evidence, Mapping[str, Part]], Part]


@dataclass(frozen=True, slots=True)
class Feature:
    """A part of every estimate: what it means, in a sentence for the reader of an explanation, and how it is found."""

    meaning: str
    part: FeatureFunction


FEATURES: dict[str, Feature] = {}
"""The features by name, in the order in which they are added up."""


def feature(name: str, meaning: str) -> Callable[[FeatureFunction], FeatureFunction]:
    """Register a function as the feature `name`."""

    def register(part: FeatureFunction) -> FeatureFunction:
        FEATURES[name] = Feature(meaning, part)
        return part

    return register


@feature("sentiment", "Sentiment score times the slope learned from all past news.")
def _sentiment(evidence: Evidence, _before: Mapping[str, Part]) -> Part:
    scores, prior = evidence.scores, evidence.prior
    return Part(
        mean=evidence.slope * scores,
        variance=scores * scores / evidence.slope_precision,
        prior_variance=(scores * prior.slope_deviation) ** 2,
    )


@feature("kind", "What news of this event type and sentiment does beyond that on other securities.")
def _kind(evidence: Evidence, _before: Mapping[str, Part]) -> Part:
    prior_variance = evidence.prior.kind_deviation**2
    others = evidence.kind.without(evidence.own)
    mean, weight = pull(others, evidence.slope, 0.0, evidence.event_variance / prior_variance)
    return Part(mean, prior_variance * (1.0 - weight), prior_variance)


@feature("ticker", "What it does beyond that on this security.")
def _ticker(evidence: Evidence, before: Mapping[str, Part]) -> Part:
    prior_variance = evidence.prior.ticker_deviation**2
    mean, weight = pull(evidence.own, evidence.slope, before["kind"].mean, evidence.event_variance / prior_variance)
    return Part(mean, prior_variance * (1.0 - weight), prior_variance)
