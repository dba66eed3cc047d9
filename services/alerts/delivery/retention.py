"""Deletes old finished deliveries."""

from datetime import timedelta

from alerts.repository import deliveries
from alerts.settings import Settings
from common.runtime import Runtime


async def forget_old_deliveries(runtime: Runtime) -> int:
    """Delete finished deliveries older than the retention, with their attempts; return how many."""
    settings = runtime.settings_as(Settings)
    limit = runtime.clock.now() - timedelta(days=settings.delivery_retention_days)
    async with runtime.database.transaction() as connection:
        return await deliveries.delete_deliveries(connection, limit)
