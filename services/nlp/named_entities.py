"""The names in a text, recognised first so that the sentiment toward all of them is scored in one batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common.contracts import Entity, Meaning, Sentiment, Span, TextField
from nlp.entities.gazetteer import KnownEntity
from nlp.entities.linking import MAX_MENTIONS, LinkedEntity, Mention
from nlp.entities.relevance import relevances
from nlp.sentiment.document import first_sentence_of
from nlp.sentiment.opinion import Opinion
from nlp.sentiment.tier import EntityText, sentiment_of

_MAX_MEANINGS = 20
_SCORED_TYPES = frozenset(("company", "organisation", "person", "product"))


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one text with their relevance; `asked` are those toward which the sentiment is asked."""

    linked: Sequence[LinkedEntity]
    relevances: Sequence[float]
    asked: Sequence[int]
    places: Sequence[EntityText]

    @classmethod
    def of(
        cls, linked: Sequence[LinkedEntity], fields: Sequence[tuple[TextField, str]], title: str, *, is_scored: bool
    ) -> "Names":
        """Return the names linked in `fields`; of a text that is not scored nothing is asked."""
        asked = [index for index, one in enumerate(linked) if is_scored and _is_scored(one)]
        places = [first_sentence_of(fields, linked[index].mentions[0]) for index in asked]
        return cls(linked, relevances(linked, title), asked, places)

    def entities(self, opinions: Iterator[Opinion], document: Sentiment) -> list[Entity]:
        """Return the entities, the most relevant first; each takes its opinion from `opinions`, or the document's."""
        toward = {index: sentiment_of(next(opinions)) for index in self.asked}
        found = [
            _entity(one, relevance, toward.get(index, document))
            for index, (one, relevance) in enumerate(zip(self.linked, self.relevances, strict=True))
        ]
        return sorted(found, key=lambda entity: -entity.relevance)


def _is_scored(linked: LinkedEntity) -> bool:
    if linked.is_unlisted and linked.mentions[0].field == "body":
        return False
    return linked.entity.type in _SCORED_TYPES and bool(linked.mentions)


def _span(place: Mention) -> Span:
    return Span(field=place.field, start=place.start, end=place.end, text=place.text)


def _entity(linked: LinkedEntity, relevance: float, sentiment: Sentiment) -> Entity:
    is_clear = not linked.alternatives
    return Entity(
        name=linked.entity.name[:200],
        type=linked.entity.type,
        ticker=linked.entity.ticker if is_clear else None,
        mic=linked.entity.mic if is_clear else None,
        cik=linked.entity.cik if is_clear else None,
        relevance=relevance,
        sentiment=sentiment,
        mentions=[_span(mention) for mention in linked.mentions[:MAX_MENTIONS]],
        meanings=[_meaning(one) for one in _meanings(linked)[:_MAX_MEANINGS]],
    )


def _meanings(linked: LinkedEntity) -> Sequence[KnownEntity]:
    """Return what an ambiguous name may mean, nothing when it is clear; an unlisted name is no meaning of itself."""
    if not linked.alternatives or linked.is_unlisted:
        return linked.alternatives
    return linked.entity, *linked.alternatives


def _meaning(entity: KnownEntity) -> Meaning:
    return Meaning(name=entity.name[:200], ticker=entity.ticker, mic=entity.mic, cik=entity.cik)
