"""The use-cases of the gazetteer: its entities as the API shows them, and the resolution of names."""

from collections.abc import Sequence

from common.errors import NotFound
from common.postgres.paging import Page, PageRequest, decode_cursor
from nlp.engine import Engine
from nlp.entities.gazetteer import KnownEntity
from nlp.entities.resolution import ResolvedCandidate, resolve
from nlp.entities.search import EntityQuery, search_entities
from nlp.schemas import CandidateRead, EntityRead, ResolutionRead


def required_entity(engine: Engine, entity_id: str) -> KnownEntity:
    """Return the entity of that identifier; `NotFound` when there is none."""
    return NotFound.unless(engine.thread.analyser.gazetteer.entities.get(entity_id), "entity", entity_id)


def user_aliases(engine: Engine, entity_id: str) -> list[str]:
    """Return the names that users gave to an entity, as this replica knows them."""
    return list(engine.thread.user_aliases.get(entity_id, ()))


def read(entity: KnownEntity, aliases: Sequence[str]) -> EntityRead:
    """Return an entity with the users' aliases as the API shows it."""
    return EntityRead(
        entity_id=entity.entity_id,
        name=entity.name,
        type=entity.type,
        ticker=entity.ticker,
        mic=entity.mic,
        cik=entity.cik,
        sector=entity.sector,
        until=entity.until.isoformat() if entity.until else None,
        successor=entity.successor,
        user_aliases=list(aliases),
    )


def entity_page(engine: Engine, page: PageRequest, query: EntityQuery) -> Page[EntityRead]:
    """Return the entities of a page that fit, by identifier."""
    after = str(decode_cursor(page.cursor, [str])[0]) if page.cursor is not None else None
    return page.answer(
        search_entities(engine.thread.analyser.gazetteer, query, after, page.limit + 1),
        key=lambda entity: (entity.entity_id,),
        read=lambda entity: read(entity, user_aliases(engine, entity.entity_id)),
    )


def resolution(engine: Engine, name: str) -> ResolutionRead:
    """Return what a name may mean; `entity` is set only when one meaning stands out."""
    found = resolve(engine.thread.analyser.gazetteer, name)
    candidates = [_candidate(candidate) for candidate in found.candidates]
    is_clear = bool(candidates) and not found.is_ambiguous
    return ResolutionRead(
        query=name,
        ambiguous=found.is_ambiguous,
        entity=candidates[0] if is_clear else None,
        candidates=candidates,
    )


def _candidate(found: ResolvedCandidate) -> CandidateRead:
    entity = found.entity
    return CandidateRead(
        entity_id=entity.entity_id,
        name=entity.name,
        type=entity.type,
        ticker=entity.ticker,
        mic=entity.mic,
        cik=entity.cik,
        confidence=found.confidence,
    )
