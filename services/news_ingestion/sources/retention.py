"""Deletes old fetches."""

from datetime import timedelta

from news_ingestion.engine import Engine
from news_ingestion.repository import sources


async def forget_old_fetches(engine: Engine) -> int:
    """Delete the lines of the ledger of fetches that are older than the retention; return how many."""
    limit = engine.runtime.clock.now() - timedelta(days=engine.settings.fetch_retention_days)
    async with engine.runtime.database.transaction() as connection:
        return await sources.delete_fetches(connection, limit)
