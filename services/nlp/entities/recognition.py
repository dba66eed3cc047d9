"""Entities of an article: what the gazetteer links and what the name tagger finds, joined into one list.

The tagger says where names begin and end and of which kind they are; the gazetteer says who bears them. Where both
speak of one stretch, the longer name wins: "Harrison Ford" is no car maker, "Kenya Bankers Association" no country.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from common.contracts import EntityType, TextField
from nlp.entities.consistency import settle_kinds, surnames_in
from nlp.entities.gazetteer import AliasKind, AliasMatch, KnownEntity, fold
from nlp.entities.linking import MAX_MENTIONS, LinkedEntity, Linker, Mention
from nlp.entities.name_borders import TYPE_OF_KIND, around, settle_borders
from nlp.entities.tagger import EntityTagger, NamedSpan
from nlp.words import word_list

_NOT_IN_IDENTIFIERS = re.compile(r"[^a-z0-9]+")
_MAX_UNLISTED = 60
# Letters that stand for things and periods, however like a name they look.
_NOT_ORGANISATIONS = word_list("not_organisations")


@dataclass(frozen=True, slots=True)
class FieldReading:
    """What gazetteer and tagger found in one field of an article."""

    name: TextField
    text: str
    matches: list[AliasMatch]
    names: list[NamedSpan]


class EntityRecogniser:
    """Finds the entities of an article, listed or not, with every place where each is named."""

    def __init__(self, linker: Linker, tagger: EntityTagger) -> None:
        self._linker = linker
        self._tagger = tagger

    def recognise(
        self,
        fields: Sequence[tuple[TextField, str]],
        tickers: Sequence[str] = (),
        on: date | None = None,
    ) -> list[LinkedEntity]:
        """Return the entities of `fields`: the linked ones as `Linker.link` orders them, then the unlisted ones."""
        readings = self._read(fields)
        matches = {reading.name: reading.matches for reading in readings}
        linked = self._linker.link(fields, tickers, on, matches)
        surnames = surnames_in([reading.text for reading in readings], [reading.names for reading in readings])
        for reading in readings:
            settle_borders(reading.name, reading.text, reading.names, linked, self._linker.gazetteer, surnames)
        kept = [one for one in linked if one.mentions or one.is_given]
        unlisted = _unlisted(readings, kept)
        for one in unlisted:
            one.alternatives = self._companies_named(one.entity)
        return kept + unlisted

    def _companies_named(self, unlisted: KnownEntity) -> tuple[KnownEntity, ...]:
        """Return the companies that an organisation may be whose name is an everyday word: "Visa" with no sign."""
        if unlisted.type != "organisation":
            return ()
        candidates = self._linker.gazetteer.aliases.get(fold(unlisted.name), ())
        return tuple(one.entity for one in candidates if one.kind is AliasKind.COMMON)

    def _read(self, fields: Sequence[tuple[TextField, str]]) -> list[FieldReading]:
        found = [self._linker.gazetteer.find(fold(text)) for _, text in fields]
        texts = [text for _, text in fields]
        names = [self._tagger.tag(text, matches) for text, matches in zip(texts, found, strict=True)]
        return [
            FieldReading(name, text, matches, settled)
            for (name, text), matches, settled in zip(fields, found, settle_kinds(texts, names), strict=True)
        ]


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
