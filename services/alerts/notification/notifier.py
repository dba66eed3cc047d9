"""Tells receivers about alerts whose time has come: after the group's wait, on news, corrections and repeats."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row

from alerts.matching.grouping import repeat_after
from alerts.notification.body import AlertView, Amendment, Notice, Reason, render, title_of
from alerts.notification.ledger_rows import delivery_rows, transition
from alerts.repository import alerts, deliveries, signals
from alerts.settings import Settings
from common.contracts import AlertState, Impact
from common.postgres.database import Connection, after_commit
from common.runtime import Runtime

logger = structlog.get_logger(__name__)

_BATCH_ALERTS = 100
# An alert that cannot be told about is looked at again then.
_POSTPONED = timedelta(minutes=1)
_CORRECTIONS: tuple[Reason, ...] = ("revised", "retracted")


@dataclass(slots=True)
class Contents:
    """The impacts of one alert: those that stand, those taken out by a correction, and what the correction touched."""

    standing: list[Impact] = field(default_factory=list)
    withdrawn: list[Impact] = field(default_factory=list)
    amended: list[tuple[datetime, Impact]] = field(default_factory=list)

    def shown(self) -> list[Impact]:
        """Return what a notice lists: the strongest first, the withdrawn ones last."""
        return [*sorted(self.standing, key=lambda impact: -impact.impact_score), *self.withdrawn]


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of an alert whose time has come; `notice` is None when there is nobody to tell anything."""

    alert: Row[Any]
    state: AlertState
    title: str
    ends_at: datetime | None
    flush_at: datetime | None
    notice: Notice | None

    def row(self, now: datetime) -> dict[str, Any]:
        """Return the changed columns."""
        told = self.notice is not None
        return {
            "alert_id": self.alert.alert_id,
            "state": self.state,
            "title": self.title,
            "ends_at": self.ends_at,
            "flush_at": self.flush_at,
            "n_notifications": self.alert.n_notifications + told,
            "last_flushed_at": now if told else self.alert.last_flushed_at,
        }


class Notifier:
    """The worker that looks after alerts in time; any number of replicas may run one."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Let the worker look now."""
        self._wake.set()

    def stop(self) -> None:
        """Let the worker end."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Flush and expire alerts until stopped."""
        poll_seconds = self._runtime.settings_as(Settings).notification_poll_seconds
        while not self._stopping:
            self._wake.clear()
            n_done = await flush_due(self._runtime)
            n_done += await expire_due(self._runtime)
            if not n_done:
                # Not wait_for: in Python 3.11 it swallows a cancellation that arrives together with the wake-up.
                with suppress(TimeoutError):
                    async with asyncio.timeout(poll_seconds):
                        await self._wake.wait()


async def flush_due(runtime: Runtime) -> int:
    """Tell the receivers of alerts that are due, and return how many alerts that were."""
    now = runtime.clock.now()
    async with runtime.database.transaction() as connection:
        due = await alerts.claim_due(connection, now, _BATCH_ALERTS)
        if not due:
            return 0
        decisions, failed = _decided(runtime, due, await _rows_of(connection, [row.alert_id for row in due]), now)
        if failed:
            await alerts.postpone(connection, failed, now + _POSTPONED)
        if decisions:
            await alerts.store_flushed(connection, [decision.row(now) for decision in decisions], now)
            await _write(connection, runtime, decisions, now)
    return len(due)


