"""Reads of articles and stories, now and as they were."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, literal, or_, select, text, update

from common.contracts import ArticleState
from common.postgres.bulk import insert_rows
from common.postgres.database import Connection
from common.postgres.paging import PageRequest, keyset
from common.postgres.point_in_time import visible
from common.postgres.rows import columns_for, find_row, find_rows
from news_ingestion.models import ARTICLE, SEARCHED_TEXT, STORY


class ArticleRow(NamedTuple):
    """One version of an article as it is stored."""

    article_id: UUID
    revision: int
    state: ArticleState
    story_id: UUID
    duplicate_of: UUID | None
    title: str
    body: str | None
    summary: str | None
    url: str
    canonical_url: str
    url_key: UUID
    content_hash: UUID
    domain: str
    author: str | None
    source_id: str | None
    source_name: str | None
    fetched_from: UUID | None
    language: str | None
    tickers: list[str]
    novelty: float
    published_at: datetime
    received_at: datetime
    recorded_at: datetime
    superseded_at: datetime | None


class StoryRow(NamedTuple):
    """A story with what its articles add up to; `novelty` is None when all were retracted."""

    story_id: UUID
    title: str
    first_published_at: datetime
    last_published_at: datetime
    article_count: int
    copy_count: int
    independent_source_count: int
    novelty: float | None


class HeadlineRow(NamedTuple):
    """One version of an article as its story shows it."""

    article_id: UUID
    revision: int
    state: ArticleState
    title: str
    source_name: str | None
    domain: str
    duplicate_of: UUID | None
    published_at: datetime
    recorded_at: datetime


_ARTICLE = columns_for(ArticleRow, ARTICLE)


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


def _filtered(wanted: ArticleFilter) -> Select[tuple[object, ...]]:
    statement = select(*_ARTICLE).where(visible(ARTICLE, wanted.as_of), ARTICLE.c.state != "retracted")
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


async def list_articles(connection: Connection, page: PageRequest, wanted: ArticleFilter) -> list[ArticleRow]:
    """Return the articles of a page and one more, newest first."""
    statement = keyset(_filtered(wanted), page, (ARTICLE.c.published_at, ARTICLE.c.article_id))
    return await find_rows(connection, statement, ArticleRow)


async def find_article(
    connection: Connection, article_id: UUID, as_of: datetime | None = None, *, for_update: bool = False
) -> ArticleRow | None:
    """Return the version of an article that is current, or was at `as_of`; None when there is none.

    Parameters
    ----------
    for_update : keep others from changing the version until the transaction ends
    """
    statement = select(*_ARTICLE).where(ARTICLE.c.article_id == article_id, visible(ARTICLE, as_of))
    return await find_row(connection, statement.with_for_update() if for_update else statement, ArticleRow)


async def list_revisions(connection: Connection, article_id: UUID, page: PageRequest) -> list[ArticleRow]:
    """Return every version of an article, newest first; a page and one more."""
    statement = keyset(select(*_ARTICLE).where(ARTICLE.c.article_id == article_id), page, (ARTICLE.c.revision,))
    return await find_rows(connection, statement, ArticleRow)


async def insert_retraction(connection: Connection, current: ArticleRow, now: datetime) -> ArticleRow:
    """Supersede `current` by a retracted version and return that version."""
    await connection.execute(
        update(ARTICLE)
        .where(ARTICLE.c.article_id == current.article_id, ARTICLE.c.revision == current.revision)
        .values(superseded_at=now)
    )
    version = current._replace(revision=current.revision + 1, state="retracted", recorded_at=now, superseded_at=None)
    await insert_rows(connection, ARTICLE, [version._asdict()])
    return version


_TOLD = (ARTICLE.c.superseded_at.is_(None), ARTICLE.c.state != "retracted")
_IS_COPY = ARTICLE.c.duplicate_of.is_not(None)
_PUBLISHER = func.lower(func.coalesce(ARTICLE.c.source_name, ARTICLE.c.domain))


def _stories() -> Select[tuple[object, ...]]:
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
    return select(*columns_for(StoryRow, STORY, told)).join(told, literal(value=True))


async def list_stories(
    connection: Connection, page: PageRequest, published_from: datetime | None, published_to: datetime | None
) -> list[StoryRow]:
    """Return the stories of a page and one more, those with the newest article first."""
    statement = _stories()
    if published_from is not None:
        statement = statement.where(STORY.c.last_published_at >= published_from)
    if published_to is not None:
        statement = statement.where(STORY.c.first_published_at <= published_to)
    statement = keyset(statement, page, (STORY.c.last_published_at, STORY.c.story_id))
    return await find_rows(connection, statement, StoryRow)


async def find_story(connection: Connection, story_id: UUID) -> StoryRow | None:
    """Return one story; None when there is none."""
    return await find_row(connection, _stories().where(STORY.c.story_id == story_id), StoryRow)


async def list_headlines(connection: Connection, story_id: UUID, limit: int) -> list[HeadlineRow]:
    """Return the first `limit` headlines of a story in the order of publication, corrected ones included."""
    statement = (
        select(*columns_for(HeadlineRow, ARTICLE))
        .where(ARTICLE.c.story_id == story_id)
        .order_by(ARTICLE.c.published_at, ARTICLE.c.article_id, ARTICLE.c.revision)
        .limit(limit)
    )
    return await find_rows(connection, statement, HeadlineRow)
