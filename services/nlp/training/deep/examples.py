"""What the encoder learns from: texts with or without a marked name, soft classes, and grades where a set has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nlp.sentiment.encoding import TextEncoder, marked, normalised
from nlp.sentiment.tier import EntityText
from nlp.training.corpora import SentimentRow, document_rows, entity_rows

_SMOOTHING = 0.05
_TWICE = frozenset(("phrasebank", "semeval", "fiqa"))


@dataclass(frozen=True, slots=True)
class Example:
    """One text as word pieces; `score` is None where its set has classes only; `head` is 0 (document) or 1 (name)."""

    key: str
    ids: tuple[int, ...]
    head: int
    target: tuple[float, float, float]
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


def examples(rows: Sequence[SentimentRow], encoder: TextEncoder, head: int) -> list[Example]:
    """Return the rows as examples of one head; sets with few or fine labels are seen twice an epoch."""
    ids = encoder.ids([encoded_text(row, with_entity=head == 1) for row in rows])
    return [
        Example(
            row.key,
            tuple(numbers),
            head,
            _smoothed(row.target),
            row.score,
            2 if row.source in _TWICE else 1,
        )
        for row, numbers in zip(rows, ids, strict=True)
    ]


def _smoothed(target: tuple[float, float, float]) -> tuple[float, float, float]:
    negative, neutral, positive = (share * (1.0 - _SMOOTHING) + _SMOOTHING / 3.0 for share in target)
    return negative, neutral, positive


def training_rows(data: Path) -> tuple[list[SentimentRow], list[SentimentRow]]:
    """Return the rows of the document head and those of the entity head, each with its place in the text."""
    named = [row for row in entity_rows(data) if place_of(row) is not None]
    return document_rows(data), named
