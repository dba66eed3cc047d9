"""Receives impacts: stores each once, fires the rules it matches, and amends the alerts that a correction touches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from uuid import UUID

from alerts.active_rules import ActiveRule
from alerts.engine import Engine
from alerts.lifecycle.opening import Match, fire
from alerts.lifecycle.states import Correction, corrected
from alerts.matching.grouping import fingerprint, group_labels, window_start
from alerts.metrics import AlertMetrics
from alerts.repository import alerts, signals
from alerts.repository.alerts import AlertChange
from alerts.repository.signals import AmendedLink, Key, NewSignal
from common.batches.item_isolation import shared_by_items
from common.batches.revisions import RevisedBatch
from common.clock import uuid7
from common.contracts import BatchResult, Impact, InvalidItem
from common.postgres.database import Connection, after_commit


@dataclass(frozen=True, slots=True)
class Received:
    """An impact of this batch, with the rules it fires and its JSON text."""

    impact: Impact
    rules: list[ActiveRule]
    document: str


def natural_key(impact: Impact) -> Key:
    """Return what makes an impact the same one through its revisions."""
    return impact.article_id, impact.ticker, impact.horizon_days, impact.basis


async def receive(engine: Engine, connection: Connection, items: Sequence[Impact | InvalidItem]) -> BatchResult:
    """Store the impacts, fire and amend alerts in the same transaction, and answer for each item.

    Notes
    -----
    The number of statements does not depend on the number of items.
    """
    now = engine.runtime.clock.now()
    with shared_by_items("The rules"):
        await engine.active_rules.refresh(connection)
    batch: RevisedBatch[Key, Impact] = RevisedBatch(items, key=natural_key)
    # Sorted: two replicas that store the same impacts lock them in the same order.
    received = {
        key: Received(impact, engine.active_rules.matching(impact), impact.model_dump_json())
        for key, impact in sorted(batch.newest.items(), key=itemgetter(0))
    }
    fresh_ids = {key: uuid7() for key in received}
    stored = await _store(connection, received, fresh_ids, now)
    updated = {key: signal_id for key, signal_id in stored.items() if fresh_ids[key] != signal_id}
    matches = [match for key, signal_id in stored.items() for match in _matches(received[key], signal_id)]
    if updated:
        matches = await _amend(engine, connection, received, updated, matches, now=now)
    if matches:
        await fire(engine, connection, matches, now)
    n_matched = sum(1 for key in stored if received[key].rules)
    after_commit(connection, lambda: _count(engine.metrics, len(stored), n_matched))
    missing = [key for key in received if key not in stored]
    held = await signals.list_held_signals(connection, missing) if missing else {}
    return batch.answers(stored, held)


async def _store(
    connection: Connection, received: dict[Key, Received], fresh_ids: dict[Key, UUID], now: datetime
) -> dict[Key, UUID]:
    rows = [
        NewSignal(
            signal_id=fresh_ids[key],
            impact_id=each.impact.impact_id,
            article_id=each.impact.article_id,
            revision=each.impact.revision,
            ticker=each.impact.ticker,
            horizon_days=each.impact.horizon_days,
            basis=each.impact.basis,
            is_matched=bool(each.rules),
            document=each.document,
            received_at=now,
        )
        for key, each in received.items()
    ]
    stored = await signals.insert_signals(connection, rows)
    return {(row.article_id, row.ticker, row.horizon_days, row.basis): row.signal_id for row in stored}


def _matches(received: Received, signal_id: UUID) -> list[Match]:
    matches = []
    for rule in received.rules:
        labels = group_labels(received.impact, rule.group_by)
        window = window_start(received.impact.lineage.published_at, rule.window_seconds)
        identity = (rule.rule_id, fingerprint(labels), window)
        matches.append(Match(rule, identity, labels, signal_id, received.impact, received.document))
    return matches


async def _amend(
    engine: Engine,
    connection: Connection,
    received: dict[Key, Received],
    updated: dict[Key, UUID],
    matches: list[Match],
    *,
    now: datetime,
) -> list[Match]:
    """Correct the alerts that revised impacts are in, and return the matches that are new to their alert."""
    links = await signals.list_links(connection, list(updated.values()))
    if not links:
        return matches
    wanted = {(match.signal_id, *match.identity) for match in matches}
    retracted = {updated[key] for key in updated if received[key].impact.state == "retracted"}
    changes: list[AmendedLink] = []
    reasons: dict[UUID, Correction] = {}
    linked = set()
    for link in links:
        place = (link.signal_id, link.rule_id, link.group_key, link.window_start)
        linked.add(place)
        changes.append(AmendedLink(link.alert_id, link.signal_id, place in wanted))
        # One notice says it all; that something was withdrawn is what matters most.
        is_withdrawn = link.signal_id in retracted or reasons.get(link.alert_id) == "retracted"
        reasons[link.alert_id] = "retracted" if is_withdrawn else "revised"
    await _correct(connection, reasons, now)
    await signals.update_links(connection, changes, now)
    after_commit(connection, engine.notifier_wake_up.wake)
    after_commit(connection, lambda: engine.metrics.amended.inc(len(reasons)))
    return [match for match in matches if (match.signal_id, *match.identity) not in linked]


async def _correct(connection: Connection, reasons: Mapping[UUID, Correction], now: datetime) -> None:
    found = await alerts.claim_alerts(connection, list(reasons))
    changes = [
        AlertChange(alert.alert_id, alert.title, *corrected(alert, reasons[alert.alert_id], now)) for alert in found
    ]
    await alerts.update_alerts(connection, changes, now)


def _count(metrics: AlertMetrics, n_received: int, n_matched: int) -> None:
    metrics.received.inc(n_received)
    metrics.matched.inc(n_matched)
