"""`/integrations`: platform events become alerts of kind `system`."""

from collections.abc import Sequence

from alerts.dependencies import EngineDep, EventRoute
from alerts.platform_events.events import of_alertmanager, of_flagger, of_flux
from alerts.platform_events.receiving import receive_events
from alerts.platform_events.rejected import log_rejected, with_rejected
from alerts.schemas.integrations import AlertmanagerAlert, AlertmanagerNotification, FlaggerEvent, FluxEvent
from common.api.dependencies import ConnectionDep
from common.api.routing import service_router
from common.batches.item_isolation import answer_handover
from common.contracts import BatchResult, InvalidItem
from common.gateway import ALERTS
from common.postgres.database import Connection

router = service_router(
    ALERTS, "integrations", "Platform events, received as alerts of kind `system`.", route_class=EventRoute
)


@router.post("/integrations/flagger")
async def receive_flagger_event(event: FlaggerEvent, connection: ConnectionDep, engine: EngineDep) -> BatchResult:
    """Receive a Flagger webhook of type `event`: one alert for each rollout, resolved when it is promoted.

    Idempotent: an event that is sent again changes nothing. A failed rollout is `critical`.
    """
    return await receive_events(engine, connection, [of_flagger(event, engine.runtime.clock.now())])


@router.post("/integrations/flux")
async def receive_flux_event(event: FluxEvent, connection: ConnectionDep, engine: EngineDep) -> BatchResult:
    """Receive an event of a Flux provider of type `generic`: one alert for each object, resolved by a good event.

    Idempotent: an event that is sent again changes nothing. `error` is `critical`.
    """
    return await receive_events(engine, connection, [of_flux(event, engine.runtime.clock.now())])


@router.post("/integrations/alertmanager")
async def receive_alertmanager_notification(notification: AlertmanagerNotification, engine: EngineDep) -> BatchResult:
    """Receive an Alertmanager webhook (version 4): one alert for each fingerprint, through all its firings.

    Idempotent: a repeated notification changes nothing, and a late one does not reopen an alert that has ended since.
    An alert that does not fit is answered `rejected`, and the others are received.
    """
    now = engine.runtime.clock.now()
    log_rejected(notification.alerts)

    async def work(connection: Connection, alerts: Sequence[AlertmanagerAlert | InvalidItem]) -> BatchResult:
        events = [None if isinstance(alert, InvalidItem) else of_alertmanager(alert, now) for alert in alerts]
        received = await receive_events(engine, connection, [event for event in events if event is not None])
        return with_rejected(alerts, received.data)

    return await answer_handover(engine.runtime, notification.alerts, work)
