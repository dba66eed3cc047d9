"""Reads of articles and stories, now and as they were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, literal, or_, select, text, update

from common.api.pagination import PageRequest, keyset
from common.postgres.bulk import insert_rows
from common.postgres.database import Connection
from common.postgres.point_in_time import visible
from common.postgres.rows import all_rows, first_row
from news_ingestion.models import ARTICLE, SEARCHED_TEXT, STORY


@dataclass(frozen=True, slots=True)
class ArticleFilter:
    """What a list of articles is narrowed to; None asks for nothing."""

    q: str | None = None
    source_id: str | None = None
    domain: str | None = None
    ticker: str | None = None
    language: str | None = None
    story_id: UUID | None = None
    published_from: datetime | None = None
    published_to: datetime | None = None
    as_of: datetime | None = None


def _filtered(wanted: ArticleFilter) -> Select[Any]:
    statement = select(ARTICLE).where(visible(ARTICLE, wanted.as_of), ARTICLE.c.state != "retracted")
    if wanted.q is not None:
        query = func.websearch_to_tsquery(text("'english'::regconfig"), wanted.q)
        statement = statement.where(SEARCHED_TEXT.bool_op("@@")(query))
    if wanted.source_id is not None:
        fetched = _as_uuid(wanted.source_id)
        by_source = ARTICLE.c.source_id == wanted.source_id
        statement = statement.where(or_(by_source, ARTICLE.c.fetched_from == fetched) if fetched else by_source)
    if wanted.ticker is not None:
        statement = statement.where(ARTICLE.c.tickers.contains([wanted.ticker]))
    equal = (
        (ARTICLE.c.domain, wanted.domain),
        (ARTICLE.c.language, wanted.language),
        (ARTICLE.c.story_id, wanted.story_id),
    )
    for column, value in equal:
        if value is not None:
            statement = statement.where(column == value)
    if wanted.published_from is not None:
        statement = statement.where(ARTICLE.c.published_at >= wanted.published_from)
    if wanted.published_to is not None:
        statement = statement.where(ARTICLE.c.published_at <= wanted.published_to)
    return statement


def _as_uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


async def list_articles(connection: Connection, wanted: ArticleFilter, page: PageRequest) -> Sequence[Row[Any]]:
    """Return the articles of a page and one more, newest first."""
    statement = keyset(_filtered(wanted), page, (ARTICLE.c.published_at, ARTICLE.c.article_id))
    return await all_rows(connection, statement)


async def article(connection: Connection, article_id: UUID, as_of: datetime | None = None) -> Row[Any] | None:
    """Return the version of an article that is current, or was at `as_of`; None when there is none."""
    statement = select(ARTICLE).where(ARTICLE.c.article_id == article_id, visible(ARTICLE, as_of))
    return await first_row(connection, statement)


async def article_for_update(connection: Connection, article_id: UUID) -> Row[Any] | None:
    """Return the current version of an article, locked until the transaction ends."""
    statement = select(ARTICLE).where(ARTICLE.c.article_id == article_id, visible(ARTICLE)).with_for_update()
    return await first_row(connection, statement)


async def revisions(connection: Connection, article_id: UUID, page: PageRequest) -> Sequence[Row[Any]]:
    """Return every version of an article, newest first; a page and one more."""
    statement = keyset(select(ARTICLE).where(ARTICLE.c.article_id == article_id), page, (ARTICLE.c.revision,))
    return await all_rows(connection, statement)


async def retract(connection: Connection, current: Row[Any], now: datetime) -> dict[str, Any]:
    """Supersede `current` by a retracted version and return that version's values."""
    await connection.execute(
        update(ARTICLE)
        .where(ARTICLE.c.article_id == current.article_id, ARTICLE.c.revision == current.revision)
        .values(superseded_at=now)
    )
    version = {
        **current._mapping,  # noqa: SLF001 - SQLAlchemy's public name
        "revision": current.revision + 1,
        "state": "retracted",
        "recorded_at": now,
        "superseded_at": None,
    }
    await insert_rows(connection, ARTICLE, [version])
    return version


_TOLD = (ARTICLE.c.superseded_at.is_(None), ARTICLE.c.state != "retracted")
_IS_COPY = ARTICLE.c.duplicate_of.is_not(None)
_PUBLISHER = func.lower(func.coalesce(ARTICLE.c.source_name, ARTICLE.c.domain))


def _stories() -> Select[Any]:
    """Return the query of stories with what their articles add up to, counted for the rows shown only."""
    told = (
        select(
            func.count().label("article_count"),
            func.count().filter(_IS_COPY).label("copy_count"),
            func.count(_PUBLISHER.distinct()).filter(~_IS_COPY).label("independent_source_count"),
            func.min(ARTICLE.c.novelty).label("novelty"),
        )
        .where(ARTICLE.c.story_id == STORY.c.story_id, *_TOLD)
        .lateral("told")
    )
    counted = (told.c.article_count, told.c.copy_count, told.c.independent_source_count, told.c.novelty)
    return select(STORY, *counted).join(told, literal(value=True))


async def list_stories(
    connection: Connection, page: PageRequest, published_from: datetime | None, published_to: datetime | None
) -> Sequence[Row[Any]]:
    """Return the stories of a page and one more, those with the newest article first."""
    statement = _stories()
    if published_from is not None:
        statement = statement.where(STORY.c.last_published_at >= published_from)
    if published_to is not None:
        statement = statement.where(STORY.c.first_published_at <= published_to)
    statement = keyset(statement, page, (STORY.c.last_published_at, STORY.c.story_id))
    return await all_rows(connection, statement)


async def story(connection: Connection, story_id: UUID) -> Row[Any] | None:
    """Return one story; None when there is none."""
    return await first_row(connection, _stories().where(STORY.c.story_id == story_id))


async def headlines(connection: Connection, story_id: UUID, limit: int) -> Sequence[Row[Any]]:
    """Return the first `limit` headlines of a story in the order of publication, corrected ones included."""
    statement = (
        select(ARTICLE)
        .where(ARTICLE.c.story_id == story_id)
        .order_by(ARTICLE.c.published_at, ARTICLE.c.article_id, ARTICLE.c.revision)
        .limit(limit)
    )
    return await all_rows(connection, statement)
