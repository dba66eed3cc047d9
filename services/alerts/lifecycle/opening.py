"""Opens alerts for matches or adds them to open alerts, and notifies receivers at once when no wait is set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from alerts.active_rules import ActiveRule
from alerts.engine import Engine
from alerts.lifecycle.states import ENDED, opened, repeat_interval
from alerts.notification.body import render, title_of
from alerts.notification.ledger_rows import delivery_rows, transition
from alerts.repository import alerts, deliveries, groups, signals, transitions
from alerts.repository.alerts import AlertRow, OpenedAlert
from common.clock import uuid7
from common.contracts import Impact
from common.postgres.database import Connection, after_commit

Identity = tuple[UUID, str, datetime]


@dataclass(frozen=True, slots=True)
class Match:
    """A rule and an impact it matches; `identity` (rule, group, window) names the alert that they belong to."""

    rule: ActiveRule
    identity: Identity
    labels: dict[str, str]
    signal_id: UUID
    impact: Impact
    document: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The alert as it will be if this batch is the first to see it, with its matches, the strongest first."""

    alert: AlertRow
    receivers: tuple[UUID, ...]
    matches: list[Match]


async def fire(engine: Engine, connection: Connection, matches: Sequence[Match], now: datetime) -> None:
    """Put every match into its alert; the alert is made by whoever is first, on whichever replica."""
    grouped: dict[Identity, list[Match]] = {}
    for match in matches:
        grouped.setdefault(match.identity, []).append(match)
    held_until = await _cooldowns(connection, grouped)
    # In the order of the key: two replicas that open the same alerts lock them in the same order.
    drafts = {
        identity: _draft(identity, found, now, held_until.get(identity[:2]))
        for identity, found in sorted(grouped.items())
    }
    found = await alerts.insert_or_join_alerts(connection, [draft.alert for draft in drafts.values()])
    links = []
    for row in found:
        links += [(row.alert_id, match.signal_id) for match in grouped[row.rule_id, row.group_key, row.window_start]]
    await signals.insert_links(connection, sorted(links))
    await _announce(engine, connection, drafts, found, now)
    after_commit(connection, engine.notifier_wake_up.wake)


async def _cooldowns(connection: Connection, grouped: dict[Identity, list[Match]]) -> dict[tuple[UUID, str], datetime]:
    """Return until when the groups of rules with a cooldown are held back."""
    seconds = {identity[:2]: found[0].rule.cooldown_seconds for identity, found in grouped.items()}
    cooling = [group for group, cooldown in seconds.items() if cooldown > 0]
    if not cooling:
        return {}
    return {
        (row.rule_id, row.group_key): row.last_flushed_at + timedelta(seconds=seconds[row.rule_id, row.group_key])
        for row in await groups.list_last_flushed(connection, cooling)
        if row.last_flushed_at is not None
    }


def _draft(identity: Identity, matches: list[Match], now: datetime, held_until: datetime | None) -> Draft:
    matches = sorted(matches, key=lambda match: -match.impact.impact_score)
    rule, labels = matches[0].rule, matches[0].labels
    flush_at = now + timedelta(seconds=rule.group_wait_seconds)
    expires_at = now + timedelta(seconds=rule.window_seconds)
    lifecycle = opened(
        flush_at=max(flush_at, held_until) if held_until else flush_at,
        now=now,
        expires_at=expires_at,
        repeat_after=repeat_interval(rule.repeat_interval_seconds, rule.group_interval_seconds),
    )
    alert = AlertRow(
        **lifecycle._asdict(),
        alert_id=uuid7(),
        kind="impact",
        rule_id=identity[0],
        rule_name=rule.name,
        group_key=identity[1],
        group_labels=labels,
        window_start=identity[2],
        severity=rule.severity,
        labels=rule.labels,
        title=title_of([match.impact for match in matches]),
        starts_at=now,
        updated_at=now,
        expires_at=expires_at,
        group_interval_seconds=rule.group_interval_seconds,
        repeat_interval_seconds=rule.repeat_interval_seconds,
        notified_at=None,
        revision=1,
    )
    return Draft(alert, rule.receivers, matches)


async def _announce(
    engine: Engine,
    connection: Connection,
    drafts: dict[Identity, Draft],
    found: Sequence[OpenedAlert],
    now: datetime,
) -> None:
    """Write the history of what was opened, and the deliveries of what fires at once."""
    history, ledger, events = [], [], []
    for row in found:
        draft = drafts[row.rule_id, row.group_key, row.window_start]
        alert = draft.alert
        if row.alert_id != alert.alert_id:
            if row.previous_state in ENDED:
                history.append(transition(row.alert_id, now, row.previous_state, "pending", "reopened"))
            continue
        history.append(transition(row.alert_id, now, None, alert.state, "first"))
        if alert.state == "firing":
            impacts, documents = zip(*((match.impact, match.document) for match in draft.matches), strict=True)
            notice = render(alert, impacts, reason="first", now=now, documents=documents, n_standing=len(documents))
            ledger += delivery_rows(alert.alert_id, draft.receivers, 1, notice)
            events.append(("alert.firing", notice.data))
            after_commit(connection, engine.metrics.fired.labels(alert.severity).inc)
    await transitions.insert_transitions(connection, history)
    if events:
        await engine.runtime.events.publish(connection, events)
    if ledger:
        await deliveries.insert_deliveries(connection, ledger, now)
        after_commit(connection, engine.dispatcher.wake)
