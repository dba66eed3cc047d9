"""Tables of market impact, in a metadata of their own."""

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, Float, Index, Integer, Text, Uuid, text

from common.postgres.tables import declare_base, declare_tables, stored, stored_moment, table_of

# A class made by a function is no base class to a type checker; SQLModel itself is what it is like.
if TYPE_CHECKING:
    from sqlmodel import SQLModel as Base
else:
    Base = declare_base()


class Bar(Base, table=True):
    """One security's prices of one session."""

    __tablename__ = "bar"

    ticker: str = stored(Text, primary_key=True)
    session_date: date = stored(Date, primary_key=True)
    open: float = stored(Float)
    high: float = stored(Float)
    low: float = stored(Float)
    close: float = stored(Float)
    adjusted_close: float = stored(Float)
    volume: int | None = stored(BigInteger, nullable=True)
    recorded_at: datetime = stored_moment()


class Security(Base, table=True):
    """A ticker that has bars; `bars_version` changes with every change of them, so that caches know."""

    __tablename__ = "security"

    ticker: str = stored(Text, primary_key=True)
    bars_version: int = stored(BigInteger)


class Assessment(Base, table=True):
    """What became of one revision of an article; the current one has no `superseded_at`."""

    __tablename__ = "assessment"
    __table_args__ = (
        Index("uq_assessment_current", "article_id", unique=True, postgresql_where=text("superseded_at IS NULL")),
    )

    article_id: UUID = stored(Uuid, primary_key=True)
    revision: int = stored(Integer, primary_key=True, autoincrement=False)
    analysis_id: UUID = stored(Uuid)
    result: str = stored(Text)
    recorded_at: datetime = stored_moment()
    superseded_at: datetime | None = stored_moment(nullable=True)


class Impact(Base, table=True):
    """One estimate with, once its horizon has passed, its outcome.

    Notes
    -----
    `document` is the estimate as it was handed on, JSON text; the columns repeat what is searched by.
    `horizon_ends_at` is the close that completes the horizon. `outcome_due_at` is when to look for the outcome, NULL
    when there is nothing left to look for. `evidence_transaction` is set on outcomes that later estimates may learn
    from: the transaction that last changed the row's standing as evidence.
    """

    __tablename__ = "impact"
    __table_args__ = (
        Index("ix_impact_article_id", "article_id"),
        Index("ix_impact_ticker_published_at", "ticker", "published_at"),
        Index("ix_impact_scored_at_impact_id", "scored_at", "impact_id"),
        Index(
            "ix_impact_evidence_kind",
            "event_type",
            "sentiment_label",
            "basis",
            "horizon_days",
            "horizon_ends_at",
            postgresql_where=text("evidence_transaction IS NOT NULL"),
        ),
        Index("ix_impact_outcome_due_at", "outcome_due_at", postgresql_where=text("outcome_due_at IS NOT NULL")),
        Index(
            "ix_impact_evidence_transaction",
            "evidence_transaction",
            postgresql_where=text("evidence_transaction IS NOT NULL"),
        ),
    )

    impact_id: UUID = stored(Uuid, primary_key=True)
    article_id: UUID = stored(Uuid)
    revision: int = stored(Integer)
    ticker: str = stored(Text)
    horizon_days: int = stored(Integer)
    basis: str = stored(Text)
    direction: str = stored(Text)
    impact_score: float = stored(Float)
    abstained: bool = stored(Boolean)
    model_version: str = stored(Text)
    event_type: str = stored(Text)
    sentiment_label: str = stored(Text)
    sentiment_score: float = stored(Float)
    is_evidence: bool = stored(Boolean)
    document: str = stored(Text)
    explanation: str = stored(Text)
    published_at: datetime = stored_moment()
    scored_at: datetime = stored_moment()
    recorded_at: datetime = stored_moment()
    superseded_at: datetime | None = stored_moment(nullable=True)
    is_withdrawn: bool = stored(Boolean, server_default=text("false"))
    session_date: date | None = stored(Date, nullable=True)
    horizon_ends_at: datetime | None = stored_moment(nullable=True)
    outcome_due_at: datetime | None = stored_moment(nullable=True)
    outcome_at: datetime | None = stored_moment(nullable=True)
    car: float | None = stored(Float, nullable=True)
    car_standard_error: float | None = stored(Float, nullable=True)
    evidence_transaction: int | None = stored(BigInteger, nullable=True)


class Study(Base, table=True):
    """An event study that was asked for; `answer` is JSON text."""

    __tablename__ = "event_study"

    study_id: UUID = stored(Uuid, primary_key=True)
    created_at: datetime = stored_moment()
    answer: str = stored(Text)


BAR = table_of(Bar)
SECURITY = table_of(Security)
ASSESSMENT = table_of(Assessment)
IMPACT = table_of(Impact)
STUDY = table_of(Study)
TABLES = declare_tables(Base.metadata)
