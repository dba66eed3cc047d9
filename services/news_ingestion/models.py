"""Tables of news ingestion: articles with their addresses and fingerprints, stories, sources, fetches and gaps."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Double,
    Index,
    Integer,
    Text,
    Uuid,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from common.postgres.tables import declare_base, declare_tables, stored, stored_moment, table_of

# A class made by a function is no base class to a type checker; SQLModel itself is what it is like.
if TYPE_CHECKING:
    from sqlmodel import SQLModel as Base
else:
    Base = declare_base()
TABLES = declare_tables(Base.metadata)


class Article(Base, table=True):
    """One version of one article; (`article_id`, `revision`) is its key, the newest has no `superseded_at`.

    Notes
    -----
    `duplicate_of` is set on a near-duplicate: it counts in its story and is not handed on. `url_key` and `content_hash`
    are hashes of the canonical address and of title and body.
    """

    __tablename__ = "article"

    article_id: UUID = stored(Uuid, primary_key=True)
    revision: int = stored(Integer, primary_key=True)
    state: str = stored(Text)
    story_id: UUID = stored(Uuid)
    duplicate_of: UUID | None = stored(Uuid, nullable=True)
    title: str = stored(Text)
    body: str | None = stored(Text, nullable=True)
    summary: str | None = stored(Text, nullable=True)
    url: str = stored(Text)
    canonical_url: str = stored(Text)
    url_key: UUID = stored(Uuid)
    content_hash: UUID = stored(Uuid)
    domain: str = stored(Text)
    author: str | None = stored(Text, nullable=True)
    source_id: str | None = stored(Text, nullable=True)
    source_name: str | None = stored(Text, nullable=True)
    fetched_from: UUID | None = stored(Uuid, nullable=True)
    language: str | None = stored(Text, nullable=True)
    tickers: list[str] = stored(JSONB)
    novelty: float = stored(Double)
    published_at: datetime = stored_moment()
    received_at: datetime = stored_moment()
    recorded_at: datetime = stored_moment()
    superseded_at: datetime | None = stored_moment(nullable=True)


ARTICLE = table_of(Article)

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

    url_key: UUID = stored(Uuid, primary_key=True)
    article_id: UUID = stored(Uuid)
    content_hash: UUID = stored(Uuid)
    recorded_at: datetime = stored_moment()


ARTICLE_ADDRESS = table_of(ArticleAddress)


class Fingerprint(Base, table=True):
    """One of the few hashes under which an article's text is found; the key is also the only index."""

    __tablename__ = "fingerprint"

    hash: int = stored(BigInteger, primary_key=True, autoincrement=False)
    published_at: datetime = stored_moment(primary_key=True)
    article_id: UUID = stored(Uuid, primary_key=True)


FINGERPRINT = table_of(Fingerprint)


class Story(Base, table=True):
    """One event as its articles tell it; its title is that of the article that came first."""

    __tablename__ = "story"

    story_id: UUID = stored(Uuid, primary_key=True)
    title: str = stored(Text)
    first_published_at: datetime = stored_moment()
    last_published_at: datetime = stored_moment()
    created_at: datetime = stored_moment()
    updated_at: datetime = stored_moment()


STORY = table_of(Story)
Index("ix_story_last_published_at_story_id", STORY.c.last_published_at, STORY.c.story_id)


class Tally(Base, table=True):
    """How many articles ever came in (`received`), and what became of them."""

    __tablename__ = "tally"

    name: str = stored(Text, primary_key=True)
    value: int = stored(BigInteger, server_default=text("0"))


TALLY = table_of(Tally)


class Source(Base, table=True):
    """A place that articles are fetched from, with its schedule and how the last fetches went."""

    __tablename__ = "source"

    source_id: UUID = stored(Uuid, primary_key=True)
    kind: str = stored(Text)
    name: str = stored(Text, unique=True)
    url: str | None = stored(Text, nullable=True)
    config: dict[str, object] = stored(JSONB)
    is_enabled: bool = stored(Boolean)
    interval_seconds: float = stored(Double)
    # Filled by a trigger from the column `version` of the previous release, and the other way round.
    revision: int = stored(Integer, nullable=True)
    created_at: datetime = stored_moment()
    updated_at: datetime = stored_moment()

    next_fetch_at: datetime | None = stored_moment(nullable=True)
    last_fetch_at: datetime | None = stored_moment(nullable=True)
    last_ok_at: datetime | None = stored_moment(nullable=True)
    error_count: int = stored(Integer, server_default=text("0"))
    backoff_seconds: float = stored(Double, server_default=text("0"))
    last_error: dict[str, object] | None = stored(JSONB(none_as_null=True), nullable=True)
    etag: str | None = stored(Text, nullable=True)
    last_modified: str | None = stored(Text, nullable=True)
    seen_until: datetime | None = stored_moment(nullable=True)
    disabled_reason: str | None = stored(Text, nullable=True)
    lease_owner: UUID | None = stored(Uuid, nullable=True)
    lease_until: datetime | None = stored_moment(nullable=True)


SOURCE = table_of(Source)
# Many feeds are private by their address alone.
SEALED = (SOURCE.c.url,)
Index("ix_source_created_at_source_id", SOURCE.c.created_at, SOURCE.c.source_id)
Index("ix_source_next_fetch_at", SOURCE.c.next_fetch_at, postgresql_where=text("is_enabled"))


class Fetch(Base, table=True):
    """One run of one source: what was asked, what came back, and what became of the articles."""

    __tablename__ = "fetch"

    fetch_id: UUID = stored(Uuid, primary_key=True)
    source_id: UUID = stored(Uuid)
    started_at: datetime = stored_moment()
    finished_at: datetime = stored_moment()
    status: str = stored(Text)
    requests: list[dict[str, object]] = stored(JSONB)
    n_requests: int = stored(Integer)
    articles: dict[str, int] = stored(JSONB)
    error: dict[str, object] | None = stored(JSONB(none_as_null=True), nullable=True)


FETCH = table_of(Fetch)
Index("ix_fetch_started_at_fetch_id", FETCH.c.started_at, FETCH.c.fetch_id)
Index("ix_fetch_source_id_started_at", FETCH.c.source_id, FETCH.c.started_at)


class Gap(Base, table=True):
    """A stretch of publication time of which a source could not be fetched in full, and why."""

    __tablename__ = "gap"

    gap_id: UUID = stored(Uuid, primary_key=True)
    source_id: UUID = stored(Uuid)
    reason: str = stored(Text)
    detail: str = stored(Text)
    starts_at: datetime = stored_moment()
    ends_at: datetime = stored_moment()
    recorded_at: datetime = stored_moment()


GAP = table_of(Gap)
Index("ix_gap_source_id_starts_at", GAP.c.source_id, GAP.c.starts_at)
