"""Receives events of the platform: stores each once and lets it open, change or end its alert."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from alerts.engine import Engine
from alerts.lifecycle.notifier import ended_event
from alerts.notification.ledger_rows import transition
from alerts.platform_events.events import EPOCH, RANK, SystemEvent
from alerts.repository import alerts, system_events
from alerts.system_rule import SYSTEM_RULE_ID
from common.clock import uuid7
from common.contracts import AlertState, BatchResult, ItemResult
from common.postgres.database import Connection, after_commit
from common.postgres.rows import AnyRow

_KEPT = ("n_notifications", "last_flushed_at", "flush_at", "flush_reason", "severity", "ends_at")


@dataclass(slots=True)
class SystemAlert:
    """An alert of the platform while the events of one request are applied to it, oldest first."""

    alert_id: UUID
    stored: AnyRow | None
    state: AlertState | None
    last_event_at: datetime
    values: dict[str, Any]
    transitions: list[dict[str, Any]]

    @classmethod
    def of(cls, row: AnyRow | None) -> "SystemAlert":
        """Return the alert of a stored row, or one that is still to be made."""
        if row is None:
            return cls(uuid7(), None, None, EPOCH, {}, [])
        values = {name: getattr(row, name) for name in _KEPT}
        return cls(row.alert_id, row, row.state, row.last_event_at or EPOCH, values, [])

    def apply(self, event: SystemEvent, rule: AnyRow, now: datetime) -> None:
        """Change state, title and severity by `event`, unless something newer is known already."""
        if event.happened_at < self.last_event_at:
            return
        self.last_event_at = event.happened_at
        if self.state is None:
            self.values |= _opening(event, rule)
        before, self.state = self.state, self._next_state(event)
        self._plan_notice(event, rule, before, now)
        self.values |= {
            "title": event.title,
            "severity": event.severity if event.firing or before is None else self.values["severity"],
            "labels": event.labels,
            "state": self.state,
            "updated_at": now,
            "ends_at": None if event.firing else self._ended_at(before) or now,
            "expires_at": now + timedelta(seconds=rule.window_seconds),
        }
        if self.state != before:
            relapsed = before is not None and event.firing and not _is_open(before)
            reason = "first" if before is None else "reopened" if relapsed else "event"
            self.transitions.append(
                transition(self.alert_id, now, before, self.state, reason, actor=event.source, note=event.title)
            )

    def _ended_at(self, before: AlertState | None) -> datetime | None:
        """Return when the alert ended, None when it was open."""
        return self.values.get("ends_at") if before is not None and not _is_open(before) else None

    def _next_state(self, event: SystemEvent) -> AlertState:
        if not event.firing:
            return "resolved"
        if self.state in {"firing", "acknowledged"}:
            return self.state
        return "pending"

    def _plan_notice(self, event: SystemEvent, rule: AnyRow, before: AlertState | None, now: datetime) -> None:
        """Say when receivers hear of it: of ends, relapses and worse news at once, of more of the same by and by."""
        told_at = self.values["last_flushed_at"]
        if not event.firing:
            # Whoever heard nothing of it need not hear that it is over.
            is_told = before is not None and _is_open(before) and self.values["n_notifications"] > 0
            if before is None or _is_open(before):
                self.values |= {"flush_at": now if is_told else None, "flush_reason": "resolved" if is_told else None}
        elif before == "acknowledged":
            return
        elif before is None or self.values["n_notifications"] == 0:
            self.values |= {"flush_at": now, "flush_reason": "first"}
        elif not _is_open(before):
            self.values |= {"flush_at": now, "flush_reason": "reopened"}
        else:
            is_worse = RANK[event.severity] > RANK[self.values["severity"]]
            later = told_at + timedelta(seconds=rule.group_interval_seconds) if told_at else now
            self.values |= {"flush_at": now if is_worse else max(now, later), "flush_reason": "new_events"}


def _is_open(state: AlertState) -> bool:
    return state not in {"resolved", "expired"}


def _opening(event: SystemEvent, rule: AnyRow) -> dict[str, Any]:
    """Return the columns that an alert keeps from its first event on."""
    return {
        "kind": "system",
        "rule_id": SYSTEM_RULE_ID,
        "rule_name": rule.name,
        "group_key": event.group_key,
        "group_labels": event.group_labels,
        # One alert for good: what fires again is the same alert, reopened.
        "window_start": EPOCH,
        "starts_at": event.happened_at,
        "flush_at": None,
        "flush_reason": None,
        "n_notifications": 0,
        "last_flushed_at": None,
        "notified_at": None,
        "severity": event.severity,
        "group_interval_seconds": rule.group_interval_seconds,
        "repeat_interval_seconds": rule.repeat_interval_seconds,
        "revision": 1,
    }


async def receive_events(engine: Engine, connection: Connection, events: Sequence[SystemEvent]) -> BatchResult:
    """Store the events and apply the new ones to their alerts, in one transaction; answer for each event."""
    now = engine.runtime.clock.now()
    await system_events.ensure_system_rule(connection, now)
    rule = await system_events.rule_of_system(connection)
    groups = sorted({event.group_key for event in events})
    await system_events.lock_groups(connection, groups)
    stored = {row.group_key: row for row in await system_events.alerts_of(connection, groups)}
    touched = {group: SystemAlert.of(stored.get(group)) for group in groups}
    known = await system_events.known_events(connection, [event.key for event in events])
    seen = {row.event_key for row in known}
    fresh = list({event.key: event for event in events if event.key not in seen}.values())
    for event in sorted(fresh, key=lambda each: each.happened_at):
        touched[event.group_key].apply(event, rule, now)
    await _store(engine, connection, touched, fresh, now)
    answers = []
    for index, event in enumerate(events):
        status = "unchanged" if event.key in seen else "stored"
        seen.add(event.key)
        answers.append(
            ItemResult.model_validate({"index": index, "status": status, "id": str(touched[event.group_key].alert_id)})
        )
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
    changed = [alert for alert in touched.values() if "updated_at" in alert.values]
    await system_events.add_alerts(
        connection, [{"alert_id": each.alert_id, **each.values} for each in changed if each.stored is None]
    )
    for each in changed:
        if each.stored is not None:
            await alerts.update_alert(connection, each.alert_id, each.values)
    rows = [
        {
            "event_id": uuid7(),
            "event_key": event.key,
            "alert_id": touched[event.group_key].alert_id,
            "source": event.source,
            "happened_at": event.happened_at,
            "received_at": now,
            "document": event.document,
        }
        for event in fresh
    ]
    await system_events.add_events(connection, rows)
    await alerts.add_transitions(connection, [each for alert in changed for each in alert.transitions])
    ended = []
    for each in changed:
        # The notifier announces what fires; what ended, nobody else would.
        if each.transitions and each.state == "resolved":
            row = await alerts.find_alert(connection, each.alert_id)
            if row is not None:
                ended.append(("alert.resolved", ended_event(row, "resolved", now)))
    await engine.runtime.events.publish(connection, ended)
    by_source = {event.source: sum(1 for each in fresh if each.source == event.source) for event in fresh}
    for source, number in by_source.items():
        after_commit(connection, partial(engine.metrics.system_events.labels(source).inc, number))
    after_commit(connection, engine.notifier.wake)
