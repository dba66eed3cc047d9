"""Sends deliveries again that somebody asks for again."""

from uuid import UUID

from alerts.engine import Engine
from alerts.repository import deliveries
from alerts.repository.deliveries import DeliveryRow
from common.errors import NotFound
from common.postgres.database import Connection, after_commit


async def required_delivery(connection: Connection, delivery_id: UUID) -> DeliveryRow:
    """Return a stored delivery; `NotFound` when there is none."""
    return NotFound.unless(await deliveries.find_delivery(connection, delivery_id), "delivery", delivery_id)


async def redeliver(engine: Engine, connection: Connection, delivery_id: UUID) -> DeliveryRow:
    """Make a delivery due now, with the whole retry schedule before it; `NotFound` when there is none."""
    await deliveries.update_due(connection, delivery_id, engine.runtime.clock.now())
    after_commit(connection, engine.dispatcher.wake)
    return await required_delivery(connection, delivery_id)
