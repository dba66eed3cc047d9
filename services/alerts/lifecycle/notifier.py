"""Notifies receivers of alerts that are due (opened, updated, corrected, repeated, ended), and expires alerts."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from alerts.column_values import FlushReason
from alerts.engine import Engine
from alerts.lifecycle.states import Lifecycle, expired, flushed, repeat_interval
from alerts.notification.body import (
    MAX_LISTED_IMPACTS,
    MAX_NAMED_IMPACTS,
    Amendment,
    Notice,
    render,
    title_of,
)
from alerts.notification.ledger_rows import delivery_rows, transition
from alerts.notification.stream_events import ended_event
from alerts.repository import alerts, deliveries, signals, transitions
from alerts.repository.alerts import AlertChange, AlertRow, DueAlert
from alerts.repository.deliveries import NewDelivery
from alerts.repository.transitions import TransitionRow
from common.contracts import Impact, Severity
from common.postgres.database import Connection, after_commit
from common.runtime import Runtime

logger = structlog.get_logger(__name__)

_BATCH_ALERTS = 100
# An alert that cannot be told about is looked at again then.
_POSTPONED = timedelta(minutes=1)


@dataclass(slots=True)
class Contents:
    """What a notice tells of an alert's impacts, not read yet: many alerts have far more than a notice has room for.

    Parameters
    ----------
    documents : JSON texts of the impacts that stand, the strongest first, then of the withdrawn; the first of them
    strongest : JSON text of the one that the title names
    n_standing, n_withdrawn : how many there are of all
    touched : the first impacts that corrections have touched since the last notice
    has_retracted : whether one that was touched has been retracted
    """

    documents: list[str] = field(default_factory=list)
    strongest: str | None = None
    n_standing: int = 0
    n_withdrawn: int = 0
    touched: list[UUID] = field(default_factory=list)
    has_retracted: bool = False

    def title(self) -> str:
        """Return the title that the strongest impact gives."""
        return title_of([] if self.strongest is None else [Impact.model_validate_json(self.strongest)])


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of an alert whose time has come; `notice` is None when there is nobody to tell anything.

    `receivers` are those that the rule has today, and `is_correction` says that the notice amends what was told before.
    """

    alert: AlertRow
    receivers: list[UUID]
    after: Lifecycle
    title: str
    notice: Notice | None
    is_correction: bool = False

    def change(self) -> AlertChange:
        """Return the changed columns."""
        return AlertChange(self.alert.alert_id, self.title, *self.after)


@dataclass(frozen=True, slots=True)
class Records:
    """What is written of decisions; `fired` has the severity of each alert that begins, or begins again."""

    deliveries: list[NewDelivery] = field(default_factory=list)
    events: list[tuple[str, str]] = field(default_factory=list)
    transitions: list[TransitionRow] = field(default_factory=list)
    fired: list[Severity] = field(default_factory=list)


async def run(engine: Engine) -> None:
    """Flush and expire alerts until stopped; any number of replicas may do it."""

    async def work() -> int:
        return await flush_due(engine) + await expire_due(engine)

    await engine.notifier_wake_up.repeat(work, poll_seconds=engine.settings.notification_poll_seconds)


async def flush_due(engine: Engine) -> int:
    """Tell the receivers of alerts that are due, and return how many alerts that were."""
    runtime = engine.runtime
    now = runtime.clock.now()
    async with runtime.database.transaction() as connection:
        due = await alerts.claim_due_alerts(connection, now, _BATCH_ALERTS)
        if not due:
            return 0
        contents = await _contents_of(connection, [each.alert.alert_id for each in due])
        decisions, failed = await _decided(runtime, due, contents, now)
        if failed:
            await alerts.update_postponed(connection, failed, now + _POSTPONED)
        if decisions:
            await alerts.update_alerts(connection, [decision.change() for decision in decisions], now)
            await _write(engine, connection, decisions, now)
    return len(due)


async def _contents_of(connection: Connection, alert_ids: Sequence[UUID]) -> dict[UUID, Contents]:
    found = {alert_id: Contents() for alert_id in alert_ids}
    for row in await signals.list_shown_signals(
        connection, alert_ids, limit=MAX_LISTED_IMPACTS, withdrawn_by_score=False
    ):
        contents = found[row.alert_id]
        contents.n_standing, contents.n_withdrawn = row.n_standing, row.n_withdrawn
        if row.place <= MAX_LISTED_IMPACTS:
            contents.documents.append(row.document)
        if row.is_strongest:
            contents.strongest = row.document
    for touched in await signals.list_touched(connection, alert_ids, MAX_NAMED_IMPACTS):
        contents = found[touched.alert_id]
        contents.touched, contents.has_retracted = touched.impact_ids, touched.has_retracted
    return found


async def _decided(
    runtime: Runtime, due: Sequence[DueAlert], contents: Mapping[UUID, Contents], now: datetime
) -> tuple[list[Decision], list[UUID]]:
    """Return what becomes of each alert, and the alerts that this fails on: none of them holds up another."""
    decisions, failed = [], []
    for each in due:
        alert_id = each.alert.alert_id
        try:
            decisions.append(decide(each, contents[alert_id], now))
        except Exception as error:
            logger.exception("alert_failed", alert_id=str(alert_id))
            runtime.failed_items.labels(type(error).__name__).inc()
            failed.append(alert_id)
        # A full notice takes some milliseconds; others have their turn before the next.
        await asyncio.sleep(0)
    return decisions, failed


