"""Alerts: created once whatever the number of replicas, notified when due, changed by people, and read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import insert, or_, select, text, update

from alerts.column_values import FlushReason
from alerts.models import ALERT, ALERT_SIGNAL, RULE, SIGNAL
from common.contracts import AlertKind, AlertState, Severity
from common.postgres.database import Connection
from common.postgres.paging import PageRequest, keyset
from common.postgres.rows import arrays_of, columns_for, find_joined_rows, find_row, find_rows


class AlertRow(NamedTuple):
    """A stored alert."""

    alert_id: UUID
    kind: AlertKind
    rule_id: UUID
    rule_name: str
    group_key: str
    group_labels: dict[str, str]
    window_start: datetime
    state: AlertState
    severity: Severity
    labels: dict[str, str]
    title: str
    starts_at: datetime
    updated_at: datetime
    ends_at: datetime | None
    expires_at: datetime
    group_interval_seconds: float
    repeat_interval_seconds: float
    flush_at: datetime | None
    flush_reason: FlushReason | None
    n_notifications: int
    last_flushed_at: datetime | None
    notified_at: datetime | None
    revision: int


class OpenedAlert(NamedTuple):
    """What names an alert that was made or joined, and its state before (None when it is new)."""

    alert_id: UUID
    rule_id: UUID
    group_key: str
    window_start: datetime
    previous_state: AlertState | None


class _RuleToday(NamedTuple):
    """What the rule of an alert says at present."""

    receivers: list[str]
    is_rule_deleted: bool


class DueAlert(NamedTuple):
    """An alert whose receivers are to be told now, and what its rule says of them."""

    alert: AlertRow
    receivers: list[str]
    is_rule_deleted: bool


class AlertChange(NamedTuple):
    """What its lifecycle has made of an alert."""

    alert_id: UUID
    title: str
    state: AlertState
    ends_at: datetime | None
    flush_at: datetime | None
    flush_reason: FlushReason | None
    n_notifications: int
    last_flushed_at: datetime | None


# The unique key on rule, group and window is what makes an alert one. Whoever comes second joins it, in one statement,
# for the first may be of another transaction; what joining makes of an alert is `lifecycle.states.joined`, and a test
# holds this statement to it. The sub-select in RETURNING still sees the row as it was before this statement.
_INSERT = text(
    """
    INSERT INTO alert AS a (
        alert_id, rule_id, group_key, window_start, kind, rule_name, group_labels, state, severity, labels, title,
        starts_at, updated_at, expires_at, flush_at, flush_reason, n_notifications, last_flushed_at,
        group_interval_seconds, repeat_interval_seconds, revision)
    SELECT alert_id, rule_id, group_key, window_start, kind, rule_name, group_labels, state, severity, labels, title,
           starts_at, updated_at, expires_at, flush_at, flush_reason, n_notifications, last_flushed_at,
           group_interval_seconds, repeat_interval_seconds, 1
    FROM unnest(
        CAST(:alert_id AS uuid[]), CAST(:rule_id AS uuid[]), CAST(:group_key AS text[]),
        CAST(:window_start AS timestamptz[]), CAST(:kind AS text[]), CAST(:rule_name AS text[]),
        CAST(:group_labels AS jsonb[]), CAST(:state AS text[]), CAST(:severity AS text[]), CAST(:labels AS jsonb[]),
        CAST(:title AS text[]), CAST(:starts_at AS timestamptz[]), CAST(:updated_at AS timestamptz[]),
        CAST(:expires_at AS timestamptz[]), CAST(:flush_at AS timestamptz[]), CAST(:flush_reason AS text[]),
        CAST(:n_notifications AS integer[]), CAST(:last_flushed_at AS timestamptz[]),
        CAST(:group_interval_seconds AS float8[]), CAST(:repeat_interval_seconds AS float8[])
    ) AS given (alert_id, rule_id, group_key, window_start, kind, rule_name, group_labels, state, severity, labels,
                title, starts_at, updated_at, expires_at, flush_at, flush_reason, n_notifications, last_flushed_at,
                group_interval_seconds, repeat_interval_seconds)
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
            WHEN a.ends_at IS NOT NULL AND a.flush_reason IN ('revised', 'retracted')
            THEN LEAST(a.flush_at,
                       GREATEST(excluded.updated_at,
                                a.last_flushed_at + make_interval(secs => excluded.group_interval_seconds)))
            ELSE GREATEST(excluded.updated_at,
                          a.last_flushed_at + make_interval(secs => excluded.group_interval_seconds)) END,
        flush_reason = CASE
            WHEN a.ends_at IS NOT NULL THEN 'reopened'
            WHEN a.state = 'acknowledged' OR a.flush_at IS NOT NULL AND a.flush_reason <> 'repeat' THEN a.flush_reason
            ELSE 'new_impacts' END
    RETURNING a.alert_id, a.rule_id, a.group_key, a.window_start,
              (SELECT before.state FROM alert before WHERE before.alert_id = a.alert_id) AS previous_state
    """
)

_UPDATE = text(
    """
    UPDATE alert a SET title = given.title, state = given.state, ends_at = given.ends_at, flush_at = given.flush_at,
        flush_reason = given.flush_reason, n_notifications = given.n_notifications,
        last_flushed_at = given.last_flushed_at, updated_at = :now, revision = a.revision + 1
    FROM unnest(CAST(:alert_id AS uuid[]), CAST(:title AS text[]), CAST(:state AS text[]),
                CAST(:ends_at AS timestamptz[]), CAST(:flush_at AS timestamptz[]), CAST(:flush_reason AS text[]),
                CAST(:n_notifications AS integer[]), CAST(:last_flushed_at AS timestamptz[]))
         AS given (alert_id, title, state, ends_at, flush_at, flush_reason, n_notifications, last_flushed_at)
    WHERE a.alert_id = given.alert_id
    """
)

_COLUMNS = columns_for(AlertRow, ALERT)
# An alert begins without these.
_INSERTED = tuple(name for name in AlertRow._fields if name not in {"ends_at", "notified_at", "revision"})
_CHANGED_BY_EVENTS = (
    *("state", "severity", "labels", "title", "updated_at", "ends_at", "expires_at", "flush_at", "flush_reason"),
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


async def insert_or_join_alerts(connection: Connection, rows: Sequence[AlertRow]) -> list[OpenedAlert]:
    """Make or join alerts, sorted by their key, and return each with its state before (None when it is new)."""
    arrays = arrays_of(rows)
    for name in ("group_labels", "labels"):
        arrays[name] = [json.dumps(labels) for labels in arrays[name]]
    return await find_rows(connection, _INSERT, OpenedAlert, {name: arrays[name] for name in _INSERTED})


async def insert_alerts(connection: Connection, rows: Sequence[AlertRow]) -> None:
    """Store alerts that nobody else can make meanwhile."""
    if rows:
        await connection.execute(insert(ALERT), [row._asdict() for row in rows])


async def claim_alerts(connection: Connection, alert_ids: Sequence[UUID]) -> list[AlertRow]:
    """Return these alerts, locked until the transaction ends, in the same order on every replica.

    Notes
    -----
    Locked as an update does, which holds up no insert that refers to the alert.
    """
    statement = (
        select(*_COLUMNS)
        .where(ALERT.c.alert_id.in_(alert_ids))
        .order_by(ALERT.c.alert_id)
        .with_for_update(key_share=True)
    )
    return await find_rows(connection, statement, AlertRow)


async def claim_due_alerts(connection: Connection, now: datetime, limit: int) -> list[DueAlert]:
    """Return alerts whose receivers are to be told now, with their rule's receivers, locked for this transaction."""
    statement = (
        select(*_COLUMNS, RULE.c.receivers, RULE.c.deleted_at.is_not(None).label("is_rule_deleted"))
        .join(RULE, RULE.c.rule_id == ALERT.c.rule_id)
        .where(ALERT.c.flush_at <= now)
        .order_by(ALERT.c.flush_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=ALERT)
    )
    found = await find_joined_rows(connection, statement, AlertRow, _RuleToday)
    return [DueAlert(alert, *rule) for alert, rule in found]


