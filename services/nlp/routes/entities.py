"""Entities: the gazetteer, the resolution of names, and the names that users add."""

from typing import Annotated

from fastapi import Path, Query

from common.api.dependencies import ConnectionDep
from common.api.etags import ConditionalDep
from common.api.pagination import PageDep
from common.api.routing import service_router
from common.contracts import EntityType
from common.contracts.text import Ticker
from common.errors import problems
from common.gateway import NLP
from common.postgres.paging import Page
from nlp import known_entities
from nlp.aliasing import aliases_tag, change_aliases
from nlp.dependencies import EngineDep
from nlp.entities.search import EntityQuery
from nlp.schemas import AliasesUpdate, EntityRead, NamesToResolve, Resolutions

router = service_router(NLP, "entities", "Names of companies and other entities, and the securities that they mean.")
EntityId = Annotated[
    str, Path(min_length=1, max_length=200, description="Identifier of the entity, for example `company-320193`.")
]


@router.get("/entities", responses=problems(404))
async def list_entities(
    engine: EngineDep,
    page: PageDep,
    q: Annotated[str | None, Query(max_length=100, description="Part of the name, or a whole alias.")] = None,
    type: Annotated[EntityType | None, Query(description="Only entities of this type.")] = None,  # noqa: A002
    ticker: Annotated[Ticker | None, Query(description="Only entities with this ticker.")] = None,
) -> Page[EntityRead]:
    """List the entities that texts are linked to, by identifier."""
    return known_entities.entity_page(engine, page, EntityQuery(q, type, ticker))


@router.get("/entities/{entity_id}", responses=problems(404))
async def read_entity(entity_id: EntityId, engine: EngineDep, conditional: ConditionalDep) -> EntityRead:
    """Return one entity with the names that users gave it."""
    entity = known_entities.required_entity(engine, entity_id)
    aliases = known_entities.user_aliases(engine, entity_id)
    conditional.answer(aliases_tag(entity_id, aliases))
    return known_entities.read(entity, aliases)


@router.post("/entities:resolve")
async def resolve_names(names: NamesToResolve, engine: EngineDep) -> Resolutions:
    """Return the entities that each name may mean. An ambiguous name is reported as ambiguous, not guessed."""
    return Resolutions(data=[known_entities.resolution(engine, name) for name in names.names])


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
    return known_entities.read(known_entities.required_entity(engine, entity_id), aliases)
