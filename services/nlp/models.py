"""Tables of NLP: analyses, and the names that users gave to entities."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Boolean, Double, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from common.postgres.tables import declare_base, declare_tables, stored, stored_moment, table_of

# A class made by a function is no base class to a type checker; SQLModel itself is what it is like.
if TYPE_CHECKING:
    from sqlmodel import SQLModel as Base
else:
    Base = declare_base()
TABLES = declare_tables(Base.metadata)


class Analysis(Base, table=True):
    """The analysis of one revision of one article; the newest of an article has no `superseded_at`.

    Notes
    -----
    `document` is the contract as it was handed on, JSON text: it is written once and read as it is. The other columns
    are what lists filter by. `keys` holds `ticker:…`, `topic:…` and `event:…` in one array under one index, since each
    further index would cost every insert. `relevances` maps tickers to their relevance.
    """

    __tablename__ = "analysis"

    analysis_id: UUID = stored(Uuid, primary_key=True)
    article_id: UUID = stored(Uuid)
    revision: int = stored(Integer)
    state: str = stored(Text)
    label: str = stored(Text)
    abstained: bool = stored(Boolean)
    max_relevance: float = stored(Double)
    relevances: dict[str, float] = stored(JSONB)
    keys: list[str] = stored(JSONB)
    model_versions: list[str] = stored(JSONB)
    document: str = stored(Text)
    published_at: datetime = stored_moment()
    recorded_at: datetime = stored_moment()
    superseded_at: datetime | None = stored_moment(nullable=True)


ANALYSIS = table_of(Analysis)
Index("uq_analysis_article_id_revision", ANALYSIS.c.article_id, ANALYSIS.c.revision, unique=True)
Index(
    "uq_analysis_article_id_current", ANALYSIS.c.article_id, unique=True, postgresql_where=text("superseded_at IS NULL")
)
Index("ix_analysis_published_at_analysis_id", ANALYSIS.c.published_at, ANALYSIS.c.analysis_id)
Index("ix_analysis_keys", ANALYSIS.c["keys"], postgresql_using="gin", postgresql_ops={"keys": "jsonb_path_ops"})


class EntityAlias(Base, table=True):
    """A name that users gave to an entity of the gazetteer."""

    __tablename__ = "entity_alias"

    entity_id: str = stored(Text, primary_key=True)
    alias: str = stored(Text, primary_key=True)
    created_at: datetime = stored_moment()


ENTITY_ALIAS = table_of(EntityAlias)
