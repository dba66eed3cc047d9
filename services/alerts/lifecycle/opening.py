"""Opens alerts for matches, or joins them to open ones, and tells receivers at once where no wait is set."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from alerts.engine import Engine
from alerts.matching.grouping import repeat_after
from alerts.notification.body import AlertView, Notice, render, title_of
from alerts.notification.ledger_rows import delivery_rows, transition
from alerts.repository import alerts, deliveries, signals
from alerts.rules.active_rules import ActiveRule
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
    """The alert as it will be if this batch is the first to see it."""

    alert_id: UUID
    rule: ActiveRule
    labels: dict[str, str]
    matches: list[Match]
    flush_at: datetime

    def is_immediate(self, now: datetime) -> bool:
        """Return whether nothing is to be waited for."""
        return self.flush_at <= now

    def row(self, identity: Identity, now: datetime) -> dict[str, Any]:
        """Return the row to insert."""
        rule, immediate = self.rule, self.is_immediate(now)
        expires_at = now + timedelta(seconds=rule.window_seconds)
        repeat_at = now + repeat_after(rule.repeat_interval_seconds, rule.group_interval_seconds)
        flush_at = (repeat_at if repeat_at < expires_at else None) if immediate else self.flush_at
        return {
            "alert_id": self.alert_id,
            "rule_id": rule.rule_id,
            "group_key": identity[1],
            "window_start": identity[2],
            "rule_name": rule.name,
            "group_labels": json.dumps(self.labels),
            "state": "firing" if immediate else "pending",
            "severity": rule.severity,
            "labels": json.dumps(rule.labels),
            "title": title_of([match.impact for match in self.matches]),
            "expires_at": expires_at,
            "flush_at": flush_at,
            "flush_reason": None if flush_at is None else "repeat" if immediate else "first",
            "n_notifications": 1 if immediate else 0,
            "last_flushed_at": now if immediate else None,
            "group_interval_seconds": rule.group_interval_seconds,
            "repeat_interval_seconds": rule.repeat_interval_seconds,
        }


async def fire(engine: Engine, connection: Connection, matches: Sequence[Match], now: datetime) -> None:
    """Put every match into its alert; the alert is made by whoever is first, on whichever replica."""
    grouped: dict[Identity, list[Match]] = {}
    for match in matches:
        grouped.setdefault(match.identity, []).append(match)
    held_until = await _cooldowns(connection, grouped)
    # In the order of the key: two replicas that open the same alerts lock them in the same order.
    drafts = {identity: _draft(found, now, held_until.get(identity[:2])) for identity, found in sorted(grouped.items())}
    rows = [draft.row(identity, now) for identity, draft in drafts.items()]
    opened = await alerts.open_alerts(connection, rows, now)
    links = []
    for row in opened:
        links += [(row.alert_id, match.signal_id) for match in grouped[row.rule_id, row.group_key, row.window_start]]
    await signals.link_signals(connection, sorted(links))
    await _announce(engine, connection, drafts, opened, now)
    after_commit(connection, engine.notifier.wake)


async def _cooldowns(connection: Connection, grouped: dict[Identity, list[Match]]) -> dict[tuple[UUID, str], datetime]:
    """Return until when the groups of rules with a cooldown are held back."""
    seconds = {identity[:2]: found[0].rule.cooldown_seconds for identity, found in grouped.items()}
    cooling = [group for group, cooldown in seconds.items() if cooldown > 0]
    if not cooling:
        return {}
    return {
        (row.rule_id, row.group_key): row.last_flushed_at + timedelta(seconds=seconds[row.rule_id, row.group_key])
        for row in await alerts.last_flushed(connection, cooling)
        if row.last_flushed_at is not None
    }


def _draft(matches: list[Match], now: datetime, held_until: datetime | None) -> Draft:
    rule = matches[0].rule
    flush_at = now + timedelta(seconds=rule.group_wait_seconds)
    matches = sorted(matches, key=lambda match: -match.impact.impact_score)
    return Draft(uuid7(), rule, matches[0].labels, matches, max(flush_at, held_until) if held_until else flush_at)


async def _announce(
    engine: Engine,
    connection: Connection,
    drafts: dict[Identity, Draft],
    opened: Sequence[Row[Any]],
    now: datetime,
) -> None:
    """Write the history of what was opened, and the deliveries of what fires at once."""
    transitions, ledger, events = [], [], []
    for row in opened:
        draft = drafts[row.rule_id, row.group_key, row.window_start]
        if row.alert_id != draft.alert_id:
            if row.previous_state in {"resolved", "expired"}:
                transitions.append(transition(row.alert_id, now, row.previous_state, "pending", "reopened"))
            continue
        immediate = draft.is_immediate(now)
        transitions.append(transition(row.alert_id, now, None, "firing" if immediate else "pending", "first"))
        if immediate:
            notice = _first_notice(draft, now)
            ledger += delivery_rows(draft.alert_id, draft.rule.receivers, 1, notice)
            events.append(("alert.firing", notice.data))
            after_commit(connection, engine.metrics.fired.labels(draft.rule.severity).inc)
    await alerts.add_transitions(connection, transitions)
    if events:
        await engine.runtime.events.publish(connection, events)
    if ledger:
        await deliveries.add_deliveries(connection, ledger, now)
        after_commit(connection, engine.dispatcher.wake)


def _first_notice(draft: Draft, now: datetime) -> Notice:
    impacts = [match.impact for match in draft.matches]
    view = AlertView(
        alert_id=draft.alert_id,
        rule_id=draft.rule.rule_id,
        rule_name=draft.rule.name,
        state="firing",
        severity=draft.rule.severity,
        group_labels=draft.labels,
        labels=draft.rule.labels,
        title=title_of(impacts),
        starts_at=now,
        updated_at=now,
    )
    return render(view, impacts, reason="first", now=now, documents=[match.document for match in draft.matches])
