"""Receives platform events: stores each once, and opens, changes or ends its alert."""

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from alerts.built_in import SYSTEM_RULE_ID
from alerts.engine import Engine
from alerts.lifecycle import states
from alerts.matching.grouping import EPOCH
from alerts.notification.ledger_rows import transition
from alerts.notification.stream_events import ended_event
from alerts.platform_events.events import RANK, SystemEvent
from alerts.repository import alerts, system_events, transitions
from alerts.repository.alerts import AlertRow
from alerts.repository.rules import RuleRow
from alerts.repository.system_events import NewSystemEvent, SystemAlertRow
from alerts.repository.transitions import TransitionRow
from common.clock import uuid7
from common.contracts import BatchResult, ItemResult
from common.postgres.database import Connection, after_commit


@dataclass(slots=True)
class SystemAlert:
    """An alert of the platform while the events of one request are applied to it, oldest first."""

    alert_id: UUID
    alert: AlertRow | None = None
    last_event_at: datetime = EPOCH
    is_stored: bool = False
    is_changed: bool = False
    transitions: list[TransitionRow] = field(default_factory=list)

    @classmethod
    def of(cls, row: SystemAlertRow | None) -> "SystemAlert":
        """Return the alert of a stored row, or one that is still to be made."""
        if row is None:
            return cls(uuid7())
        return cls(row.alert.alert_id, row.alert, row.last_event_at or EPOCH, is_stored=True)

    def is_undone(self, event: SystemEvent, seen: Container[str]) -> bool:
        """Return whether `event` is known, the opposite came since, and the alert is as that said: it is so again."""
        if self.alert is None or event.key not in seen or event.contrary_key not in seen:
            return False
        return states.is_open(self.alert) != event.firing

    def apply(self, event: SystemEvent, rule: RuleRow, now: datetime) -> None:
        """Change state, title and severity by `event`, unless something newer is known already."""
        if event.happened_at < self.last_event_at:
            return
        self.last_event_at = event.happened_at
        before, after = self.alert, _after(self.alert, event, rule, now)
        alert = _first_row(self.alert_id, event, rule, after) if before is None else before
        self.alert = alert._replace(
            **after._asdict(),
            title=event.title,
            severity=event.severity if event.firing else alert.severity,
            labels=event.labels,
            updated_at=now,
            expires_at=now + timedelta(seconds=rule.window_seconds),
        )
        self.is_changed = True
        if before is None or before.state != after.state:
            relapsed = before is not None and event.firing and not states.is_open(before)
            reason = "first" if before is None else "reopened" if relapsed else "event"
            from_state = None if before is None else before.state
            self.transitions.append(
                transition(self.alert_id, now, from_state, after.state, reason, actor=event.source, note=event.title)
            )


def _after(alert: AlertRow | None, event: SystemEvent, rule: RuleRow, now: datetime) -> states.Lifecycle:
    if alert is None:
        return states.first_reported(now, is_firing=event.firing)
    if not event.firing:
        return states.cleared(alert, now)
    is_worse = RANK[event.severity] > RANK[alert.severity]
    group_interval = timedelta(seconds=rule.group_interval_seconds)
    return states.reported(alert, now, is_worse=is_worse, group_interval=group_interval)


def _first_row(alert_id: UUID, event: SystemEvent, rule: RuleRow, lifecycle: states.Lifecycle) -> AlertRow:
    """Return what an alert keeps from its first event on; the rest comes with every event."""
    return AlertRow(
        **lifecycle._asdict(),
        alert_id=alert_id,
        kind="system",
        rule_id=SYSTEM_RULE_ID,
        rule_name=rule.name,
        group_key=event.group_key,
        group_labels=event.group_labels,
        # One alert for good: what fires again is the same alert, reopened.
        window_start=EPOCH,
        severity=event.severity,
        labels=event.labels,
        title=event.title,
        starts_at=event.happened_at,
        updated_at=event.happened_at,
        expires_at=event.happened_at,
        group_interval_seconds=rule.group_interval_seconds,
        repeat_interval_seconds=rule.repeat_interval_seconds,
        notified_at=None,
        revision=1,
    )


async def receive_events(engine: Engine, connection: Connection, events: Sequence[SystemEvent]) -> BatchResult:
    """Store the events and apply the new ones to their alerts, in one transaction; answer for each event."""
    now = engine.runtime.clock.now()
    await system_events.insert_system_rule(connection, now)
    rule = await system_events.find_system_rule(connection)
    groups = sorted({event.group_key for event in events})
    await system_events.claim_groups(connection, groups)
    stored = {row.alert.group_key: row for row in await system_events.claim_alerts(connection, groups)}
    touched = {group: SystemAlert.of(stored.get(group)) for group in groups}
    keys = [key for event in events for key in (event.key, event.contrary_key) if key is not None]
    seen = await system_events.list_known_events(connection, keys)
    events = [event.again(now) if touched[event.group_key].is_undone(event, seen) else event for event in events]
    fresh = list({event.key: event for event in events if event.key not in seen}.values())
    for event in sorted(fresh, key=lambda each: each.happened_at):
        touched[event.group_key].apply(event, rule, now)
    await _store(engine, connection, touched, fresh, now)
    answers = []
    for index, event in enumerate(events):
        alert_id = str(touched[event.group_key].alert_id)
        answers.append(ItemResult(index=index, status="unchanged" if event.key in seen else "stored", id=alert_id))
        seen.add(event.key)
    return BatchResult(data=answers)


async def _store(
    engine: Engine,
    connection: Connection,
    touched: dict[str, SystemAlert],
    fresh: Sequence[SystemEvent],
    now: datetime,
) -> None:
    if not fresh:
        return
    changed = [each for each in touched.values() if each.is_changed]
    rows = [(each, each.alert) for each in changed if each.alert is not None]
    await alerts.insert_alerts(connection, [alert for each, alert in rows if not each.is_stored])
    for each, alert in rows:
        if each.is_stored:
            await alerts.update_system_alert(connection, alert)
    events = [
        NewSystemEvent(
            event_id=uuid7(),
            event_key=event.key,
            alert_id=touched[event.group_key].alert_id,
            source=event.source,
            happened_at=event.happened_at,
            received_at=now,
            document=event.document,
        )
        for event in fresh
    ]
    await system_events.insert_events(connection, events)
    await transitions.insert_transitions(connection, [row for each in changed for row in each.transitions])
    # The notifier announces what fires; what ended, nobody else would.
    ended = [
        ("alert.resolved", ended_event(alert, now))
        for each, alert in rows
        if each.transitions and alert.state == "resolved"
    ]
    await engine.runtime.events.publish(connection, ended)
    for source, number in Counter(event.source for event in fresh).items():
        after_commit(connection, partial(engine.metrics.system_events.labels(source).inc, number))
    after_commit(connection, engine.notifier_wake_up.wake)
