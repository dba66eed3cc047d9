"""The blend of two tiers' opinions: a logistic regression on their logits, fitted on texts that neither had seen.

softmax(deep * d + fast * log f + bias), with d the encoder's logits and f the linear model's calibrated probabilities,
none of them below .03: it knows single words and must not veto what the encoder has read ("the loss decreased").
One weight for each tier serves all classes, so the blend is a calibration too (Platt 1999; temperature scaling is the
case without `fast`). The score is graded * g + classes * (positive - negative), with g the encoder's own grade: a text
that is surely positive is not therefore strongly so.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from nlp.sentiment.opinion import Opinion

LEAST_SHARE = 0.03


class BlendRow(TypedDict):
    """The weights of a blend as JSON."""

    deep: float
    fast: float
    bias: list[float]
    graded: float
    classes: float


@dataclass(frozen=True, slots=True)
class Blend:
    """The weights of one head's blend; `bias` is of negative, neutral and positive."""

    deep: float
    fast: float
    bias: tuple[float, float, float]
    graded: float
    classes: float

    @classmethod
    def from_row(cls, row: BlendRow) -> "Blend":
        """Return the blend that `row` wrote."""
        negative, neutral, positive = row["bias"]
        return cls(row["deep"], row["fast"], (negative, neutral, positive), row["graded"], row["classes"])

    def row(self) -> BlendRow:
        """Return the blend as JSON takes it."""
        return BlendRow(deep=self.deep, fast=self.fast, bias=list(self.bias), graded=self.graded, classes=self.classes)

    def __call__(self, outputs: Sequence[float], fast: Opinion) -> Opinion:
        """Return the blended opinion.

        Parameters
        ----------
        outputs : the encoder's logits of negative, neutral and positive, and its grade before the tanh
        """
        *logits, grade = outputs
        found = [
            self.deep * logit + self.fast * math.log(max(share, LEAST_SHARE)) + bias
            for logit, share, bias in zip(logits, fast.probabilities, self.bias, strict=True)
        ]
        largest = max(found)
        powers = [math.exp(one - largest) for one in found]
        total = sum(powers)
        negative, neutral, positive = (power / total for power in powers)
        score = self.graded * math.tanh(grade) + self.classes * (positive - negative)
        return Opinion(negative, neutral, positive, max(-1.0, min(1.0, score)))
