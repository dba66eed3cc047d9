"""The interface of every tier of the sentiment model: opinions on texts and toward names, with evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from common.contracts import Sentiment, SentimentLabel
from nlp.sentiment.linear_text import Probabilities
from nlp.sentiment.opinion import Opinion

ANALYSED_CHARACTERS = 1_000


class EntityText(NamedTuple):
    """A text and the stretch of it that names the entity asked about."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stretch of a text that moved its score: up when `weight` > 0; `end` is exclusive."""

    start: int
    end: int
    weight: float
    negated: bool


class Reading(Protocol):
    """What a tier made of one text."""

    @property
    def opinion(self) -> Opinion:
        """What the tier thinks of the text."""
        ...

    @property
    def second_opinion(self) -> Opinion | None:
        """What another tier makes of the text; None where no other was asked."""
        ...

    def evidence(self) -> list[Evidence]:
        """Return the stretches that moved the score most, in the order of the text."""
        ...


class SentimentTier(Protocol):
    """What every tier answers; all inputs are batches and every answer keeps their order."""

    version: str

    @property
    def versions(self) -> dict[str, str]:
        """The versions of all weights at work, the tier's own under `sentiment`."""
        ...

    def read(
        self, texts: Sequence[str], toward: Sequence[EntityText] = ()
    ) -> tuple[Sequence[Reading], Sequence[Opinion]]:
        """Return the reading of each text, and what is thought in each text of `toward` of the entity named there."""
        ...


def sentiment_of(found: Opinion) -> Sentiment:
    """Return the wire form of an opinion; what rounding loses goes to neutral, so that the sum stays 1."""
    negative, positive = round(found.negative, 6), round(found.positive, 6)
    return Sentiment(
        label=label_of(found),
        score=round(found.score, 6),
        positive=positive,
        neutral=round(1.0 - positive - negative, 6),
        negative=negative,
    )


def label_of(found: Opinion | Probabilities) -> SentimentLabel:
    """Return the likeliest class; the more cautious, neutral, on a tie."""
    if found.neutral >= found.negative and found.neutral >= found.positive:
        return "neutral"
    return "negative" if found.negative >= found.positive else "positive"
