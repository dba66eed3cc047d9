"""Tables of market impact, in a metadata of their own."""

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Float, Index, Integer, Table, Text, Uuid, text
from sqlmodel import Field

from common.postgres.tables import declare_base, declare_tables

# A class made by a function is no base class to a type checker; SQLModel itself is what it is like.
if TYPE_CHECKING:
    from sqlmodel import SQLModel as Base
else:
    Base = declare_base()


def _moment(*, nullable: bool = False) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable)


class Bar(Base, table=True):
    """One security's prices of one session."""

    __tablename__ = "bar"

    ticker: str = Field(sa_column=Column(Text, primary_key=True))
    session_date: date = Field(sa_column=Column(Date, primary_key=True))
    open: float = Field(sa_column=Column(Float, nullable=False))
    high: float = Field(sa_column=Column(Float, nullable=False))
    low: float = Field(sa_column=Column(Float, nullable=False))
    close: float = Field(sa_column=Column(Float, nullable=False))
    adjusted_close: float = Field(sa_column=Column(Float, nullable=False))
    volume: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    recorded_at: datetime = Field(sa_column=_moment())


class Security(Base, table=True):
    """A ticker that has bars; `bars_version` changes with every change of them, so that caches know."""

    __tablename__ = "security"

    ticker: str = Field(sa_column=Column(Text, primary_key=True))
    bars_version: int = Field(sa_column=Column(BigInteger, nullable=False))


class Assessment(Base, table=True):
    """What became of one revision of an article; the current one has no `superseded_at`."""

    __tablename__ = "assessment"
    __table_args__ = (
        Index("uq_assessment_current", "article_id", unique=True, postgresql_where=text("superseded_at IS NULL")),
    )

    article_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    revision: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    analysis_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    result: str = Field(sa_column=Column(Text, nullable=False))
    recorded_at: datetime = Field(sa_column=_moment())
    superseded_at: datetime | None = Field(sa_column=_moment(nullable=True))


class ImpactRow(Base, table=True):
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

    impact_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    article_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    revision: int = Field(sa_column=Column(Integer, nullable=False))
    ticker: str = Field(sa_column=Column(Text, nullable=False))
    horizon_days: int = Field(sa_column=Column(Integer, nullable=False))
    basis: str = Field(sa_column=Column(Text, nullable=False))
    direction: str = Field(sa_column=Column(Text, nullable=False))
    impact_score: float = Field(sa_column=Column(Float, nullable=False))
    abstained: bool = Field(sa_column=Column(Boolean, nullable=False))
    model_version: str = Field(sa_column=Column(Text, nullable=False))
    event_type: str = Field(sa_column=Column(Text, nullable=False))
    sentiment_label: str = Field(sa_column=Column(Text, nullable=False))
    sentiment_score: float = Field(sa_column=Column(Float, nullable=False))
    is_evidence: bool = Field(sa_column=Column(Boolean, nullable=False))
    document: str = Field(sa_column=Column(Text, nullable=False))
    explanation: str = Field(sa_column=Column(Text, nullable=False))
    published_at: datetime = Field(sa_column=_moment())
    scored_at: datetime = Field(sa_column=_moment())
    recorded_at: datetime = Field(sa_column=_moment())
    superseded_at: datetime | None = Field(sa_column=_moment(nullable=True))
    is_withdrawn: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=text("false")))
    session_date: date | None = Field(sa_column=Column(Date, nullable=True))
    horizon_ends_at: datetime | None = Field(sa_column=_moment(nullable=True))
    outcome_due_at: datetime | None = Field(sa_column=_moment(nullable=True))
    outcome_at: datetime | None = Field(sa_column=_moment(nullable=True))
    car: float | None = Field(sa_column=Column(Float, nullable=True))
    car_standard_error: float | None = Field(sa_column=Column(Float, nullable=True))
    evidence_transaction: int | None = Field(sa_column=Column(BigInteger, nullable=True))


class Study(Base, table=True):
    """An event study that was asked for; `answer` is JSON text."""

    __tablename__ = "event_study"

    study_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    created_at: datetime = Field(sa_column=_moment())
    answer: str = Field(sa_column=Column(Text, nullable=False))


def _table(model: type[Base]) -> Table:
    declared: Table = model.__table__  # type: ignore[attr-defined]
    return declared


BAR = _table(Bar)
SECURITY = _table(Security)
ASSESSMENT = _table(Assessment)
IMPACT = _table(ImpactRow)
STUDY = _table(Study)
TABLES = declare_tables(Base.metadata)
