"""Taking an article back, here and downstream."""

from uuid import UUID

from common.api.etags import Conditional, etag_of
from common.contracts import Article, ArticleSource
from common.errors import NotFound
from common.postgres.database import Connection
from news_ingestion.engine import Engine
from news_ingestion.ingestion import event
from news_ingestion.repository import ingesting, reading


async def retract_article(engine: Engine, connection: Connection, article_id: UUID, conditional: Conditional) -> None:
    """Write the retracted version of an article and hand it on; a copy was never handed on, nor is its retraction.

    Raises
    ------
    NotFound
        There is no such article, or it is retracted already.
    PreconditionFailed
        `If-Match` names another version than the current one.
    """
    await ingesting.lock_decisions(connection)
    current = await reading.article_for_update(connection, article_id)
    if current is None or current.state == "retracted":
        raise NotFound.of("article", article_id)
    conditional.require(etag_of(current.article_id, current.revision))
    version = await reading.retract(connection, current, engine.runtime.clock.now())
    values = {name: version[name] for name in Article.model_fields if name != "source"}
    source = ArticleSource(id=version["source_id"], name=version["source_name"] or version["domain"])
    article = Article(**values, source=source)
    if current.duplicate_of is None:
        await engine.runtime.handover().put(connection, [article.model_dump_json(exclude_none=True)])
    await engine.runtime.events.publish(connection, [event("article.retracted", article)])
