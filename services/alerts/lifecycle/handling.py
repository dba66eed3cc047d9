"""What people do with alerts: acknowledge and resolve them."""

from datetime import datetime

from alerts.engine import Engine
from alerts.lifecycle import states
from alerts.notification.ledger_rows import transition
from alerts.notification.stream_events import ended_event
from alerts.repository import alerts, transitions
from alerts.repository.alerts import AlertChange, AlertRow
from alerts.schemas.alerts import AlertAction
from common.errors import Conflict
from common.postgres.database import Connection, after_commit


async def acknowledge(engine: Engine, connection: Connection, alert: AlertRow, action: AlertAction) -> AlertRow:
    """Say that somebody looks after an alert: it is not repeated any more, and corrections still come.

    Raises
    ------
    Conflict
        The alert has ended.
    """
    try:
        after = states.acknowledged(alert)
    except states.ImpossibleTransition as error:
        raise Conflict(f"The alert is already {alert.state}.", code="alert_has_ended") from error
    return await _change(connection, alert, after, action, engine.runtime.clock.now())


async def resolve(engine: Engine, connection: Connection, alert: AlertRow, action: AlertAction) -> AlertRow:
    """Say that an alert is over; receivers that heard of it hear of that too. An ended alert stays as it is."""
    now = engine.runtime.clock.now()
    row = await _change(connection, alert, states.resolved(alert, now), action, now)
    if row is not alert:
        await engine.runtime.events.publish(connection, [("alert.resolved", ended_event(row, now))])
        after_commit(connection, engine.notifier_wake_up.wake)
    return row


async def _change(
    connection: Connection, alert: AlertRow, after: states.Lifecycle, action: AlertAction, now: datetime
) -> AlertRow:
    """Return the alert as it is after the change; when it stays in its state, nothing is written."""
    if after.state == alert.state:
        return alert
    row = transition(alert.alert_id, now, alert.state, after.state, "by_hand", actor=action.by, note=action.note)
    await transitions.insert_transitions(connection, [row])
    await alerts.update_alerts(connection, [AlertChange(alert.alert_id, alert.title, *after)], now)
    return alert._replace(**after._asdict(), updated_at=now, revision=alert.revision + 1)
