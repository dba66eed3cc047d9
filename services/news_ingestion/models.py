"""The tables of news ingestion."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Double,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from common.postgres.tables import declare_base, declare_tables

# A class made by a function is no base class to a type checker; SQLModel itself is what it is like.
if TYPE_CHECKING:
    from sqlmodel import SQLModel as Base
else:
    Base = declare_base()
TABLES = declare_tables(Base.metadata)


def _column(kind: Any, *, nullable: bool = False, **options: Any) -> Any:
    return Field(sa_column=Column(kind, nullable=nullable, **options))


def _moment(*, nullable: bool = False, **options: Any) -> Any:
    return _column(DateTime(timezone=True), nullable=nullable, **options)


class Article(Base, table=True):
    """One version of one article; (`article_id`, `revision`) is its key, the newest has no `superseded_at`.

    Notes
    -----
    `duplicate_of` is set on a near-duplicate: it counts in its story and is not handed on. `url_key` and `content_hash`
    are hashes of the canonical address and of title and body.
    """

    __tablename__ = "article"

    article_id: UUID = _column(Uuid, primary_key=True)
    revision: int = _column(Integer, primary_key=True)
    state: str = _column(Text)
    story_id: UUID = _column(Uuid)
    duplicate_of: UUID | None = _column(Uuid, nullable=True)
    title: str = _column(Text)
    body: str | None = _column(Text, nullable=True)
    summary: str | None = _column(Text, nullable=True)
    url: str = _column(Text)
    canonical_url: str = _column(Text)
    url_key: UUID = _column(Uuid)
    content_hash: UUID = _column(Uuid)
    domain: str = _column(Text)
    author: str | None = _column(Text, nullable=True)
    source_id: str | None = _column(Text, nullable=True)
    source_name: str | None = _column(Text, nullable=True)
    fetched_from: UUID | None = _column(Uuid, nullable=True)
    language: str | None = _column(Text, nullable=True)
    tickers: list[str] = _column(JSONB)
    novelty: float = _column(Double)
    published_at: datetime = _moment()
    received_at: datetime = _moment()
    recorded_at: datetime = _moment()
    superseded_at: datetime | None = _moment(nullable=True)


ARTICLE: Table = Article.__table__  # type: ignore[attr-defined]

# PostgreSQL refuses documents beyond 1 MB of lexemes; what a reader searches for stands at the beginning. Written as
# PostgreSQL itself prints it, so that Alembic sees no difference between model and database.
SEARCHED_TEXT: ColumnElement[Any] = literal_column(
    "to_tsvector('english'::regconfig, (((title || ' '::text) || COALESCE(summary, ''::text)) || ' '::text) || "
    "\"left\"(COALESCE(body, ''::text), 100000))"
)
Index(
    "uq_article_current_url_key",
    ARTICLE.c.url_key,
    unique=True,
    postgresql_where=ARTICLE.c.superseded_at.is_(None),
)
Index("ix_article_published_at_article_id", ARTICLE.c.published_at, ARTICLE.c.article_id)
Index("ix_article_story_id_published_at", ARTICLE.c.story_id, ARTICLE.c.published_at)
Index("ix_article_tickers", ARTICLE.c.tickers, postgresql_using="gin", postgresql_ops={"tickers": "jsonb_path_ops"})
Index("ix_article_searched_text", SEARCHED_TEXT, postgresql_using="gin", _table=ARTICLE)


class ArticleAddress(Base, table=True):
    """Another address at which the publisher of an article has it too, with the hash of what it said there last.

    Notes
    -----
    An address that is the current one of an article is that article's, whatever stands here.
    """

    __tablename__ = "article_address"

    url_key: UUID = _column(Uuid, primary_key=True)
    article_id: UUID = _column(Uuid)
    content_hash: UUID = _column(Uuid)
    recorded_at: datetime = _moment()


ARTICLE_ADDRESS: Table = ArticleAddress.__table__  # type: ignore[attr-defined]


class Fingerprint(Base, table=True):
    """One of the few hashes under which an article's text is found; the key is also the only index."""

    __tablename__ = "fingerprint"

    hash: int = _column(BigInteger, primary_key=True, autoincrement=False)
    published_at: datetime = _moment(primary_key=True)
    article_id: UUID = _column(Uuid, primary_key=True)


