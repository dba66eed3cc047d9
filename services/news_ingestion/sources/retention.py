"""Forgets fetches of long ago."""

from datetime import timedelta

from common.runtime import Runtime
from news_ingestion.repository import sources
from news_ingestion.settings import Settings


async def forget_old_fetches(runtime: Runtime) -> int:
    """Delete the lines of the ledger of fetches that are older than the retention; return how many."""
    settings = runtime.settings_as(Settings)
    limit = runtime.clock.now() - timedelta(days=settings.fetch_retention_days)
    async with runtime.database.transaction() as connection:
        return await sources.forget_fetches(connection, limit)
