"""Labelled texts: labels for each text as a whole, and toward the names in it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nlp.sentiment.tier import EntityText
from nlp.tiers import load_analyser
from nlp.training.corpora import SentimentRow, document_rows, entity_rows
from nlp.training.deep.targets import Classes, Target
from nlp.training.unlabelled import texts_as_read

# Of negative, neutral, positive: what a wrong label should have been. Readers rarely take good news for bad.
_MISTAKEN_FOR: tuple[Classes, Classes, Classes] = ((0.0, 0.93, 0.07), (0.35, 0.0, 0.65), (0.07, 0.93, 0.0))
_TWICE = frozenset(("phrasebank", "semeval", "fiqa"))
_MAX_NAMES = 2


@dataclass(slots=True)
class LabelledText:
    """A text with all that is known of it, and how often a teacher sees it in an epoch: 0 where nothing is known.

    Notes
    -----
    `of_text` holds more than one target where annotators gave several. A target is None where nobody gave one: it is
    to be asked for.
    """

    text: str
    n_repeats: int = 1
    of_text: list[Target | None] = field(default_factory=list)
    toward: list[tuple[EntityText, Target | None]] = field(default_factory=list)

    def questions(self) -> Iterator[tuple[EntityText | None, Target | None]]:
        """Yield every target: first those of the text, with None for its place, then those toward names."""
        for target in self.of_text:
            yield None, target
        yield from self.toward


def place_of(row: SentimentRow) -> EntityText | None:
    """Return where the row's entity stands in its text; None when it names none or does not hold it."""
    start = -1 if row.entity is None else row.text.lower().find(row.entity.lower())
    return None if row.entity is None or start < 0 else EntityText(row.text, start, start + len(row.entity))


def labelled_rows(data: Path) -> tuple[list[SentimentRow], list[SentimentRow]]:
    """Return the rows labelled as a whole and those labelled toward a name, each with its place in the text."""
    return document_rows(data), [row for row in entity_rows(data) if place_of(row) is not None]


def labelled_texts(rows: Iterable[SentimentRow], toward: Iterable[SentimentRow]) -> list[LabelledText]:
    """Return the rows as texts; sets with few or fine labels are seen twice an epoch."""
    found: dict[str, LabelledText] = {}

    def of(row: SentimentRow) -> LabelledText:
        text = found.setdefault(row.text, LabelledText(row.text))
        text.n_repeats = max(text.n_repeats, 2 if row.source in _TWICE else 1)
        return text

    for row in rows:
        of(row).of_text.append(Target(_trusted(row), row.score))
    for row in toward:
        if (place := place_of(row)) is not None:
            of(row).toward.append((place, Target(_trusted(row), row.score)))
    return list(found.values())


def unlabelled_texts(data: Path) -> list[LabelledText]:
    """Return the texts without labels under `data`, every target still to be given.

    Notes
    -----
    Names are the companies and organisations that the shipped recogniser finds, at most two a text.
    """
    texts = texts_as_read(data)
    return [
        LabelledText(text, 0, of_text=[None], toward=[(place, None) for place in places])
        for text, places in zip(texts, _named_places(texts), strict=True)
    ]


def _named_places(texts: Sequence[str]) -> Iterator[list[EntityText]]:
    recogniser = load_analyser("fast").recogniser
    for text in texts:
        named = [
            one.mentions[0]
            for one in recogniser.recognise([("title", text)])
            if one.entity.type in {"company", "organisation"} and one.mentions
        ]
        yield [EntityText(text, mention.start, mention.end) for mention in named[:_MAX_NAMES]]


def _trusted(row: SentimentRow) -> Classes:
    """Return the row's target with its doubt given to the classes that annotators mistake its label for."""
    if row.trust == 1.0:
        return row.target
    doubted = _MISTAKEN_FOR[row.target.index(max(row.target))]
    negative, neutral, positive = (
        row.trust * share + (1.0 - row.trust) * other for share, other in zip(row.target, doubted, strict=True)
    )
    return negative, neutral, positive
