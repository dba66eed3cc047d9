"""Prunes what has been kept long enough: deliveries that are done with, and secrets in stored answers."""

from datetime import timedelta

from alerts.engine import Engine
from alerts.repository import deliveries, receivers


async def prune_deliveries(engine: Engine) -> int:
    """Delete finished deliveries older than the retention, with their attempts; return how many."""
    limit = engine.runtime.clock.now() - timedelta(days=engine.settings.delivery_retention_days)
    async with engine.runtime.database.transaction() as connection:
        return await deliveries.delete_deliveries(connection, limit)


async def prune_shown_secrets(engine: Engine) -> None:
    """Take secrets out of the answers that the previous release has stored under an `Idempotency-Key`."""
    async with engine.runtime.database.transaction() as connection:
        await receivers.delete_shown_secrets(connection)
