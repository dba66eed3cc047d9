"""Alerts: made once whatever the number of replicas, told about when due, changed by people, read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select, text, update

from alerts.models import ALERT, ALERT_SIGNAL, ALERT_TRANSITION, RULE, SIGNAL
from common.api.pagination import PageRequest, keyset
from common.contracts import AlertKind
from common.postgres.bulk import insert_rows
from common.postgres.database import Connection
from common.postgres.rows import all_rows, first_row

# The unique key on rule, group and window is what makes an alert one. Whoever comes second joins: a pending alert keeps
# its time, a firing one is told about again after the group's interval, an ended one is reopened, and one that somebody
# acknowledged is left in peace. The sub-select in RETURNING still sees the row as it was before this statement.
_OPEN = text(
    """
    INSERT INTO alert AS a (
        alert_id, rule_id, group_key, window_start, kind, rule_name, group_labels, state, severity, labels, title,
        starts_at, updated_at, expires_at, flush_at, flush_reason, n_notifications, last_flushed_at,
        group_interval_seconds, repeat_interval_seconds, revision)
    SELECT alert_id, rule_id, group_key, window_start, 'impact', rule_name, group_labels, state, severity, labels,
           title, CAST(:now AS timestamptz), CAST(:now AS timestamptz), expires_at, flush_at, flush_reason,
           n_notifications, last_flushed_at,
           group_interval_seconds, repeat_interval_seconds, 1
    FROM unnest(
        CAST(:alert_id AS uuid[]), CAST(:rule_id AS uuid[]), CAST(:group_key AS text[]),
        CAST(:window_start AS timestamptz[]), CAST(:rule_name AS text[]), CAST(:group_labels AS jsonb[]),
        CAST(:state AS text[]), CAST(:severity AS text[]), CAST(:labels AS jsonb[]), CAST(:title AS text[]),
        CAST(:expires_at AS timestamptz[]), CAST(:flush_at AS timestamptz[]), CAST(:flush_reason AS text[]),
        CAST(:n_notifications AS integer[]), CAST(:last_flushed_at AS timestamptz[]),
        CAST(:group_interval_seconds AS float8[]), CAST(:repeat_interval_seconds AS float8[])
    ) AS given (alert_id, rule_id, group_key, window_start, rule_name, group_labels, state, severity, labels, title,
                expires_at, flush_at, flush_reason, n_notifications, last_flushed_at, group_interval_seconds,
                repeat_interval_seconds)
    ON CONFLICT (rule_id, group_key, window_start) DO UPDATE SET
        updated_at = excluded.updated_at,
        expires_at = GREATEST(a.expires_at, excluded.expires_at),
        group_interval_seconds = excluded.group_interval_seconds,
        repeat_interval_seconds = excluded.repeat_interval_seconds,
        revision = a.revision + 1,
        state = CASE WHEN a.ends_at IS NULL THEN a.state ELSE 'pending' END,
        ends_at = NULL,
        flush_at = CASE
            WHEN a.ends_at IS NULL
                 AND (a.state = 'acknowledged' OR a.flush_at IS NOT NULL AND a.flush_reason <> 'repeat')
            THEN a.flush_at
            ELSE GREATEST(excluded.updated_at,
                          a.last_flushed_at + make_interval(secs => excluded.group_interval_seconds)) END,
        flush_reason = CASE
            WHEN a.ends_at IS NOT NULL THEN 'reopened'
            WHEN a.state = 'acknowledged' OR a.flush_at IS NOT NULL AND a.flush_reason <> 'repeat' THEN a.flush_reason
            ELSE 'new_impacts' END
    RETURNING a.alert_id, a.rule_id, a.group_key, a.window_start, a.flush_at,
              (SELECT before.state FROM alert before WHERE before.alert_id = a.alert_id) AS previous_state
    """
)

_LAST_FLUSHED = text(
    """
    SELECT a.rule_id, a.group_key, max(a.last_flushed_at) AS last_flushed_at
    FROM unnest(CAST(:rule_id AS uuid[]), CAST(:group_key AS text[])) AS given (rule_id, group_key)
    JOIN alert a USING (rule_id, group_key)
    GROUP BY a.rule_id, a.group_key
    """
)

# Whoever has been told learns of a correction at once; an alert still pending just goes out corrected.
_AMEND = text(
    """
    UPDATE alert a SET updated_at = CAST(:now AS timestamptz), revision = a.revision + 1,
        flush_at = CASE WHEN a.n_notifications > 0 THEN CAST(:now AS timestamptz) ELSE a.flush_at END,
        flush_reason = CASE WHEN a.n_notifications > 0 THEN given.reason ELSE a.flush_reason END
    FROM unnest(CAST(:alert_id AS uuid[]), CAST(:reason AS text[])) AS given (alert_id, reason)
    WHERE a.alert_id = given.alert_id
    """
)

_FLUSHED = text(
    """
    UPDATE alert a SET state = given.state, title = given.title, ends_at = given.ends_at,
        flush_at = given.flush_at, flush_reason = CASE WHEN given.flush_at IS NULL THEN NULL ELSE 'repeat' END,
        n_notifications = given.n_notifications, last_flushed_at = given.last_flushed_at, updated_at = :now,
        revision = a.revision + 1
    FROM unnest(CAST(:alert_id AS uuid[]), CAST(:state AS text[]), CAST(:title AS text[]),
                CAST(:ends_at AS timestamptz[]), CAST(:flush_at AS timestamptz[]), CAST(:n_notifications AS integer[]),
                CAST(:last_flushed_at AS timestamptz[]))
         AS given (alert_id, state, title, ends_at, flush_at, n_notifications, last_flushed_at)
    WHERE a.alert_id = given.alert_id
    """
)

_EXPIRE = text(
    """
    WITH due AS (
        SELECT alert_id, state FROM alert
        WHERE ends_at IS NULL AND expires_at <= :now AND (flush_at IS NULL OR flush_reason = 'repeat')
        ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    UPDATE alert a SET state = 'expired', ends_at = :now, updated_at = :now, flush_at = NULL, flush_reason = NULL,
        revision = a.revision + 1
    FROM due WHERE a.alert_id = due.alert_id
    RETURNING a.*, due.state AS previous_state
    """
)


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts a list shows; None means any."""

    state: str | None = None
    ticker: str | None = None
    rule_id: UUID | None = None
    severity: str | None = None
    started_from: datetime | None = None
    started_to: datetime | None = None
    kind: AlertKind | None = None


async def open_alerts(connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> Sequence[Row[Any]]:
    """Make or join alerts, sorted by their key, and return each with its state before (None when it is new)."""
    return (
        await connection.execute(_OPEN, {name: [row[name] for row in rows] for name in rows[0]} | {"now": now})
    ).all()


async def last_flushed(connection: Connection, groups: Sequence[tuple[UUID, str]]) -> Sequence[Row[Any]]:
    """Return when each group, pairs of rule and group key, was last told about."""
    parameters = {"rule_id": [rule_id for rule_id, _ in groups], "group_key": [key for _, key in groups]}
    return (await connection.execute(_LAST_FLUSHED, parameters)).all()


async def amend_alerts(connection: Connection, reasons: Mapping[UUID, str], now: datetime) -> None:
    """Have the receivers of these alerts told of a correction."""
    ordered = sorted(reasons.items())
    parameters = {"alert_id": [key for key, _ in ordered], "reason": [reason for _, reason in ordered], "now": now}
    await connection.execute(_AMEND, parameters)


async def claim_due(connection: Connection, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Return alerts whose receivers are to be told now, with their rule's receivers, locked for this transaction."""
    statement = (
        select(ALERT, RULE.c.receivers, RULE.c.deleted_at.label("rule_deleted_at"))
        .join(RULE, RULE.c.rule_id == ALERT.c.rule_id)
        .where(ALERT.c.flush_at <= now)
        .order_by(ALERT.c.flush_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=ALERT)
    )
    return await all_rows(connection, statement)


async def next_flush_at(connection: Connection) -> datetime | None:
    """Return when the next alert is due, None when none is."""
    due: datetime | None = await connection.scalar(select(func.min(ALERT.c.flush_at)))
    return due


async def store_flushed(connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Record what became of alerts whose receivers were told."""
    await connection.execute(_FLUSHED, {name: [row[name] for row in rows] for name in rows[0]} | {"now": now})


async def postpone(connection: Connection, alert_ids: Sequence[UUID], until: datetime) -> None:
    """Look at these alerts again at `until`."""
    await connection.execute(update(ALERT).where(ALERT.c.alert_id.in_(alert_ids)).values(flush_at=until))


async def expire(connection: Connection, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """End alerts that got no impact for a whole window, and return them with their state before."""
    return (await connection.execute(_EXPIRE, {"now": now, "limit": limit})).all()


async def set_notified(connection: Connection, alert_ids: Sequence[UUID], now: datetime) -> None:
    """Record the first successful delivery of each alert."""
    await connection.execute(
        update(ALERT).where(ALERT.c.alert_id.in_(alert_ids), ALERT.c.notified_at.is_(None)).values(notified_at=now)
    )


async def add_transitions(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append to the history of alerts."""
    await insert_rows(connection, ALERT_TRANSITION, rows)


async def find_alert(connection: Connection, alert_id: UUID, *, for_update: bool = False) -> Row[Any] | None:
    """Return an alert; None when there is none."""
    statement = select(ALERT).where(ALERT.c.alert_id == alert_id)
    if for_update:
        statement = statement.with_for_update()
    return await first_row(connection, statement)


async def update_alert(connection: Connection, alert_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Change an alert and return its row."""
    statement = (
        update(ALERT)
        .where(ALERT.c.alert_id == alert_id)
        .values(**values, revision=ALERT.c.revision + 1)
        .returning(ALERT)
    )
    row: Row[Any] = (await connection.execute(statement)).one()
    return row


async def history_of(connection: Connection, alert_id: UUID) -> Sequence[Row[Any]]:
    """Return an alert's changes of state, the first one first."""
    statement = (
        select(ALERT_TRANSITION)
        .where(ALERT_TRANSITION.c.alert_id == alert_id)
        .order_by(ALERT_TRANSITION.c.transition_id)
        .limit(1_000)
    )
    return await all_rows(connection, statement)


async def list_alerts(connection: Connection, page: PageRequest, wanted: AlertFilter) -> Sequence[Row[Any]]:
    """Return a page of alerts, the newest first."""
    statement: Select[Any] = select(ALERT)
    for column, value in (
        (ALERT.c.state, wanted.state),
        (ALERT.c.rule_id, wanted.rule_id),
        (ALERT.c.severity, wanted.severity),
        (ALERT.c.kind, wanted.kind),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.started_from is not None:
        statement = statement.where(ALERT.c.starts_at >= wanted.started_from)
    if wanted.started_to is not None:
        statement = statement.where(ALERT.c.starts_at < wanted.started_to)
    if wanted.ticker is not None:
        has_ticker = (
            select(1)
            .select_from(ALERT_SIGNAL.join(SIGNAL, SIGNAL.c.signal_id == ALERT_SIGNAL.c.signal_id))
            .where(ALERT_SIGNAL.c.alert_id == ALERT.c.alert_id, SIGNAL.c.ticker == wanted.ticker)
        )
        statement = statement.where(has_ticker.exists())
    return await all_rows(connection, keyset(statement, page, (ALERT.c.starts_at, ALERT.c.alert_id)))


async def list_groups(connection: Connection, page: PageRequest, *, rule_id: UUID | None) -> Sequence[Row[Any]]:
    """Return a page of groups, the one with the newest alert first; each row is its newest alert with the counts."""
    of_group = (ALERT.c.rule_id, ALERT.c.group_key)
    grouped = select(
        ALERT.c.alert_id,
        func.count().over(partition_by=of_group).label("n_alerts"),
        func.count(ALERT.c.alert_id).filter(ALERT.c.ends_at.is_(None)).over(partition_by=of_group).label("n_open"),
        func.max(ALERT.c.last_flushed_at).over(partition_by=of_group).label("last_notified_at"),
        func.row_number()
        .over(partition_by=of_group, order_by=(ALERT.c.starts_at.desc(), ALERT.c.alert_id.desc()))
        .label("place"),
    )
    if rule_id is not None:
        grouped = grouped.where(ALERT.c.rule_id == rule_id)
    newest = grouped.subquery()
    statement = (
        select(ALERT, newest.c.n_alerts, newest.c.n_open, newest.c.last_notified_at)
        .join(newest, newest.c.alert_id == ALERT.c.alert_id)
        .where(newest.c.place == 1)
    )
    return await all_rows(connection, keyset(statement, page, (ALERT.c.starts_at, ALERT.c.alert_id)))
