"""The opinion of a tier on a text: class probabilities, and a score that also expresses strength."""

from collections.abc import Sequence
from typing import NamedTuple

from nlp.sentiment.linear_text import Probabilities


class Opinion(NamedTuple):
    """Calibrated class probabilities, which sum to 1, and the score in [-1, 1]."""

    negative: float
    neutral: float
    positive: float
    score: float

    @classmethod
    def of(cls, found: Probabilities) -> "Opinion":
        """Return the opinion of a model that grades nothing: its score is positive minus negative."""
        return cls(*found, found.positive - found.negative)

    @property
    def probabilities(self) -> Probabilities:
        """The class probabilities alone."""
        return Probabilities(*self[:3])


NO_OPINION = Opinion(0.0, 1.0, 0.0, 0.0)


def weighted_mean(opinions: Sequence[Opinion], weights: Sequence[float]) -> Opinion:
    """Return the mean of the opinions with weights that sum to 1."""
    return Opinion(
        *(
            sum(weight * value for weight, value in zip(weights, column, strict=True))
            for column in zip(*opinions, strict=True)
        )
    )
