"""Reads alerts with their impacts, history and lineage."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from alerts.lifecycle.latency import hops, milliseconds
from alerts.repository import alerts, deliveries, signals, transitions
from alerts.repository.alerts import AlertRow
from alerts.repository.groups import GroupRow
from alerts.schemas.alerts import AlertDetail, AlertLineage, AlertRead, GroupRead, HopRead, TrailRead, TransitionRead
from common.contracts import Impact
from common.errors import NotFound
from common.postgres.database import Connection

MAX_IMPACTS = 50


@dataclass(slots=True)
class _Shown:
    """The impacts of one alert that are shown, how many of all stand, and when its later notices came.

    Parameters
    ----------
    notices : when notices were delivered, of an alert that was corrected after the first one; else none.
    """

    impacts: list[Impact] = field(default_factory=list)
    n_standing: int = 0
    notices: Sequence[datetime] = ()

    def told_at(self, row: AlertRow, impact: Impact) -> datetime | None:
        """Return when receivers were first told of one of the alert's impacts as it is now."""
        first = () if row.notified_at is None else (row.notified_at,)
        return impact.lineage.told_at([*first, *self.notices])


async def required_alert(connection: Connection, alert_id: UUID, *, for_update: bool = False) -> AlertRow:
    """Return a stored alert; `NotFound` when there is none."""
    return NotFound.unless(await alerts.find_alert(connection, alert_id, for_update=for_update), "alert", alert_id)


async def read_alerts(connection: Connection, rows: Sequence[AlertRow]) -> list[AlertRead]:
    """Return the wire form of stored alerts with their impacts."""
    found = await _impacts(connection, rows)
    return [AlertRead.model_validate(_fields(row, found[row.alert_id])) for row in rows]


async def read_alert(connection: Connection, row: AlertRow) -> AlertDetail:
    """Return the wire form of one alert, with its history."""
    found = await _impacts(connection, [row])
    found_history = await transitions.list_transitions(connection, row.alert_id)
    history = [TransitionRead.model_validate(each) for each in found_history]
    return AlertDetail.model_validate({**_fields(row, found[row.alert_id]), "history": history})


def read_group(row: GroupRow) -> GroupRead:
    """Return the wire form of a group, of which the row is the newest alert with the counts."""
    return GroupRead(
        rule_id=row.rule_id,
        rule_name=row.rule_name,
        group_key=row.group_key,
        group_labels=row.group_labels,
        n_alerts=row.n_alerts,
        n_open=row.n_open,
        last_alert_id=row.alert_id,
        last_starts_at=row.starts_at,
        last_notified_at=row.last_notified_at,
    )


async def read_lineage(connection: Connection, row: AlertRow) -> AlertLineage:
    """Return the way of every impact of an alert, the strongest first."""
    found = (await _impacts(connection, [row]))[row.alert_id]
    return AlertLineage(
        alert_id=row.alert_id,
        rule_id=row.rule_id,
        rule_name=row.rule_name,
        notified_at=row.notified_at,
        trails=[_trail(impact, found.told_at(row, impact)) for impact in found.impacts],
    )


def _trail(impact: Impact, notified_at: datetime | None) -> TrailRead:
    lineage = impact.lineage.model_copy(update={"notified_at": notified_at, "impact_id": impact.impact_id})
    return TrailRead(
        lineage=lineage,
        ticker=impact.ticker,
        title=impact.context.title,
        state=impact.state,
        hops=[HopRead(**asdict(hop)) for hop in hops(lineage, notified_at)],
        total_milliseconds=milliseconds(lineage.published_at, notified_at),
        pipeline_milliseconds=milliseconds(lineage.received_at, notified_at),
    )


async def _impacts(connection: Connection, rows: Sequence[AlertRow]) -> dict[UUID, _Shown]:
    """Return the impacts of each alert that are shown: those that stand first, the strongest first."""
    found: dict[UUID, _Shown] = defaultdict(_Shown)
    alert_ids = [row.alert_id for row in rows]
    if alert_ids:
        for row in await signals.list_shown_signals(connection, alert_ids, limit=MAX_IMPACTS, withdrawn_by_score=True):
            if row.place == 1:
                # Fifty impacts take some milliseconds to read; others have their turn before the next alert's.
                await asyncio.sleep(0)
            shown = found[row.alert_id]
            shown.n_standing = row.n_standing
            if row.place <= MAX_IMPACTS:
                shown.impacts.append(Impact.model_validate_json(row.document))
        # Corrected since the first notice, which few are: for the others that one is all there is to know.
        corrected = [
            row.alert_id
            for row in rows
            if row.notified_at is not None
            and any(impact.lineage.told_at([row.notified_at]) is None for impact in found[row.alert_id].impacts)
        ]
        if corrected:
            for alert_id, notices in (await deliveries.list_delivered_at(connection, corrected)).items():
                found[alert_id].notices = notices
    return found


def _fields(row: AlertRow, shown: _Shown) -> dict[str, object]:
    lineage = None
    if shown.impacts:
        strongest = shown.impacts[0]
        told = {"notified_at": shown.told_at(row, strongest), "impact_id": strongest.impact_id}
        lineage = strongest.lineage.model_copy(update=told)
    return {**row._asdict(), "impacts": shown.impacts, "n_impacts": shown.n_standing, "lineage": lineage}
