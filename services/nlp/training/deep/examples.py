"""What the encoder learns from: texts with or without a marked name, soft classes, and grades where a set has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nlp.sentiment.encoding import TextEncoder, marked, normalised
from nlp.sentiment.tier import EntityText
from nlp.training.corpora import SentimentRow, document_rows, entity_rows

Classes = tuple[float, float, float]
SMOOTHING = 0.05
# Of negative, neutral, positive: what a wrong label should have been. Readers rarely take good news for bad.
_MISTAKEN_FOR: tuple[Classes, Classes, Classes] = ((0.0, 0.93, 0.07), (0.35, 0.0, 0.65), (0.07, 0.93, 0.0))
_TWICE = frozenset(("phrasebank", "semeval", "fiqa"))


@dataclass(frozen=True, slots=True)
class Example:
    """One text as word pieces; `score` is None where its set has classes only; `head` is 0 (document) or 1 (name)."""

    key: str
    ids: tuple[int, ...]
    head: int
    target: Classes
    score: float | None
    n_repeats: int


def place_of(row: SentimentRow) -> EntityText | None:
    """Return where the row's entity stands in its text; None when it names none or does not hold it."""
    start = -1 if row.entity is None else row.text.lower().find(row.entity.lower())
    return None if row.entity is None or start < 0 else EntityText(row.text, start, start + len(row.entity))


def encoded_text(row: SentimentRow, *, with_entity: bool) -> str:
    """Return the row's text as the encoder reads it."""
    place = place_of(row) if with_entity else None
    return normalised(row.text) if place is None else marked(place)


def examples(
    rows: Sequence[SentimentRow], encoder: TextEncoder, head: int, smoothing: float = SMOOTHING
) -> list[Example]:
    """Return the rows as examples of one head; sets with few or fine labels are seen twice an epoch."""
    ids = encoder.ids([encoded_text(row, with_entity=head == 1) for row in rows])
    return [
        Example(
            row.key,
            tuple(numbers),
            head,
            _smoothed(_trusted(row), smoothing),
            row.score,
            2 if row.source in _TWICE else 1,
        )
        for row, numbers in zip(rows, ids, strict=True)
    ]


def _trusted(row: SentimentRow) -> Classes:
    """Return the row's target with its doubt given to the classes that annotators mistake its label for."""
    if row.trust == 1.0:
        return row.target
    doubted = _MISTAKEN_FOR[row.target.index(max(row.target))]
    negative, neutral, positive = (
        row.trust * share + (1.0 - row.trust) * other for share, other in zip(row.target, doubted, strict=True)
    )
    return negative, neutral, positive


def _smoothed(target: Classes, smoothing: float) -> Classes:
    negative, neutral, positive = (share * (1.0 - smoothing) + smoothing / 3.0 for share in target)
    return negative, neutral, positive


def training_rows(data: Path) -> tuple[list[SentimentRow], list[SentimentRow]]:
    """Return the rows of the document head and those of the entity head, each with its place in the text."""
    named = [row for row in entity_rows(data) if place_of(row) is not None]
    return document_rows(data), named
