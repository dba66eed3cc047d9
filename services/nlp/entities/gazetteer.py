"""The gazetteer: entities with aliases and tickers, loaded from the shipped artefact, searched by one automaton."""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from ahocorasick_rs import AhoCorasick

from common.contracts import EntityType

MARKET_CODES: Mapping[str, str] = {
    "NYSE": "XNYS", "NASDAQ": "XNAS", "NASDAQGS": "XNAS", "NASDAQGM": "XNAS", "NASDAQCM": "XNAS", "CBOE": "BATS",
    "OTC": "OTCM", "OTCMKTS": "OTCM", "OTCQB": "OTCM", "OTCQX": "OTCM", "OTCBB": "OTCM", "AMEX": "XASE",
    "NYSE AMERICAN": "XASE", "NYSE MKT": "XASE", "NYSEMKT": "XASE", "NYSE ARCA": "ARCX", "NYSEARCA": "ARCX",
    "LSE": "XLON", "LON": "XLON", "TSX": "XTSE", "TSE": "XTSE", "TSXV": "XTSX", "ASX": "XASX", "NSE": "XNSE",
    "BSE": "XBOM", "HKEX": "XHKG", "HKG": "XHKG", "SEHK": "XHKG", "ETR": "XETR", "FRA": "XFRA", "EPA": "XPAR",
    "AMS": "XAMS",
    "SIX": "XSWX", "SWX": "XSWX", "TYO": "XTKS", "SGX": "XSES", "BIT": "XMIL", "BME": "XMAD", "STO": "XSTO",
    "HEL": "XHEL", "OSL": "XOSL", "CPH": "XCSE", "XETRA": "XETR", "EBR": "XBRU", "VIE": "XWBO", "ELI": "XLIS",
    "KRX": "XKRX", "SHA": "XSHG", "SHE": "XSHE", "TPE": "XTAI", "TWSE": "XTAI", "TADAWUL": "XSAU", "BVMF": "BVMF",
    "JSE": "XJSE", "TLV": "XTAE", "TASE": "XTAE", "WSE": "XWAR", "MOEX": "MISX",
}  # fmt: skip
"""Exchange names as headlines write them, and their market identifier codes (ISO 10383)."""


def listing(mic: str, ticker: str) -> str:
    """Return the key under which `Gazetteer.tickers` holds a symbol of one market, where it may be another's abroad."""
    return f"{mic}:{ticker}"


class AliasKind(StrEnum):
    """How far an alias can be trusted alone.

    Notes
    -----
    `STRONG` and `DERIVED` (shortened by rule) need a capital, `RARE` (one word, a small company) also a word of
    business in the text, `COMMON` (an everyday word) a sign next to it. `USER` was added over the API and counts as it
    stands.
    """

    STRONG = "s"
    DERIVED = "d"
    RARE = "r"
    COMMON = "c"
    USER = "u"


@dataclass(frozen=True, slots=True)
class KnownEntity:
    """An entity of the gazetteer.

    Notes
    -----
    `rank` orders companies by size, 0 the largest. `until` is the day from which a company was no longer traded under
    `ticker`; `successor` is the identifier of the entity that it became then.
    """

    entity_id: str
    name: str
    type: EntityType
    ticker: str | None = None
    mic: str | None = None
    cik: int | None = None
    sector: str | None = None
    rank: int = 1_000_000
    until: date | None = None
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity that an alias may mean, and how far the alias can be trusted."""

    entity: KnownEntity
    kind: AliasKind


@dataclass(frozen=True, slots=True)
class AliasMatch:
    """An occurrence of an alias: `end` is exclusive; the candidates are the likeliest first."""

    start: int
    end: int
    candidates: tuple[Candidate, ...]


def fold(text: str) -> str:
    """Return `text` in lower case, of the same length, with typographic apostrophes made plain."""
    low = text.lower()
    if len(low) != len(text):
        low = "".join(letter if len(letter.lower()) != 1 else letter.lower() for letter in text)
    return low.replace("\u2019", "'").replace("\u2018", "'")


class Gazetteer:
    """Entities by identifier, ticker and alias.

    Parameters
    ----------
    entities : every known entity
    aliases : lower-case alias -> its candidates
    tickers : ticker, or `listing` of a market and a ticker there -> (entity, market identifier code of that line of
        shares)
    """

    def __init__(
        self,
        entities: Iterable[KnownEntity],
        aliases: Mapping[str, tuple[Candidate, ...]],
        tickers: Mapping[str, tuple[KnownEntity, str | None]],
    ) -> None:
        self.entities = {entity.entity_id: entity for entity in entities}
        self.aliases = dict(aliases)
        self.tickers = dict(tickers)
        self.predecessors = {
            entity.successor: entity for entity in self.entities.values() if entity.successor is not None
        }
        self._patterns = [self.aliases[alias] for alias in self.aliases]
        self._automaton = AhoCorasick(list(self.aliases))

    @classmethod
    def load(cls, path: Path) -> "Gazetteer":
        """Return the gazetteer of the artefact at `path` (gzipped JSON, see `nlp.training.entities.gazetteer`)."""
        document = json.loads(gzip.decompress(path.read_bytes()))
        entities = [_entity(row) for row in document["entities"]]
        aliases = {
            alias: tuple(Candidate(entities[index], AliasKind(kind)) for index, kind in found)
            for alias, found in document["aliases"].items()
        }
        tickers = {ticker: (entities[index], mic) for ticker, (index, mic) in document["tickers"].items()}
        return cls(entities, aliases, tickers)

    def find(self, folded: str) -> list[AliasMatch]:
        """Return the aliases in `folded` (see `fold`) at word borders: leftmost first, the longest at each place."""
        found: list[AliasMatch] = []
        taken = 0
        matches = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        # Overlapping search reports by end; leftmost and longest needs the order by start.
        matches.sort(key=lambda match: (match[1], -match[2]))
        for pattern, start, end in matches:
            if start < taken or not _at_word_borders(folded, start, end):
                continue
            found.append(AliasMatch(start, end, self._patterns[pattern]))
            taken = end
        return found

    def with_aliases(self, extra: Mapping[str, Iterable[str]]) -> "Gazetteer":
        """Return this gazetteer and the users' aliases: entity identifier -> aliases; unknown entities are left out."""
        aliases: dict[str, tuple[Candidate, ...]] = {}
        for entity_id, names in extra.items():
            entity = self.entities.get(entity_id)
            if entity is None:
                continue
            for name in names:
                key = fold(name.strip())
                others = tuple(
                    candidate
                    for candidate in aliases.get(key, self.aliases.get(key, ()))
                    if candidate.entity.entity_id != entity_id
                )
                aliases[key] = (Candidate(entity, AliasKind.USER), *others)
        if not aliases:
            return self
        return Gazetteer(self.entities.values(), {**self.aliases, **aliases}, self.tickers)


def _at_word_borders(text: str, start: int, end: int) -> bool:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (before.isalnum() or before in "$@#_") and not (after.isalnum() or after == "_")


def _entity(row: list[str | int | None]) -> KnownEntity:
    entity_id, name, kind, ticker, mic, cik, sector, rank, until, successor = row
    return KnownEntity(
        entity_id=str(entity_id),
        name=str(name),
        type=kind,  # type: ignore[arg-type]  # written by our own builder and checked by hash
        ticker=None if ticker is None else str(ticker),
        mic=None if mic is None else str(mic),
        cik=None if cik is None else int(cik),
        sector=None if sector is None else str(sector),
        rank=1_000_000 if rank is None else int(rank),
        until=None if until is None else date.fromisoformat(str(until)),
        successor=None if successor is None else str(successor),
    )
