"""Search in the gazetteer, for listing entities."""

from bisect import bisect_right
from dataclasses import dataclass

from common.contracts import EntityType
from nlp.entities.gazetteer import Gazetteer, KnownEntity, fold


@dataclass(frozen=True, slots=True)
class EntityQuery:
    """What entities are asked for; None leaves a condition out."""

    text: str | None = None
    type: EntityType | None = None
    ticker: str | None = None


def search_entities(gazetteer: Gazetteer, query: EntityQuery, after: str | None, limit: int) -> list[KnownEntity]:
    """Return at most `limit` entities that fit, in the order of their identifiers, from after that of `after`."""
    identifiers = sorted(gazetteer.entities)
    start = bisect_right(identifiers, after) if after is not None else 0
    wanted = fold(query.text.strip()) if query.text else None
    by_alias = {candidate.entity.entity_id for candidate in gazetteer.aliases.get(wanted or "", ())}
    by_ticker = gazetteer.tickers.get(query.ticker or "")
    found: list[KnownEntity] = []
    for identifier in identifiers[start:]:
        entity = gazetteer.entities[identifier]
        has_text = wanted is None or identifier in by_alias or wanted in fold(entity.name)
        has_type = query.type is None or entity.type == query.type
        has_ticker = query.ticker is None or entity.ticker == query.ticker or _is(by_ticker, identifier)
        if has_text and has_type and has_ticker:
            found.append(entity)
            if len(found) == limit:
                break
    return found


def _is(line: tuple[KnownEntity, str | None] | None, identifier: str) -> bool:
    return line is not None and line[0].entity_id == identifier