async def _rows_of(connection: Connection, alert_ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    found: dict[UUID, list[Row[Any]]] = {}
    for row in await signals.signals_of_alerts(connection, alert_ids):
        found.setdefault(row.alert_id, []).append(row)
    return found


def _decided(
    runtime: Runtime, due: Sequence[Row[Any]], rows: dict[UUID, list[Row[Any]]], now: datetime
) -> tuple[list[Decision], list[UUID]]:
    """Return what becomes of each alert, and the alerts that this fails on: none of them holds up another."""
    decisions, failed = [], []
    for alert in due:
        try:
            decisions.append(_decide(alert, _contents(rows.get(alert.alert_id, ())), now))
        except Exception as error:
            logger.exception("alert_failed", alert_id=str(alert.alert_id))
            runtime.failed_items.labels(type(error).__name__).inc()
            failed.append(alert.alert_id)
    return decisions, failed


def _contents(rows: Sequence[Row[Any]]) -> Contents:
    contents = Contents()
    for row in rows:
        impact = Impact.model_validate_json(row.document)
        (contents.standing if row.is_active else contents.withdrawn).append(impact)
        if row.amended_at is not None:
            contents.amended.append((row.amended_at, impact))
    return contents


def _decide(alert: Row[Any], contents: Contents, now: datetime) -> Decision:
    """Return what to do about `alert`: go on firing, tell of a correction, or end because nothing is left of it."""
    reason: Reason = alert.flush_reason
    shown = contents.shown()
    is_system = alert.kind == "system"
    title = alert.title if is_system else title_of(shown)
    is_open = alert.ends_at is None
    if is_open and not contents.standing and not is_system:
        state: AlertState = "resolved"
        # Nobody has heard of it yet: it ends as quietly as it came.
        told = alert.n_notifications > 0
        reason, ends_at = "retracted" if reason not in _CORRECTIONS else reason, now
    else:
        state = "firing" if alert.state == "pending" else alert.state
        told, ends_at = True, alert.ends_at
    notice = _notice(alert, contents, shown, state, title, ends_at, reason, now) if told else None
    flush_at = None
    if state == "firing" and alert.rule_deleted_at is None:
        repeat_at = now + repeat_after(alert.repeat_interval_seconds, alert.group_interval_seconds)
        flush_at = repeat_at if repeat_at < alert.expires_at else None
    return Decision(alert, state, title, ends_at, flush_at, notice)


def _notice(
    alert: Row[Any],
    contents: Contents,
    shown: Sequence[Impact],
    state: AlertState,
    title: str,
    ends_at: datetime | None,
    reason: Reason,
    now: datetime,
) -> Notice:
    view = AlertView(
        alert_id=alert.alert_id,
        rule_id=alert.rule_id,
        rule_name=alert.rule_name,
        state=state,
        severity=alert.severity,
        group_labels=alert.group_labels,
        labels=alert.labels,
        title=title,
        starts_at=alert.starts_at,
        updated_at=now,
        ends_at=ends_at,
        notified_at=alert.notified_at,
        kind=alert.kind,
    )
    amendment = None
    if reason in _CORRECTIONS:
        since = alert.last_flushed_at
        touched = [impact.impact_id for moment, impact in contents.amended if since is None or moment >= since]
        amendment = Amendment("retracted" if reason == "retracted" else "revised", touched)
    return render(view, shown, reason=reason, now=now, amendment=amendment, n_withdrawn=len(contents.withdrawn))


async def _write(connection: Connection, runtime: Runtime, decisions: Sequence[Decision], now: datetime) -> None:
    """Write deliveries, events and history of what was decided."""
    ledger, events, transitions = [], [], []
    told = await _told(connection, decisions)
    retention = timedelta(days=runtime.settings_as(Settings).delivery_retention_days)
    for decision in decisions:
        alert, notice = decision.alert, decision.notice
        if notice is not None:
            receivers = _recipients(decision, told.get(alert.alert_id, []), ledger_begins=now - retention)
            ledger += delivery_rows(alert.alert_id, receivers, alert.n_notifications + 1, notice)
            # Who resolved an alert has announced it already.
            if notice.reason != "resolved":
                events.append((notice.type, notice.data))
            if notice.reason in {"first", "reopened"}:
                after_commit(connection, runtime.state.metrics.fired.labels(alert.severity).inc)
        if decision.state != alert.state:
            reason = notice.reason if notice else "withdrawn"
            transitions.append(transition(alert.alert_id, now, alert.state, decision.state, reason))
            if decision.state == "resolved":
                events.append(("alert.resolved", ended_event(alert, "resolved", now)))
    await deliveries.add_deliveries(connection, ledger, now)
    await runtime.events.publish(connection, events)
    await alerts.add_transitions(connection, transitions)
    after_commit(connection, runtime.state.dispatcher.wake)


async def _told(connection: Connection, decisions: Sequence[Decision]) -> dict[UUID, list[UUID]]:
    """Return who has heard of the alerts that are followed up: corrected, or ended."""
    followed_up = [each.alert.alert_id for each in decisions if each.notice and each.notice.type != "alert.firing"]
    return await deliveries.receivers_told(connection, followed_up) if followed_up else {}


def _recipients(decision: Decision, told: Sequence[UUID], *, ledger_begins: datetime) -> list[UUID]:
    """Return who is told: of what fires the rule's receivers of today, of what becomes of it those who heard of it.

    While the alert stands both are: a correction shows all of it, also what has joined it since the rule was changed.
    """
    alert = decision.alert
    today = [UUID(receiver_id) for receiver_id in alert.receivers]
    if decision.notice is None or decision.notice.type == "alert.firing":
        return today
    # The ledger may have forgotten who was told.
    is_forgotten = alert.last_flushed_at is not None and alert.last_flushed_at < ledger_begins
    if decision.ends_at is None or is_forgotten:
        return list(dict.fromkeys([*told, *today]))
    return list(told)


async def expire_due(runtime: Runtime) -> int:
    """End alerts that nothing was added to for a whole window, and return how many."""
    now = runtime.clock.now()
    async with runtime.database.transaction() as connection:
        expired = await alerts.expire(connection, now, _BATCH_ALERTS)
        if expired:
            await alerts.add_transitions(
                connection,
                [transition(row.alert_id, now, row.previous_state, "expired", "no_further_impact") for row in expired],
            )
            await runtime.events.publish(
                connection, [("alert.resolved", ended_event(row, "expired", now)) for row in expired]
            )
    return len(expired)


def ended_event(alert: Row[Any], state: AlertState, now: datetime) -> str:
    """Return the event that says an alert has ended."""
    return json.dumps(
        {
            "alert_id": str(alert.alert_id),
            "rule_id": str(alert.rule_id),
            "rule_name": alert.rule_name,
            "severity": alert.severity,
            "group_labels": alert.group_labels,
            "title": alert.title,
            "state": state,
            "ends_at": now.isoformat(),
        }
    )
