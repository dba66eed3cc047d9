"""Entities: the gazetteer, the resolution of names, and the names that users add."""

from typing import Annotated

from fastapi import Path, Query

from common.api.dependencies import ConnectionDep
from common.api.etags import ConditionalDep
from common.api.pagination import Page, PageDep, decode_cursor, encode_cursor
from common.api.routing import service_router
from common.contracts import EntityType
from common.contracts.text import Ticker
from common.errors import problems
from common.gateway import NLP
from nlp.aliasing import aliases_tag, change_aliases, known_entity
from nlp.dependencies import EngineDep
from nlp.engine import Engine
from nlp.entities.gazetteer import KnownEntity
from nlp.entities.resolution import ResolvedCandidate, resolve
from nlp.entities.search import EntityQuery, search_entities
from nlp.schemas import AliasesUpdate, CandidateRead, EntityRead, NamesToResolve, ResolutionRead, Resolutions

router = service_router(NLP, "entities", "Names of companies and other entities, and the securities that they mean.")
EntityId = Annotated[
    str, Path(min_length=1, max_length=200, description="Identifier of the entity, for example `company-320193`.")
]


def _read(engine: Engine, entity: KnownEntity, aliases: list[str] | None = None) -> EntityRead:
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
        user_aliases=list(engine.thread.user_aliases.get(entity.entity_id, ())) if aliases is None else aliases,
    )


@router.get("/entities", responses=problems(404))
async def list_entities(
    engine: EngineDep,
    page: PageDep,
    q: Annotated[str | None, Query(max_length=100, description="Part of the name, or a whole alias.")] = None,
    type: Annotated[EntityType | None, Query(description="Only entities of this type.")] = None,  # noqa: A002
    ticker: Ticker | None = None,
) -> Page[EntityRead]:
    """List the entities that texts are linked to, by identifier."""
    after = str(decode_cursor(page.cursor, [str])[0]) if page.cursor is not None else None
    found = search_entities(engine.thread.analyser.gazetteer, EntityQuery(q, type, ticker), after, page.limit + 1)
    shown = found[: page.limit]
    next_cursor = encode_cursor((shown[-1].entity_id,)) if len(found) > page.limit else None
    return Page(data=[_read(engine, entity) for entity in shown], next_cursor=next_cursor)


@router.get("/entities/{entity_id}", responses=problems(404))
async def read_entity(entity_id: EntityId, engine: EngineDep, conditional: ConditionalDep) -> EntityRead:
    """Return one entity with the names that users gave it."""
    entity = known_entity(engine, entity_id)
    conditional.answer(aliases_tag(entity_id, engine.thread.user_aliases.get(entity_id, ())))
    return _read(engine, entity)


@router.post("/entities:resolve")
async def resolve_names(names: NamesToResolve, engine: EngineDep) -> Resolutions:
    """Return the entities that each name may mean. An ambiguous name is reported as ambiguous, not guessed."""
    return Resolutions(data=[_resolution(engine, name) for name in names.names])


def _resolution(engine: Engine, name: str) -> ResolutionRead:
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


@router.put("/entities/{entity_id}/aliases", responses=problems(404, 412))
async def put_aliases(
    entity_id: EntityId,
    update: AliasesUpdate,
    connection: ConnectionDep,
    engine: EngineDep,
    conditional: ConditionalDep,
) -> EntityRead:
    """Replace the user-defined names of an entity; from now on, every replica links texts by them."""
    aliases = await change_aliases(engine, connection, entity_id, update.aliases, conditional)
    return _read(engine, known_entity(engine, entity_id), aliases)
