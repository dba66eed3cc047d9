"""User-defined aliases: stored in the database, and loaded by every replica."""

from collections.abc import Sequence

from common.api.etags import Conditional, etag_of
from common.postgres.database import Connection, after_commit
from nlp import repository
from nlp.engine import Engine
from nlp.known_entities import required_entity


async def refresh_aliases(engine: Engine) -> None:
    """Let the engine link with the aliases that the database holds now."""
    n_installed = engine.thread.n_installed
    async with engine.runtime.database.reading() as connection:
        found = await repository.list_aliases(connection)
    await engine.thread.use_aliases(found, n_installed)


def aliases_tag(entity_id: str, aliases: Sequence[str]) -> str:
    """Return the entity tag of an entity with the users' aliases it has."""
    return etag_of(entity_id, *aliases)


async def change_aliases(
    engine: Engine, connection: Connection, entity_id: str, names: Sequence[str], conditional: Conditional
) -> list[str]:
    """Let `names` be all the users' aliases of an entity and return them in order, without repetition."""
    entity = required_entity(engine, entity_id)
    before = await repository.claim_aliases(connection, entity.entity_id)
    conditional.require(aliases_tag(entity.entity_id, before))
    aliases = sorted({name.strip() for name in names if name.strip()})
    if aliases != before:
        await repository.update_aliases(connection, entity.entity_id, aliases, engine.runtime.clock.now())
        found = await repository.list_aliases(connection)
        analyser = await engine.thread.extended(found)
        after_commit(connection, lambda: engine.thread.install(analyser, found))
    conditional.tag(aliases_tag(entity.entity_id, aliases))
    return aliases