def decide(due: DueAlert, contents: Contents, now: datetime) -> Decision:
    """Return what to do about an alert: go on firing, tell of a correction, or end because nothing is left of it."""
    alert, is_system = due.alert, due.alert.kind == "system"
    title = alert.title if is_system else contents.title()
    after, reason = flushed(
        alert,
        now,
        is_empty=not contents.n_standing and not is_system,
        expires_at=alert.expires_at,
        repeat_after=None
        if due.is_rule_deleted
        else repeat_interval(alert.repeat_interval_seconds, alert.group_interval_seconds),
    )
    notice, amendment = None, None
    if reason is not None:
        amendment = _amendment(reason, contents, was_told=alert.last_flushed_at is not None)
        notice = render(
            alert._replace(state=after.state, ends_at=after.ends_at, title=title, updated_at=now),
            map(Impact.model_validate_json, contents.documents),
            reason=reason,
            now=now,
            amendment=amendment,
            n_standing=contents.n_standing,
            n_withdrawn=contents.n_withdrawn,
        )
    receivers = [UUID(receiver_id) for receiver_id in due.receivers]
    return Decision(alert, receivers, after, title, notice, is_correction=amendment is not None)


def _amendment(reason: FlushReason, contents: Contents, *, was_told: bool) -> Amendment | None:
    """Return what corrections have touched since the last notice; None when there is nothing to amend.

    The notice of an end or of a reopening tells corrections that came before it.
    """
    match reason:
        case "revised" | "retracted":
            return Amendment(reason, contents.touched)
        case "reopened" | "resolved" if contents.touched and was_told:
            return Amendment("retracted" if contents.has_retracted else "revised", contents.touched)
        case _:
            return None


async def _write(engine: Engine, connection: Connection, decisions: Sequence[Decision], now: datetime) -> None:
    """Write deliveries, events and history of what was decided."""
    retention = timedelta(days=engine.settings.delivery_retention_days)
    records = records_of(decisions, await _told(connection, decisions), now, ledger_begins=now - retention)
    await deliveries.insert_deliveries(connection, records.deliveries, now)
    await engine.runtime.events.publish(connection, records.events)
    await transitions.insert_transitions(connection, records.transitions)
    for severity in records.fired:
        after_commit(connection, engine.metrics.fired.labels(severity).inc)
    after_commit(connection, engine.dispatcher.wake)


def records_of(
    decisions: Sequence[Decision], told: Mapping[UUID, Sequence[UUID]], now: datetime, *, ledger_begins: datetime
) -> Records:
    """Return what is written of decisions.

    Parameters
    ----------
    told : who has heard of the alerts that are followed up
    ledger_begins : what was delivered before then may be forgotten
    """
    records = Records()
    for decision in decisions:
        alert, after, notice = decision.alert, decision.after, decision.notice
        if notice is not None:
            receivers = _recipients(decision, told.get(alert.alert_id, ()), ledger_begins=ledger_begins)
            records.deliveries.extend(delivery_rows(alert.alert_id, receivers, after.n_notifications, notice))
            # Who ended an alert has announced it already, but not what was corrected since.
            if notice.reason != "resolved":
                records.events.append((notice.type, notice.data))
            elif decision.is_correction:
                records.events.append(("alert.amended", notice.data))
            if notice.reason in {"first", "reopened"}:
                records.fired.append(alert.severity)
        if after.state != alert.state:
            reason = notice.reason if notice else "withdrawn"
            records.transitions.append(transition(alert.alert_id, now, alert.state, after.state, reason))
            if after.state == "resolved":
                records.events.append(("alert.resolved", ended_event(alert._replace(state=after.state), now)))
    return records


async def _told(connection: Connection, decisions: Sequence[Decision]) -> dict[UUID, list[UUID]]:
    """Return who has heard of the alerts that are followed up: corrected, or ended."""
    followed_up = [each.alert.alert_id for each in decisions if _is_followed_up(each)]
    told: dict[UUID, list[UUID]] = {}
    if followed_up:
        for row in await deliveries.list_receivers_told(connection, followed_up):
            told.setdefault(row.alert_id, []).append(row.receiver_id)
    return told


def _is_followed_up(decision: Decision) -> bool:
    """Return whether those who heard of the alert before are told, and not only the rule's receivers of today."""
    return decision.notice is not None and (decision.is_correction or decision.notice.type != "alert.firing")


def _recipients(decision: Decision, told: Sequence[UUID], *, ledger_begins: datetime) -> list[UUID]:
    """Return who is told: of what fires the rule's receivers of today, of what becomes of it those who heard of it.

    While the alert stands both are: a correction shows all of it, also what has joined it since the rule was changed.
    """
    today, last_flushed_at = decision.receivers, decision.alert.last_flushed_at
    if not _is_followed_up(decision):
        return today
    # The ledger may have forgotten who was told.
    is_forgotten = last_flushed_at is not None and last_flushed_at < ledger_begins
    if decision.after.ends_at is None or is_forgotten:
        return list(dict.fromkeys([*told, *today]))
    return list(told)


async def expire_due(engine: Engine) -> int:
    """End alerts that nothing was added to for a whole window, and return how many; whoever heard of one is told."""
    now = engine.runtime.clock.now()
    async with engine.runtime.database.transaction() as connection:
        found = await alerts.claim_expired_alerts(connection, now, _BATCH_ALERTS)
        ends = [(alert, expired(alert, now)) for alert in found]
        changes = [AlertChange(alert.alert_id, alert.title, *after) for alert, after in ends]
        await alerts.update_alerts(connection, changes, now)
        history = [
            transition(alert.alert_id, now, alert.state, after.state, "no_further_impact") for alert, after in ends
        ]
        await transitions.insert_transitions(connection, history)
        events = [("alert.resolved", ended_event(alert._replace(state=after.state), now)) for alert, after in ends]
        await engine.runtime.events.publish(connection, events)
    return len(found)
