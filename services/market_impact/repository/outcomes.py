"""Realised outcomes: which are due, and which later estimates may learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, select, text

from common.contracts import Basis, SentimentLabel
from common.postgres.database import Connection
from common.postgres.rows import arrays_of, columns_for, find_rows
from market_impact.models import IMPACT

_EVIDENCE = """impact.impact_id, impact.basis, impact.horizon_days, impact.event_type, impact.sentiment_label,
    impact.ticker, impact.session_date, impact.horizon_ends_at, impact.sentiment_score, impact.car,
    impact.car_standard_error, impact.superseded_at"""
_HORIZON = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

_LATEST_EVIDENCE = text(
    f"""
    SELECT {_HORIZON} AS complete_below, pg_current_xact_id()::text::bigint AS own_transaction, {_EVIDENCE}
    FROM (SELECT 1) AS once LEFT JOIN LATERAL (
        SELECT * FROM impact WHERE evidence_transaction IS NOT NULL AND superseded_at IS NULL
        ORDER BY horizon_ends_at DESC LIMIT :limit
    ) AS impact ON true ORDER BY impact.horizon_ends_at
    """  # noqa: S608 - the interpolated parts are constants above
)
# Everything below the oldest open transaction has ended: no row can still appear there, so none is missed.
_CHANGED_EVIDENCE = text(
    f"""
    SELECT moment.complete_below, moment.own_transaction, {_EVIDENCE}
    FROM (SELECT {_HORIZON} AS complete_below, pg_current_xact_id()::text::bigint AS own_transaction) AS moment
    LEFT JOIN impact ON impact.evidence_transaction >= :known_below
        AND impact.evidence_transaction < moment.complete_below
    """  # noqa: S608 - the interpolated parts are constants above
)
_UPDATE_OUTCOMES = text(
    """
    UPDATE impact SET car = given.car, car_standard_error = given.car_standard_error, outcome_at = :outcome_at,
        outcome_due_at = NULL,
        evidence_transaction = CASE WHEN impact.is_evidence THEN pg_current_xact_id()::text::bigint END
    FROM unnest(CAST(:impact_id AS uuid[]), CAST(:car AS float8[]), CAST(:car_standard_error AS float8[]))
        AS given (impact_id, car, car_standard_error)
    WHERE impact.impact_id = given.impact_id
    """
)


class EvidenceRow(NamedTuple):
    """A realised estimate that is evidence, or has ceased to be when `superseded_at` is set.

    Parameters
    ----------
    complete_below, own_transaction : of `Evidence`, the same in every row that one statement reads
    """

    complete_below: int
    own_transaction: int
    impact_id: UUID
    basis: Basis
    horizon_days: int
    event_type: str
    sentiment_label: SentimentLabel
    ticker: str
    session_date: date
    horizon_ends_at: datetime
    sentiment_score: float
    car: float
    car_standard_error: float
    superseded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was read of the evidence.

    Parameters
    ----------
    rows : realised estimates
    complete_below : transactions below this number have ended, and all that they changed has been read
    transaction : number of the transaction that read
    """

    rows: list[EvidenceRow]
    complete_below: int
    transaction: int


class DueOutcome(NamedTuple):
    """An estimate whose outcome is to be looked for."""

    impact_id: UUID
    article_id: UUID
    ticker: str
    basis: Basis
    horizon_days: int
    session_date: date
    horizon_ends_at: datetime
    document: str


class NewOutcome(NamedTuple):
    """What really happened: the cumulative abnormal log return of an estimate's horizon, and its standard error."""

    impact_id: UUID
    car: float
    car_standard_error: float


async def list_latest_evidence(connection: Connection, limit: int) -> Evidence:
    """Return the `limit` latest realised estimates, oldest first."""
    return await _evidence(connection, _LATEST_EVIDENCE.bindparams(limit=limit))


async def list_changed_evidence(connection: Connection, known_below: int) -> Evidence:
    """Return what became evidence, or ceased to be, in transactions from `known_below` up to `complete_below`."""
    return await _evidence(connection, _CHANGED_EVIDENCE.bindparams(known_below=known_below))


async def _evidence(connection: Connection, statement: TextClause) -> Evidence:
    rows = await find_rows(connection, statement, EvidenceRow)
    # Without evidence there is one row, in which all but the first two columns are NULL.
    first = rows[0]
    return Evidence(
        rows=[] if first.impact_id is None else rows,
        complete_below=first.complete_below,
        transaction=first.own_transaction,
    )


async def claim_due_outcomes(connection: Connection, now: datetime, limit: int) -> list[DueOutcome]:
    """Return and lock estimates whose horizon has passed and whose outcome nobody else is looking for."""
    c = IMPACT.c
    statement = (
        select(*columns_for(DueOutcome, IMPACT))
        .where(c.outcome_due_at <= now)
        .order_by(c.outcome_due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return await find_rows(connection, statement, DueOutcome)


async def update_outcomes(connection: Connection, outcomes: Sequence[NewOutcome], outcome_at: datetime) -> None:
    """Write the outcomes of estimates, at least one."""
    await connection.execute(_UPDATE_OUTCOMES, {**arrays_of(outcomes), "outcome_at": outcome_at})


async def update_due_at(connection: Connection, impact_ids: Sequence[UUID], due_at: datetime) -> None:
    """Look again at `due_at` for outcomes whose bars are missing."""
    await connection.execute(IMPACT.update().where(IMPACT.c.impact_id.in_(impact_ids)).values(outcome_due_at=due_at))
