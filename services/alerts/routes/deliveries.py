"""`/deliveries`: the ledger of everything that was sent, attempt by attempt."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from alerts import redelivery
from alerts.column_values import DeliveryState
from alerts.dependencies import EngineDep
from alerts.redelivery import required_delivery
from alerts.repository import deliveries
from alerts.schemas.receivers import AttemptList, AttemptRead, DeliveryRead
from common.api.dependencies import ConnectionDep, ReadConnectionDep
from common.api.pagination import PageDep
from common.api.routing import service_router
from common.errors import problems
from common.gateway import ALERTS
from common.postgres.paging import Page

DeliveryID = Annotated[UUID, Path(description="Identifier of the delivery.")]
router = service_router(ALERTS, "deliveries", "Everything that was sent to receivers, attempt by attempt.")


@router.get("/deliveries", responses=problems(404))
async def list_deliveries(
    connection: ReadConnectionDep,
    page: PageDep,
    state: Annotated[DeliveryState | None, Query(description="Only deliveries in this state.")] = None,
    alert_id: Annotated[UUID | None, Query(description="Only notices about this alert.")] = None,
    receiver_id: Annotated[UUID | None, Query(description="Only notices to this receiver.")] = None,
) -> Page[DeliveryRead]:
    """List deliveries, the newest first."""
    rows = await deliveries.list_deliveries(connection, page, state=state, alert_id=alert_id, receiver_id=receiver_id)
    return page.answer(rows, key=lambda row: (row.created_at, row.delivery_id), read=DeliveryRead.model_validate)


@router.get("/deliveries/{delivery_id}", responses=problems(404))
async def read_delivery(delivery_id: DeliveryID, connection: ReadConnectionDep) -> DeliveryRead:
    """Read a delivery."""
    return DeliveryRead.model_validate(await required_delivery(connection, delivery_id))


@router.get("/deliveries/{delivery_id}/attempts", responses=problems(404))
async def list_attempts(delivery_id: DeliveryID, connection: ReadConnectionDep) -> AttemptList:
    """List every attempt of a delivery with its time, status and latency, the oldest first."""
    await required_delivery(connection, delivery_id)
    rows = await deliveries.list_attempts(connection, delivery_id)
    return AttemptList(data=[AttemptRead.model_validate(row) for row in rows])


@router.post("/deliveries/{delivery_id}:redeliver", status_code=202, responses=problems(404))
async def redeliver(delivery_id: DeliveryID, connection: ConnectionDep, engine: EngineDep) -> DeliveryRead:
    """Send a delivery again, with the same body and `webhook-id`; the retry schedule starts over."""
    return DeliveryRead.model_validate(await redelivery.redeliver(engine, connection, delivery_id))