FINGERPRINT: Table = Fingerprint.__table__  # type: ignore[attr-defined]


class Story(Base, table=True):
    """One event as its articles tell it; its title is that of the article that came first."""

    __tablename__ = "story"

    story_id: UUID = _column(Uuid, primary_key=True)
    title: str = _column(Text)
    first_published_at: datetime = _moment()
    last_published_at: datetime = _moment()
    created_at: datetime = _moment()
    updated_at: datetime = _moment()


STORY: Table = Story.__table__  # type: ignore[attr-defined]
Index("ix_story_last_published_at_story_id", STORY.c.last_published_at, STORY.c.story_id)


class Tally(Base, table=True):
    """How many articles ever came in (`received`), and what became of them."""

    __tablename__ = "tally"

    name: str = _column(Text, primary_key=True)
    value: int = _column(BigInteger, server_default=text("0"))


TALLY: Table = Tally.__table__  # type: ignore[attr-defined]


class Source(Base, table=True):
    """A place that articles are fetched from, with its schedule and how the last fetches went."""

    __tablename__ = "source"

    source_id: UUID = _column(Uuid, primary_key=True)
    kind: str = _column(Text)
    name: str = _column(Text, unique=True)
    url: str | None = _column(Text, nullable=True)
    config: dict[str, object] = _column(JSONB)
    is_enabled: bool = _column(Boolean)
    interval_seconds: float = _column(Double)
    version: int = _column(Integer)
    created_at: datetime = _moment()
    updated_at: datetime = _moment()

    next_fetch_at: datetime | None = _moment(nullable=True)
    last_fetch_at: datetime | None = _moment(nullable=True)
    last_ok_at: datetime | None = _moment(nullable=True)
    error_count: int = _column(Integer, server_default=text("0"))
    backoff_seconds: float = _column(Double, server_default=text("0"))
    last_error: dict[str, object] | None = _column(JSONB(none_as_null=True), nullable=True)
    etag: str | None = _column(Text, nullable=True)
    last_modified: str | None = _column(Text, nullable=True)
    seen_until: datetime | None = _moment(nullable=True)
    disabled_reason: str | None = _column(Text, nullable=True)
    lease_owner: UUID | None = _column(Uuid, nullable=True)
    lease_until: datetime | None = _moment(nullable=True)


SOURCE: Table = Source.__table__  # type: ignore[attr-defined]
# Many feeds are private by their address alone.
SEALED = (SOURCE.c.url,)
Index("ix_source_created_at_source_id", SOURCE.c.created_at, SOURCE.c.source_id)
Index("ix_source_next_fetch_at", SOURCE.c.next_fetch_at, postgresql_where=text("is_enabled"))


class Fetch(Base, table=True):
    """One run of one source: what was asked, what came back, and what became of the articles."""

    __tablename__ = "fetch"

    fetch_id: UUID = _column(Uuid, primary_key=True)
    source_id: UUID = _column(Uuid)
    started_at: datetime = _moment()
    finished_at: datetime = _moment()
    status: str = _column(Text)
    requests: list[dict[str, object]] = _column(JSONB)
    n_requests: int = _column(Integer)
    articles: dict[str, int] = _column(JSONB)
    error: dict[str, object] | None = _column(JSONB(none_as_null=True), nullable=True)


FETCH: Table = Fetch.__table__  # type: ignore[attr-defined]
Index("ix_fetch_started_at_fetch_id", FETCH.c.started_at, FETCH.c.fetch_id)
Index("ix_fetch_source_id_started_at", FETCH.c.source_id, FETCH.c.started_at)


class Gap(Base, table=True):
    """A stretch of publication time of which a source could not be fetched in full, and why."""

    __tablename__ = "gap"

    gap_id: UUID = _column(Uuid, primary_key=True)
    source_id: UUID = _column(Uuid)
    reason: str = _column(Text)
    detail: str = _column(Text)
    starts_at: datetime = _moment()
    ends_at: datetime = _moment()
    recorded_at: datetime = _moment()


GAP: Table = Gap.__table__  # type: ignore[attr-defined]
Index("ix_gap_source_id_starts_at", GAP.c.source_id, GAP.c.starts_at)