async def claim_expired_alerts(connection: Connection, now: datetime, limit: int) -> list[AlertRow]:
    """Return open alerts that got no impact for a whole window and have nothing left to tell, locked."""
    statement = (
        select(*_COLUMNS)
        .where(
            ALERT.c.ends_at.is_(None),
            ALERT.c.expires_at <= now,
            or_(ALERT.c.flush_at.is_(None), ALERT.c.flush_reason == "repeat"),
        )
        .order_by(ALERT.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return await find_rows(connection, statement, AlertRow)


async def update_alerts(connection: Connection, changes: Sequence[AlertChange], now: datetime) -> None:
    """Record what became of alerts that this transaction has locked."""
    if changes:
        await connection.execute(_UPDATE, arrays_of(changes) | {"now": now})


async def update_system_alert(connection: Connection, row: AlertRow) -> None:
    """Record what an event of the platform has made of an alert that this transaction has locked."""
    values = {name: getattr(row, name) for name in _CHANGED_BY_EVENTS}
    statement = update(ALERT).where(ALERT.c.alert_id == row.alert_id)
    await connection.execute(statement.values(**values, revision=ALERT.c.revision + 1))


async def update_postponed(connection: Connection, alert_ids: Sequence[UUID], until: datetime) -> None:
    """Look at these alerts again at `until`."""
    await connection.execute(update(ALERT).where(ALERT.c.alert_id.in_(alert_ids)).values(flush_at=until))


async def update_notified(connection: Connection, alert_ids: Sequence[UUID], now: datetime) -> None:
    """Record the first successful delivery of each alert."""
    await connection.execute(
        update(ALERT).where(ALERT.c.alert_id.in_(alert_ids), ALERT.c.notified_at.is_(None)).values(notified_at=now)
    )


async def find_alert(connection: Connection, alert_id: UUID, *, for_update: bool = False) -> AlertRow | None:
    """Return an alert; None when there is none."""
    statement = select(*_COLUMNS).where(ALERT.c.alert_id == alert_id)
    if for_update:
        statement = statement.with_for_update()
    return await find_row(connection, statement, AlertRow)


async def list_alerts(connection: Connection, page: PageRequest, wanted: AlertFilter) -> list[AlertRow]:
    """Return a page of alerts, the newest first."""
    statement = select(*_COLUMNS)
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
    return await find_rows(connection, keyset(statement, page, (ALERT.c.starts_at, ALERT.c.alert_id)), AlertRow)
