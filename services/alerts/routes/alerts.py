"""`/alerts` and `/groups`: what fired, why, and what became of it."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from alerts.dependencies import EngineDep
from alerts.lifecycle import handling, reading
from alerts.repository import alerts, groups
from alerts.schemas.alerts import AlertAction, AlertDetail, AlertLineage, AlertRead, GroupRead
from common.api.dependencies import ConnectionDep, ReadConnectionDep
from common.api.etags import ConditionalDep, etag_of
from common.api.pagination import PageDep
from common.api.routing import service_router
from common.contracts import AlertKind, AlertState, Severity
from common.contracts.text import Ticker
from common.contracts.timestamps import Moment
from common.errors import problems
from common.gateway import ALERTS
from common.postgres.paging import Page

AlertID = Annotated[UUID, Path(description="Identifier of the alert.")]
router = service_router(ALERTS, "alerts", "Alerts: what fired, why, and what happened to it.")


@router.get("/alerts", responses=problems(404))
async def list_alerts(
    connection: ReadConnectionDep,
    page: PageDep,
    state: Annotated[AlertState | None, Query(description="Only alerts in this state.")] = None,
    ticker: Annotated[Ticker | None, Query(description="Only alerts with an impact on this security.")] = None,
    rule_id: Annotated[UUID | None, Query(description="Only alerts of this rule.")] = None,
    severity: Annotated[Severity | None, Query(description="Only alerts of this severity.")] = None,
    started_from: Annotated[
        Moment | None, Query(alias="from", description="Only alerts that started at or after this time.")
    ] = None,
    started_to: Annotated[
        Moment | None, Query(alias="to", description="Only alerts that started before this time.")
    ] = None,
    kind: Annotated[
        AlertKind | None, Query(description="Only alerts on impacts (`impact`) or on platform events (`system`).")
    ] = None,
) -> Page[AlertRead]:
    """List alerts, the newest first, each with its strongest impacts."""
    wanted = alerts.AlertFilter(state, ticker, rule_id, severity, started_from, started_to, kind)
    rows = await alerts.list_alerts(connection, page, wanted)
    read = {alert.alert_id: alert for alert in await reading.read_alerts(connection, rows[: page.limit])}
    return page.answer(rows, key=lambda row: (row.starts_at, row.alert_id), read=lambda row: read[row.alert_id])


@router.get("/alerts/{alert_id}", responses=problems(404))
async def read_alert(alert_id: AlertID, connection: ReadConnectionDep, conditional: ConditionalDep) -> AlertDetail:
    """Read an alert with its impacts and the history of its states."""
    row = await reading.required_alert(connection, alert_id)
    conditional.answer(etag_of(row.alert_id, row.revision, row.notified_at))
    return await reading.read_alert(connection, row)


@router.get("/alerts/{alert_id}/lineage", responses=problems(404))
async def read_lineage(alert_id: AlertID, connection: ReadConnectionDep) -> AlertLineage:
    """Trace an alert back to its headlines, with the milliseconds of every hop from publication to notification."""
    return await reading.read_lineage(connection, await reading.required_alert(connection, alert_id))


@router.post("/alerts/{alert_id}:acknowledge", responses=problems(404, 409, 412))
async def acknowledge_alert(
    alert_id: AlertID,
    connection: ConnectionDep,
    engine: EngineDep,
    conditional: ConditionalDep,
    action: AlertAction | None = None,
) -> AlertDetail:
    """Acknowledge an alert: notices of repeats and further impacts stop, those of corrections are still sent."""
    row = await reading.required_alert(connection, alert_id, for_update=True)
    conditional.require(etag_of(row.alert_id, row.revision, row.notified_at))
    row = await handling.acknowledge(engine, connection, row, action or AlertAction())
    conditional.tag(etag_of(row.alert_id, row.revision, row.notified_at))
    return await reading.read_alert(connection, row)


@router.post("/alerts/{alert_id}:resolve", responses=problems(404, 412))
async def resolve_alert(
    alert_id: AlertID,
    connection: ConnectionDep,
    engine: EngineDep,
    conditional: ConditionalDep,
    action: AlertAction | None = None,
) -> AlertDetail:
    """Resolve an alert. Receivers that were notified of it are notified again; a further impact reopens it."""
    row = await reading.required_alert(connection, alert_id, for_update=True)
    conditional.require(etag_of(row.alert_id, row.revision, row.notified_at))
    row = await handling.resolve(engine, connection, row, action or AlertAction())
    conditional.tag(etag_of(row.alert_id, row.revision, row.notified_at))
    return await reading.read_alert(connection, row)


@router.get("/groups", responses=problems(404))
async def list_groups(
    connection: ReadConnectionDep,
    page: PageDep,
    rule_id: Annotated[UUID | None, Query(description="Only groups of this rule.")] = None,
) -> Page[GroupRead]:
    """List groups (a rule and the values of its grouping labels), the one with the newest alert first."""
    rows = await groups.list_groups(connection, page, rule_id=rule_id)
    return page.answer(rows, key=lambda row: (row.starts_at, row.alert_id), read=reading.read_group)
