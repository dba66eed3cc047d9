"""What people do with alerts: acknowledge them, or say that they are over."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from alerts.engine import Engine
from alerts.lifecycle.notifier import ended_event
from alerts.notification.ledger_rows import transition
from alerts.repository import alerts
from alerts.schemas.alerts import AlertAction
from common.errors import Conflict
from common.postgres.database import Connection, after_commit


async def acknowledge(engine: Engine, connection: Connection, alert: Row[Any], action: AlertAction) -> Row[Any]:
    """Say that somebody looks after an alert: it is not repeated any more, and corrections still come.

    Raises
    ------
    Conflict
        The alert has ended.
    """
    if alert.ends_at is not None:
        raise Conflict(f"The alert is {alert.state} already.", code="alert_has_ended")
    if alert.state == "acknowledged":
        return alert
    now = engine.runtime.clock.now()
    await _remember(connection, alert, "acknowledged", action, now)
    values: dict[str, Any] = {"state": "acknowledged", "updated_at": now}
    if alert.flush_reason not in {"revised", "retracted"}:
        values |= {"flush_at": None, "flush_reason": None}
    return await alerts.update_alert(connection, alert.alert_id, values)


async def resolve(engine: Engine, connection: Connection, alert: Row[Any], action: AlertAction) -> Row[Any]:
    """Say that an alert is over; receivers that heard of it hear of that too. An ended alert stays as it is."""
    if alert.ends_at is not None:
        return alert
    now = engine.runtime.clock.now()
    await _remember(connection, alert, "resolved", action, now)
    tell = alert.n_notifications > 0
    row = await alerts.update_alert(
        connection,
        alert.alert_id,
        {
            "state": "resolved",
            "updated_at": now,
            "ends_at": now,
            "flush_at": now if tell else None,
            "flush_reason": "resolved" if tell else None,
        },
    )
    await engine.runtime.events.publish(connection, [("alert.resolved", ended_event(row, "resolved", now))])
    after_commit(connection, engine.notifier.wake)
    return row


async def _remember(connection: Connection, alert: Row[Any], to_state: str, action: AlertAction, now: datetime) -> None:
    row = transition(alert.alert_id, now, alert.state, to_state, "by_hand", actor=action.by, note=action.note)
    await alerts.add_transitions(connection, [row])
