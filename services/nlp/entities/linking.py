"""Entity linking: which known companies, people, places and other things a text names, and which security each is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from common.contracts import EntityType, TextField
from nlp.entities.corroboration import (
    TextCase,
    has_business_word,
    is_company_here,
    is_listed_with,
    stands_alone,
    text_case,
)
from nlp.entities.gazetteer import AliasKind, AliasMatch, Candidate, Gazetteer, KnownEntity, fold, listing
from nlp.entities.ticker_marks import NOT_TICKERS, TickerMark, find_ticker_marks
from nlp.words import word_list

MAX_MENTIONS = 200
_MAX_ENTITIES = 60
# The likeliest meaning wins only when the next one is this many times smaller; closer ones are reported as ambiguous.
_DOMINANCE = 4.0
# "Power and Energy" are no companies, "Apple and Target" are: the rank by size in the list of companies.
_GREAT = 500
# Names that are words when they are not in capitals: "Agilent ups guidance".
_ACRONYMS = word_list("acronyms")
_CALENDAR = word_list("calendar")
# "(NASDAQ: AAPL)" speaks of the exchange, not of its index.
_EXCHANGE_MARK = re.compile(r"nasdaq\s?:\s{0,2}[A-Z]{1,5}\b", re.IGNORECASE)
_SMALL_WORD = re.compile(r" (?!(?:and|of|the|de)\b)[a-z]")


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a text names an entity: `end` is exclusive."""

    field: TextField
    start: int
    end: int
    text: str


@dataclass(slots=True)
class LinkedEntity:
    """An entity found in one text, with every place where it is named.

    Notes
    -----
    `is_given` says that the publisher supplied the ticker; `alternatives` are the other meanings that were not ruled
    out, and then the entity carries no ticker: an ambiguity is reported and not guessed away. `marks` are the mentions
    that are tickers, not names; `is_unlisted` says that no list knows the name.
    """

    entity: KnownEntity
    mentions: list[Mention] = field(default_factory=list)
    is_given: bool = False
    is_marked: bool = False
    alternatives: tuple[KnownEntity, ...] = ()
    marks: list[Mention] = field(default_factory=list)
    is_unlisted: bool = False


_Choice = tuple[KnownEntity, tuple[KnownEntity, ...]]
"""The meaning of a match, and the others that stay possible."""


