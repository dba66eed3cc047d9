"""Sentiment of a text and toward one name, with evidence: the interface of the tiers, and the fast, linear one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from common.contracts import Sentiment, SentimentLabel
from nlp.artefacts import checked_path, load_arrays, load_manifest
from nlp.features import document_families, entity_families
from nlp.linear_text import LinearText, Probabilities
from nlp.negation import negated_positions
from nlp.opinion import Opinion
from nlp.tokens import forms, offsets, raw_tokens

FAST_ARTEFACT = "sentiment-fast"
ANALYSED_CHARACTERS = 1_000
_MAX_EVIDENCE = 5
_MIN_WEIGHT = 0.15
_JOINED_GAP = 1


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

    def read(self, texts: Sequence[str]) -> Sequence[Reading]:
        """Return the reading of each text."""
        ...

    def entities(self, texts: Sequence[EntityText]) -> list[Opinion]:
        """Return what is thought of each text as seen by the entity in it."""
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


class FastReading:
    """The reading of a text by the linear model; the evidence is looked for only when asked."""

    def __init__(self, model: LinearText, text: str) -> None:
        self._model = model
        self._text = text[:ANALYSED_CHARACTERS]
        self._forms = forms(self._text)
        self._score = model.score(self._forms, document_families(self._forms))
        self.opinion = Opinion.of(model.probabilities(self._score))

    @property
    def second_opinion(self) -> Opinion | None:
        """None: the fast tier asks no other."""
        return None

    def evidence(self) -> list[Evidence]:
        """Return the stretches that moved the score most, at most five, in the order of the text."""
        found = self._forms
        pulls = self._model.pull(found, self._score)
        strong = [index for index, pull in enumerate(pulls) if abs(pull) >= _MIN_WEIGHT and _may_count(found[index])]
        if not strong:
            return []
        raw = raw_tokens(self._text)
        starts = offsets(self._text, raw)
        negated = negated_positions(found)
        spans = [
            Evidence(starts[index], starts[index] + len(raw[index]), pulls[index], index in negated) for index in strong
        ]
        strongest = sorted(_joined(spans), key=lambda span: -abs(span.weight))[:_MAX_EVIDENCE]
        return sorted(strongest, key=lambda span: span.start)


class FastSentiment:
    """The fast tier: two linear models, one for the document and one for a marked entity."""

    def __init__(self, version: str, document: LinearText, entity: LinearText) -> None:
        self.version = version
        self._document = document
        self._entity = entity

    @classmethod
    def load(cls) -> "FastSentiment":
        """Return the shipped model, checked by hash."""
        arrays = load_arrays(checked_path(FAST_ARTEFACT))
        return cls(
            load_manifest()[FAST_ARTEFACT].version,
            LinearText.from_arrays(arrays, "document"),
            LinearText.from_arrays(arrays, "entity"),
        )

    def read(self, texts: Sequence[str]) -> list[FastReading]:
        """Return the reading of each text; an empty text gives the prior."""
        return [FastReading(self._document, text) for text in texts]

    def entities(self, texts: Sequence[EntityText]) -> list[Opinion]:
        """Return what is thought of each text as seen by the entity in it."""
        answers = []
        for text, start, end in texts:
            before = forms(text[max(0, start - ANALYSED_CHARACTERS // 2) : start])
            after = forms(text[end : end + ANALYSED_CHARACTERS // 2])
            score = self._entity.score([*before, *after], entity_families(before, after))
            answers.append(Opinion.of(self._entity.probabilities(score)))
        return answers


def _may_count(form: str) -> bool:
    return form[0].isalpha() or form in {"+", "-", "%"}


def _joined(spans: list[Evidence]) -> list[Evidence]:
    """Return the spans with neighbours of the same direction made one."""
    joined: list[Evidence] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last and span.start - last.end <= _JOINED_GAP and _agree(last, span):
            joined[-1] = Evidence(last.start, span.end, last.weight + span.weight, span.negated)
        else:
            joined.append(span)
    return joined


def _agree(one: Evidence, other: Evidence) -> bool:
    return (one.weight > 0) == (other.weight > 0) and one.negated == other.negated
