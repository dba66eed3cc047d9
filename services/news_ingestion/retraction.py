"""Retracts an article, here and downstream."""

from uuid import UUID

from common.api.etags import Conditional, etag_of
from common.contracts import Article, ArticleSource
from common.errors import NotFound
from common.postgres.database import Connection
from news_ingestion.engine import Engine
from news_ingestion.repository import ingesting, reading
from news_ingestion.repository.reading import ArticleRow


async def retract_article(engine: Engine, connection: Connection, article_id: UUID, conditional: Conditional) -> None:
    """Write the retracted version of an article and hand it on; a copy was never handed on, nor is its retraction.

    Raises
    ------
    NotFound
        There is no such article, or it is retracted already.
    PreconditionFailed
        `If-Match` names another version than the current one.
    """
    await ingesting.claim_decisions(connection)
    current = await reading.find_article(connection, article_id, for_update=True)
    if current is None or current.state == "retracted":
        raise NotFound.of("article", article_id)
    conditional.require(etag_of(current.article_id, current.revision))
    version = await reading.insert_retraction(connection, current, engine.runtime.clock.now())
    article = _contract(version)
    if current.duplicate_of is None:
        await engine.runtime.handover().put(connection, [article.model_dump_json(exclude_none=True)])
    told = article.model_dump_json(exclude={"body", "summary"}, exclude_none=True)
    await engine.runtime.events.publish(connection, [("article.retracted", told)])


def _contract(version: ArticleRow) -> Article:
    return Article(
        article_id=version.article_id,
        revision=version.revision,
        state=version.state,
        story_id=version.story_id,
        title=version.title,
        body=version.body,
        summary=version.summary,
        url=version.url,
        author=version.author,
        source=ArticleSource(id=version.source_id, name=version.source_name or version.domain),
        language=version.language,
        tickers=version.tickers,
        published_at=version.published_at,
        received_at=version.received_at,
        novelty=version.novelty,
    )
