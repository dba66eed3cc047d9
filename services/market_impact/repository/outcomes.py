"""Realised outcomes: which are due, and which later estimates may learn from."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from common.postgres.database import Connection
from common.postgres.rows import Rows
from market_impact.models import IMPACT

_EVIDENCE = """impact.impact_id, impact.basis, impact.horizon_days, impact.event_type, impact.sentiment_label,
    impact.ticker, impact.session_date, impact.horizon_ends_at, impact.sentiment_score, impact.car,
    impact.car_standard_error, impact.superseded_at"""
_HORIZON = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

_LATEST_EVIDENCE = text(
    f"""
    SELECT {_HORIZON} AS horizon, pg_current_xact_id()::text::bigint AS own, {_EVIDENCE}
    FROM (SELECT 1) AS once LEFT JOIN LATERAL (
        SELECT * FROM impact WHERE evidence_transaction IS NOT NULL AND superseded_at IS NULL
        ORDER BY horizon_ends_at DESC LIMIT :limit
    ) AS impact ON true ORDER BY impact.horizon_ends_at
    """  # noqa: S608 - the interpolated parts are constants above
)
# Everything below the oldest open transaction has ended: no row can still appear there, so none is missed.
_NEW_EVIDENCE = text(
    f"""
    SELECT moment.horizon, moment.own, {_EVIDENCE}
    FROM (SELECT {_HORIZON} AS horizon, pg_current_xact_id()::text::bigint AS own) AS moment
    LEFT JOIN impact ON impact.evidence_transaction >= :known_below AND impact.evidence_transaction < moment.horizon
    """  # noqa: S608 - the interpolated parts are constants above
)
_STORE = text(
    """
    UPDATE impact SET car = given.car, car_standard_error = given.car_standard_error, outcome_at = :outcome_at,
        outcome_due_at = NULL,
        evidence_transaction = CASE WHEN impact.is_evidence THEN pg_current_xact_id()::text::bigint END
    FROM unnest(CAST(:impact_id AS uuid[]), CAST(:car AS float8[]), CAST(:car_standard_error AS float8[]))
        AS given (impact_id, car, car_standard_error)
    WHERE impact.impact_id = given.impact_id
    """
)


async def latest_evidence(connection: Connection, limit: int) -> Rows:
    """Return the `limit` latest realised estimates, oldest first; one row without any, for its `horizon`."""
    rows: Rows = (await connection.execute(_LATEST_EVIDENCE, {"limit": limit})).all()
    return rows


async def new_evidence(connection: Connection, known_below: int) -> Rows:
    """Return what became evidence, or ceased to be, in transactions from `known_below` up to the row's `horizon`.

    Notes
    -----
    At least one row comes back; without news its `impact_id` is None. `own` is the caller's transaction.
    """
    rows: Rows = (await connection.execute(_NEW_EVIDENCE, {"known_below": known_below})).all()
    return rows


async def claim_due(connection: Connection, now: datetime, limit: int) -> Rows:
    """Return and lock estimates whose horizon has passed and whose outcome nobody else is looking for."""
    c = IMPACT.c
    statement = (
        select(
            c.impact_id,
            c.article_id,
            c.ticker,
            c.basis,
            c.horizon_days,
            c.session_date,
            c.horizon_ends_at,
            c.document,
        )
        .where(c.outcome_due_at <= now)
        .order_by(c.outcome_due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows: Rows = (await connection.execute(statement)).all()
    return rows


async def store_outcomes(connection: Connection, rows: Sequence[Mapping[str, Any]], outcome_at: datetime) -> None:
    """Write `car` and `car_standard_error` of estimates."""
    columns = {name: [row[name] for row in rows] for name in ("impact_id", "car", "car_standard_error")}
    await connection.execute(_STORE, {**columns, "outcome_at": outcome_at})


async def postpone(connection: Connection, impact_ids: Sequence[Any], until: datetime) -> None:
    """Look again at `until` for outcomes whose bars are missing."""
    await connection.execute(IMPACT.update().where(IMPACT.c.impact_id.in_(impact_ids)).values(outcome_due_at=until))
