"""Impacts: written in versions, read as of any moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import cast, func, select, text
from sqlalchemy.dialects.postgresql import JSON

from common.contracts import Basis, Direction, SentimentLabel
from common.postgres.bulk import copy_rows
from common.postgres.database import Connection
from common.postgres.paging import PageRequest, keyset
from common.postgres.point_in_time import visible
from common.postgres.rows import columns_for, find_row, find_rows
from market_impact.models import IMPACT

# Withdrawn evidence must leave the memory of every process, so its standing changes with this transaction.
_SUPERSEDE_IMPACTS = text(
    """
    UPDATE impact SET superseded_at = :superseded_at, outcome_due_at = NULL,
        evidence_transaction = CASE WHEN evidence_transaction IS NOT NULL
            THEN pg_current_xact_id()::text::bigint END
    WHERE article_id = ANY(CAST(:article_ids AS uuid[])) AND superseded_at IS NULL
    RETURNING impact_id, article_id, ticker, horizon_days, basis, document
    """
)
# Read out in the database: a hundredth of the document, which need not travel. One document that is no JSON would fail
# the query, so only the title is read as JSON. Its key cannot stand within another text, where quotes are escaped.
_TITLE_TEXT = cast(func.substring(IMPACT.c.document, r'"title":("(?:[^"\\]|\\.)*")'), JSON)
_TITLE = func.coalesce(_TITLE_TEXT[()].astext, "").label("title")


@dataclass(frozen=True, slots=True)
class ImpactFilter:
    """What a list of impacts is narrowed to, those that were current at `as_of`; None does not narrow, and is now."""

    as_of: datetime | None = None
    ticker: str | None = None
    direction: Direction | None = None
    basis: Basis | None = None
    horizon_days: int | None = None
    min_impact_score: float | None = None
    article_id: UUID | None = None
    model_version: str | None = None
    scored_from: datetime | None = None
    scored_to: datetime | None = None


class NewImpact(NamedTuple):
    """A row of the table `impact` as it is inserted."""

    impact_id: UUID
    article_id: UUID
    revision: int
    ticker: str
    horizon_days: int
    basis: Basis
    direction: Direction
    impact_score: float
    abstained: bool
    model_version: str
    event_type: str
    sentiment_label: SentimentLabel
    sentiment_score: float
    is_evidence: bool
    document: str
    explanation: str
    published_at: datetime
    scored_at: datetime
    recorded_at: datetime
    session_date: date | None
    horizon_ends_at: datetime | None
    outcome_due_at: datetime | None
    outcome_at: datetime | None
    car: float | None
    car_standard_error: float | None
    evidence_transaction: int | None


class SupersededImpact(NamedTuple):
    """An estimate that a newer revision of its article has ended."""

    impact_id: UUID
    article_id: UUID
    ticker: str
    horizon_days: int
    basis: Basis
    document: str


class ListedImpact(NamedTuple):
    """An estimate of a page, and the key of its place there."""

    document: str
    scored_at: datetime
    impact_id: UUID


class StoredImpact(NamedTuple):
    """One estimate with its outcome."""

    impact_id: UUID
    ticker: str
    horizon_days: int
    basis: Basis
    abstained: bool
    event_type: str
    sentiment_label: SentimentLabel
    sentiment_score: float
    document: str
    explanation: str
    published_at: datetime
    recorded_at: datetime
    superseded_at: datetime | None
    is_withdrawn: bool
    session_date: date | None
    horizon_ends_at: datetime | None
    outcome_at: datetime | None
    car: float | None
    car_standard_error: float | None


class SimilarEvent(NamedTuple):
    """A realised estimate of the kind of another one."""

    article_id: UUID
    ticker: str
    session_date: date
    horizon_ends_at: datetime
    sentiment_score: float
    car: float
    title: str


class MarkedNews(NamedTuple):
    """An estimate as a mark of a picture."""

    session_date: date
    direction: Direction
    impact_score: float
    title: str


async def update_superseded(
    connection: Connection, article_ids: Sequence[UUID], superseded_at: datetime
) -> list[SupersededImpact]:
    """End the current impacts of articles and return them."""
    statement = _SUPERSEDE_IMPACTS.bindparams(article_ids=list(article_ids), superseded_at=superseded_at)
    return await find_rows(connection, statement, SupersededImpact)


async def update_withdrawn(connection: Connection, impact_ids: Sequence[UUID]) -> None:
    """Mark superseded impacts that no newer estimate replaces."""
    await connection.execute(IMPACT.update().where(IMPACT.c.impact_id.in_(impact_ids)).values(is_withdrawn=True))


async def insert_impacts(connection: Connection, rows: Sequence[NewImpact]) -> None:
    """Insert estimates; none can meet an existing one, since the assessments before have settled that."""
    await copy_rows(connection, IMPACT, rows)


async def list_impacts(connection: Connection, page: PageRequest, wanted: ImpactFilter) -> list[ListedImpact]:
    """Return one page of impacts, the latest scored first."""
    c = IMPACT.c
    conditions = [visible(IMPACT, wanted.as_of)]
    for name in ("ticker", "direction", "basis", "horizon_days", "article_id", "model_version"):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(c[name] == value)
    if wanted.min_impact_score is not None:
        conditions.append(c.impact_score >= wanted.min_impact_score)
    if wanted.scored_from is not None:
        conditions.append(c.scored_at >= wanted.scored_from)
    if wanted.scored_to is not None:
        conditions.append(c.scored_at <= wanted.scored_to)
    statement = select(*columns_for(ListedImpact, IMPACT)).where(*conditions)
    return await find_rows(connection, keyset(statement, page, (c.scored_at, c.impact_id)), ListedImpact)


async def find_impact(connection: Connection, impact_id: UUID) -> StoredImpact | None:
    """Return the estimate `impact_id`, superseded or not."""
    statement = select(*columns_for(StoredImpact, IMPACT)).where(IMPACT.c.impact_id == impact_id)
    return await find_row(connection, statement, StoredImpact)


async def list_similar_events(connection: Connection, impact: StoredImpact, limit: int) -> list[SimilarEvent]:
    """Return realised events of the kind of `impact` that were known before its news, the nearest first.

    Notes
    -----
    Near is: the same ticker before others, then the smallest difference of sentiment, then the latest.
    """
    c = IMPACT.c
    statement = (
        select(c.article_id, c.ticker, c.session_date, c.horizon_ends_at, c.sentiment_score, c.car, _TITLE)
        .where(
            c.event_type == impact.event_type,
            c.sentiment_label == impact.sentiment_label,
            c.basis == impact.basis,
            c.horizon_days == impact.horizon_days,
            c.horizon_ends_at < impact.published_at,
            c.evidence_transaction.is_not(None),
            visible(IMPACT, None),
        )
        .order_by(
            (c.ticker == impact.ticker).desc(),
            func.abs(c.sentiment_score - impact.sentiment_score),
            c.horizon_ends_at.desc(),
        )
        .limit(limit)
    )
    return await find_rows(connection, statement, SimilarEvent)


async def list_marks(
    connection: Connection, *, ticker: str, basis: Basis, horizon_days: int, first: datetime, last: datetime
) -> list[MarkedNews]:
    """Return the current estimates on `ticker` for news between two moments, oldest first."""
    c = IMPACT.c
    statement = (
        select(c.session_date, c.direction, c.impact_score, _TITLE)
        .where(
            visible(IMPACT, None),
            c.ticker == ticker,
            c.basis == basis,
            c.horizon_days == horizon_days,
            c.published_at.between(first, last),
            c.session_date.is_not(None),
            c.abstained.is_(False),
        )
        .order_by(c.published_at)
        .limit(2_000)
    )
    return await find_rows(connection, statement, MarkedNews)
