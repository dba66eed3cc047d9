"""The score without each span of evidence: the text is scored again with the span removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nlp.sentiment.document import DocumentReading, with_title
from nlp.sentiment.opinion import Opinion
from nlp.sentiment.tier import EntityText, SentimentTier


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """The score without the evidence at position `evidence` of the list, and its difference from the score with it."""

    evidence: int
    score: float
    change: float


class Variants(NamedTuple):
    """A text with its evidence taken out, one stretch at a time.

    Notes
    -----
    `titles` are its headlines without each stretch; `places` say where each then names the entity asked about, None
    where it does not or none was asked about. `score` is the text's own.
    """

    score: float
    document: DocumentReading
    titles: Sequence[str]
    places: Sequence[EntityText | None]


def without(title: str, start: int, end: int) -> str:
    """Return `title` without the stretch [`start`, `end`) and without a doubled space where it was."""
    left, right = title[:start], title[end:]
    return left + right.lstrip(" ") if not left or left.endswith(" ") else left + right


def read_counterfactuals(tier: SentimentTier, texts: Sequence[Variants]) -> list[list[Counterfactual]]:
    """Return the counterfactuals of each text, in the order of its evidence; all are read in one batch.

    Notes
    -----
    Only headlines hold evidence, so only they are read again; the sentences below keep their part of the score.
    """
    titles = [title for text in texts for title in text.titles]
    places = [place for text in texts for place in text.places if place is not None]
    read, asked = tier.read(titles, places)
    readings, toward = iter(read), iter(asked)
    answers = []
    for text in texts:
        found = []
        for index, place in enumerate(text.places):
            document = with_title(text.document, next(readings).opinion)
            score = _score(document if place is None else next(toward))
            found.append(Counterfactual(index, score, round(score - text.score, 6)))
        answers.append(found)
    return answers


def _score(found: Opinion) -> float:
    return round(found.score, 6)