class Linker:
    """Finds the entities of a text by the gazetteer, the marked tickers and the publisher's own tickers."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        self._ticker_only = lru_cache(maxsize=4_096)(_ticker_entity)

    def link(
        self,
        fields: Sequence[tuple[TextField, str]],
        tickers: Sequence[str] = (),
        on: date | None = None,
        matches: Mapping[TextField, list[AliasMatch]] | None = None,
    ) -> list[LinkedEntity]:
        """Return the entities of `fields`, in the order of their first mention.

        Parameters
        ----------
        fields : (name, text) of each part of the article, the title first
        tickers : symbols supplied by the publisher
        on : the day of the news; companies answer by the symbol that they had then, None means today
        matches : what `Gazetteer.find` gives for each field, where the caller has it already
        """
        found: dict[str, LinkedEntity] = {}
        marks = [(name, text, find_ticker_marks(text, self.gazetteer.tickers)) for name, text in fields]
        sure = set(tickers)
        sure |= {mark.ticker for _, _, found_marks in marks for mark in found_marks}
        sure_ids = {entity.entity_id for ticker in sure for entity in self._meanings(ticker)}
        sure_ids |= {
            self.by_ticker(mark.ticker, mark.mic).entity_id for _, _, each in marks for mark in each if mark.mic
        }
        for name, text, found_marks in marks:
            in_field = self.gazetteer.find(fold(text)) if matches is None else matches[name]
            self._link_field(found, name, text, in_field, sure_ids=sure_ids, on=on)
            for mark in found_marks:
                self._link_mark(found, name, text, mark)
        for ticker in tickers:
            entity = self._as_named(self.by_ticker(ticker), found)
            found.setdefault(entity.entity_id, LinkedEntity(entity)).is_given = True
        return list(found.values())[:_MAX_ENTITIES]

    def by_ticker(self, ticker: str, mic: str | None = None) -> KnownEntity:
        """Return the company behind `ticker`, on the market `mic` where that is given; an unknown symbol is its own."""
        abroad = self.gazetteer.tickers.get(listing(mic, ticker)) if mic is not None else None
        if abroad is not None:
            return abroad[0]
        known = self.gazetteer.tickers.get(ticker)
        if known is None or (mic is not None and known[1] is not None and mic[:2] != known[1][:2] and mic != known[1]):
            return self._ticker_only(ticker, mic)
        entity, market = known
        if entity.ticker == ticker or entity.until is not None:
            return entity
        return self._share_class(entity, ticker, mic or market)

    def _as_named(self, entity: KnownEntity, found: Mapping[str, LinkedEntity]) -> KnownEntity:
        """Return the company of that symbol that the text names where the symbol alone is unknown.

        Notes
        -----
        Symbols of other exchanges are known with their market only, as many were or are another company's in New York.
        """
        if entity.entity_id in self.gazetteer.entities:
            return entity
        return next((one.entity for one in found.values() if one.entity.ticker == entity.ticker), entity)

    @staticmethod
    def _share_class(entity: KnownEntity, ticker: str, mic: str | None) -> KnownEntity:
        return KnownEntity(
            entity.entity_id, entity.name, entity.type, ticker, mic, entity.cik, entity.sector, entity.rank
        )

    def _meanings(self, ticker: str) -> tuple[KnownEntity, ...]:
        entity = self.by_ticker(ticker)
        predecessor = self.gazetteer.predecessors.get(entity.entity_id)
        successor = self.gazetteer.entities.get(entity.successor or "")
        return tuple(each for each in (entity, predecessor, successor) if each is not None)

    def _link_field(
        self,
        found: dict[str, LinkedEntity],
        name: TextField,
        text: str,
        matches: list[AliasMatch],
        *,
        sure_ids: set[str],
        on: date | None,
    ) -> None:
        if not matches:
            return
        case = text_case(text)
        chosen = [self._choose(match, text, case, sure_ids) for match in matches]
        if None in chosen:
            self._choose_in_lists(matches, chosen, text, case)
        for match, accepted in zip(matches, chosen, strict=True):
            if accepted is None:
                continue
            entity, alternatives = accepted
            dated = self.as_of(entity, on)
            linked = found.setdefault(dated.entity_id, LinkedEntity(dated, alternatives=alternatives))
            if len(linked.mentions) < MAX_MENTIONS:
                linked.mentions.append(Mention(name, match.start, match.end, text[match.start : match.end]))

    @staticmethod
    def _choose_in_lists(
        matches: Sequence[AliasMatch], chosen: list[_Choice | None], text: str, case: TextCase
    ) -> None:
        """Fill in the everyday words that stand in a list with a chosen company: "Walmart, Target and Gap"."""
        sure = [
            (match.start, match.end)
            for match, choice in zip(matches, chosen, strict=True)
            if choice is not None and choice[0].type == "company"
        ]
        if has_business_word(text):
            # Two everyday words in a list, in a text on business, are hardly both everyday words.
            sure += [
                (match.start, match.end)
                for match in matches
                if _is_great_and_everyday(match.candidates[0]) and text[match.start].isupper()
            ]
        # Twice, as a word of a list may lean on the next one.
        for index in (*range(len(matches)), *reversed(range(len(matches)))):
            match = matches[index]
            candidate = match.candidates[0]
            if chosen[index] is not None or candidate.kind is not AliasKind.COMMON or not text[match.start].isupper():
                continue
            if is_listed_with(text, match.start, match.end, sure, case):
                chosen[index] = candidate.entity, ()
                sure.append((match.start, match.end))

    def _choose(self, match: AliasMatch, text: str, case: TextCase, sure_ids: set[str]) -> _Choice | None:
        """Return the meaning of a match with the others that stay possible, or None when it is no name here."""
        for candidate in match.candidates:
            if candidate.entity.entity_id in sure_ids:
                return candidate.entity, ()
        likely = [candidate for candidate in match.candidates if _is_name(candidate, match, text, case)]
        if not likely:
            return None
        first = likely[0].entity
        rivals = tuple(
            other.entity
            for other in likely[1:]
            if other.entity.type == first.type and (other.entity.rank + 10) < _DOMINANCE * (first.rank + 10)
        )
        return first, rivals

    def as_of(self, entity: KnownEntity, on: date | None) -> KnownEntity:
        """Return the entity as it was traded on that day: the former symbol before the change, the new one after."""
        if on is None:
            return entity
        former = self.gazetteer.predecessors.get(entity.entity_id)
        if former is not None and former.until is not None and on < former.until:
            return former
        if entity.until is not None and on >= entity.until and entity.successor is not None:
            return self.gazetteer.entities.get(entity.successor, entity)
        return entity

    def _link_mark(self, found: dict[str, LinkedEntity], name: TextField, text: str, mark: TickerMark) -> None:
        entity = self._as_named(self.by_ticker(mark.ticker, mark.mic), found)
        known = entity.entity_id in found
        if not known and not mark.is_certain:
            return
        linked = found.setdefault(entity.entity_id, LinkedEntity(entity))
        linked.is_marked = True
        mention = Mention(name, mark.start, mark.end, text[mark.start : mark.end])
        if len(linked.mentions) < MAX_MENTIONS:
            linked.mentions.append(mention)
            linked.marks.append(mention)


def _is_great_and_everyday(candidate: Candidate) -> bool:
    return candidate.kind is AliasKind.COMMON and candidate.entity.rank <= _GREAT


def _is_name(candidate: Candidate, match: AliasMatch, text: str, case: TextCase) -> bool:
    """Say whether the match reads as the candidate's name: by its capital, and where that is little, by its context."""
    raw = text[match.start : match.end]
    if candidate.entity.type == "index" and _EXCHANGE_MARK.match(text, match.start):
        return False
    if candidate.entity.type != "company":
        return _is_world_name(candidate.entity.type, raw, case)
    is_capitalised = raw[0].isdigit() or any(letter.isupper() for letter in raw[:3])
    is_plain_tweet = case is TextCase.LOWER and candidate.kind is AliasKind.STRONG and len(raw) > 4
    if not is_capitalised and not is_plain_tweet:
        return False
    if (raw[1:].islower() and raw.lower() in _ACRONYMS) or raw.lower() in _CALENDAR:
        return False
    if candidate.kind in {AliasKind.COMMON, AliasKind.RARE}:
        return raw.upper() not in NOT_TICKERS and _is_company_name(candidate.kind, raw, match, text, case)
    return True


def _is_company_name(kind: AliasKind, raw: str, match: AliasMatch, text: str, case: TextCase) -> bool:
    if raw.isupper() and raw.isalpha() and case is not TextCase.CAPITALS:
        return True
    if _SMALL_WORD.search(raw) is not None:
        # "The Canadian national team" is no railway.
        return False
    if kind is AliasKind.RARE and has_business_word(text):
        return stands_alone(text, match.start, match.end, case)
    return is_company_here(text, match.start, match.end, case)


def _is_world_name(kind: EntityType, raw: str, case: TextCase) -> bool:
    if kind in {"commodity", "currency"}:
        return True
    if len(raw) <= 3 and raw[0].isalpha():
        return (
            raw[0].isupper()
            and (raw.isupper() or raw in {"Fed", "BoE", "BoJ", "Dow"})
            and case is not TextCase.CAPITALS
        )
    return raw[0].isupper()


def _ticker_entity(ticker: str, mic: str | None) -> KnownEntity:
    return KnownEntity(f"ticker-{ticker.lower()}", ticker, "company", ticker, mic)
