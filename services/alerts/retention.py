"""Prunes what has been kept long enough: deliveries that are done with, and secrets of no more use."""

from datetime import timedelta

from alerts.engine import Engine
from alerts.repository import deliveries, receivers


async def prune_deliveries(engine: Engine) -> int:
    """Delete finished deliveries older than the retention, with their attempts; return how many."""
    limit = engine.runtime.clock.now() - timedelta(days=engine.settings.delivery_retention_days)
    async with engine.runtime.database.transaction() as connection:
        return await deliveries.delete_deliveries(connection, limit)


async def prune_shown_secrets(engine: Engine) -> None:
    """Forget secrets that the previous release leaves: in answers by `Idempotency-Key`, and of deleted receivers."""
    async with engine.runtime.database.transaction() as connection:
        await receivers.delete_shown_secrets(connection)
        await receivers.delete_secrets_of_deleted(connection)
