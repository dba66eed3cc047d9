"""The fast tier: two linear models over words, word pairs and character n-grams, which show their evidence."""

from collections.abc import Sequence

from nlp.artefacts import checked_path, load_arrays, load_manifest
from nlp.sentiment.features import document_families, entity_families
from nlp.sentiment.linear_text import LinearText
from nlp.sentiment.opinion import Opinion
from nlp.sentiment.tier import ANALYSED_CHARACTERS, EntityText, Evidence
from nlp.texts.negation import negated_positions
from nlp.texts.tokens import forms, offsets, raw_tokens

FAST_ARTEFACT = "sentiment-fast"
_MAX_EVIDENCE = 5
_MIN_WEIGHT = 0.15
_JOINED_GAP = 1


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

    @property
    def versions(self) -> dict[str, str]:
        """The version of the only weights at work."""
        return {"sentiment": self.version}

    def read(self, texts: Sequence[str], toward: Sequence[EntityText] = ()) -> tuple[list[FastReading], list[Opinion]]:
        """Return the reading of each text, the prior for an empty one, and what is thought toward each entity."""
        return [FastReading(self._document, text) for text in texts], [self._toward(place) for place in toward]

    def _toward(self, place: EntityText) -> Opinion:
        text, start, end = place
        before = forms(text[max(0, start - ANALYSED_CHARACTERS // 2) : start])
        after = forms(text[end : end + ANALYSED_CHARACTERS // 2])
        score = self._entity.score([*before, *after], entity_families(before, after))
        return Opinion.of(self._entity.probabilities(score))


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
