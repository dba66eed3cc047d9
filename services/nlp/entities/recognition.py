"""Entities of an article: what the gazetteer links and what the name tagger finds, joined into one list.

The tagger says where names begin and end and of which kind they are; the gazetteer says who bears them. Where both
speak of one stretch, the longer name wins: "Harrison Ford" is no car maker, "Kenya Bankers Association" no country.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import NamedTuple

from common.contracts import EntityType, TextField
from nlp.entities.consistency import settle_kinds, surnames_in
from nlp.entities.corroboration import is_thing_here
from nlp.entities.gazetteer import AliasKind, AliasMatch, KnownEntity, fold
from nlp.entities.linking import MAX_MENTIONS, LinkedEntity, Linker, Mention
from nlp.entities.name_borders import LARGE, TYPE_OF_KIND, around, settle_borders
from nlp.entities.tagging.labels import NamedSpan, NameTagger
from nlp.words import word_list

_NOT_IN_IDENTIFIERS = re.compile(r"[^a-z0-9]+")
_MAX_UNLISTED = 60
_FIELDS: tuple[TextField, ...] = ("title", "summary", "body")
# Names that are words when they are not in capitals.
_ACRONYMS = word_list("acronyms")
# Letters that stand for things and periods, however like a name they look.
_NOT_ORGANISATIONS = word_list("not_organisations")


@dataclass(frozen=True, slots=True)
class FieldReading:
    """What gazetteer and tagger found in one field of an article."""

    name: TextField
    text: str
    matches: list[AliasMatch]
    names: list[NamedSpan]


class ArticleFields(NamedTuple):
    """The fields of one article; `tickers` are those that its publisher supplied, `on` its day (None: today).

    Notes
    -----
    In a text that is not English only listed names are found: the taggers have learned from English alone.
    """

    fields: Sequence[tuple[TextField, str]]
    tickers: Sequence[str] = ()
    on: date | None = None
    is_english: bool = True


class EntityRecogniser:
    """Finds the entities of an article, listed or not, with every place where each is named."""

    def __init__(self, linker: Linker, tagger: NameTagger) -> None:
        self._linker = linker
        self._tagger = tagger

    def recognise(
        self,
        fields: Sequence[tuple[TextField, str]],
        tickers: Sequence[str] = (),
        on: date | None = None,
    ) -> list[LinkedEntity]:
        """Return the entities of one article."""
        return self.recognise_all([ArticleFields(fields, tickers, on)])[0]

    def recognise_all(self, articles: Sequence[ArticleFields]) -> list[list[LinkedEntity]]:
        """Return the entities of each article: the linked ones as `Linker.link` orders them, then the unlisted ones."""
        texts = [text for article in articles for _, text in article.fields]
        matches = [self._linker.gazetteer.find(fold(text)) for text in texts]
        tagged = [text if article.is_english else "" for article in articles for _, text in article.fields]
        found = zip(texts, matches, self._tagger.tag(tagged, matches), strict=True)
        return [self._recognised(article, list(islice(found, len(article.fields)))) for article in articles]

    def _recognised(
        self, article: ArticleFields, found: Sequence[tuple[str, list[AliasMatch], list[NamedSpan]]]
    ) -> list[LinkedEntity]:
        settled = settle_kinds([text for text, _, _ in found], [names for _, _, names in found])
        readings = [
            FieldReading(name, text, matches, names)
            for (name, _), (text, matches, _), names in zip(article.fields, found, settled, strict=True)
        ]
        by_field = {reading.name: reading.matches for reading in readings}
        linked = self._linker.link(article.fields, article.tickers, article.on, by_field)
        if not article.is_english:
            return linked
        surnames = surnames_in([reading.text for reading in readings], [reading.names for reading in readings])
        for reading in readings:
            settle_borders(
                reading.name,
                reading.text,
                reading.names,
                linked,
                self._linker.gazetteer,
                surnames=surnames,
                reads_headlines=self._tagger.reads_headlines,
            )
        kept = [one for one in linked if one.mentions or one.is_given]
        unlisted = []
        texts = {reading.name: reading.text for reading in readings}
        for one in _unlisted(readings, kept):
            meant = self._companies_named(one.entity)
            if self._tagger.reads_headlines and len(meant) == 1 and meant[0].rank <= LARGE:
                # That it is an organisation here is the sign that the everyday word lacked: "Apple supplier Foxconn".
                named = [place for place in one.mentions if not _is_word(place, texts[place.field])]
                _add_mentions(kept, self._linker.as_of(meant[0], article.on), named)
            else:
                one.alternatives = meant
                unlisted.append(one)
        return kept + unlisted

    def _companies_named(self, unlisted: KnownEntity) -> tuple[KnownEntity, ...]:
        """Return the companies that an organisation may be whose name is an everyday word: "Visa" with no sign."""
        if unlisted.type != "organisation":
            return ()
        candidates = self._linker.gazetteer.aliases.get(fold(unlisted.name), ())
        return tuple(one.entity for one in candidates if one.kind is AliasKind.COMMON)


def _is_word(place: Mention, text: str) -> bool:
    """Say whether an everyday name is the everyday word: "Ups guidance", "$51 Target"."""
    is_acronym = place.text[1:].islower() and place.text.lower() in _ACRONYMS
    return is_acronym or is_thing_here(text, place.start, place.end)


def _add_mentions(linked: list[LinkedEntity], entity: KnownEntity, mentions: list[Mention]) -> None:
    """Let `entity` bear the mentions too."""
    if not mentions:
        return
    for one in linked:
        if one.entity.entity_id == entity.entity_id:
            one.mentions[:] = sorted(one.mentions + mentions, key=_place_in_article)[:MAX_MENTIONS]
            return
    linked.append(LinkedEntity(entity, mentions))


def _place_in_article(mention: Mention) -> tuple[int, int]:
    return _FIELDS.index(mention.field), mention.start


def _unlisted(readings: Sequence[FieldReading], linked: Sequence[LinkedEntity]) -> list[LinkedEntity]:
    """Return the names that no linked entity bears, one entity for each name."""
    found: dict[tuple[str, EntityType], LinkedEntity] = {}
    for reading in readings:
        starts = [span.start for span in reading.names]
        borne = {
            around(reading.names, starts, mention)
            for one in linked
            for mention in one.mentions
            if mention.field == reading.name
        }
        # A name of two that the tagger parted: "Johnson & Johnson".
        taken = [
            (mention.start, mention.end) for one in linked for mention in one.mentions if mention.field == reading.name
        ]
        for span in reading.names:
            text = reading.text[span.start : span.end]
            is_inside = any(start <= span.start and span.end <= end for start, end in taken)
            if span in borne or is_inside or text.lower() in _NOT_ORGANISATIONS:
                continue
            kind = TYPE_OF_KIND[span.kind]
            key = (_unlisted_key(text, kind, found), kind)
            if key not in found and len(found) < _MAX_UNLISTED:
                identifier = f"unlisted-{kind}-{_NOT_IN_IDENTIFIERS.sub('-', key[0])}"
                found[key] = LinkedEntity(KnownEntity(identifier, text, kind), is_unlisted=True)
            if key in found and len(found[key].mentions) < MAX_MENTIONS:
                found[key].mentions.append(Mention(reading.name, span.start, span.end, text))
    return list(found.values())


def _unlisted_key(text: str, kind: EntityType, found: dict[tuple[str, EntityType], LinkedEntity]) -> str:
    """Return the name that stands for `text`: a surname alone is the person named in full before."""
    name = fold(text)
    if kind == "person" and " " not in name:
        for full, known_kind in found:
            if known_kind == "person" and full.endswith(f" {name}"):
                return full
    return name
