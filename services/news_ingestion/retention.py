"""Deletes what is older than its retention: fingerprints of articles, and fetches."""

from datetime import timedelta

from common.clock import first_uuid7
from news_ingestion.engine import Engine
from news_ingestion.repository import ingesting, sources


async def prune_fingerprints(engine: Engine) -> int:
    """Delete the fingerprints of articles received longer ago than the retention; return how many."""
    limit = engine.runtime.clock.now() - timedelta(days=engine.settings.fingerprint_retention_days)
    async with engine.runtime.database.transaction() as connection:
        return await ingesting.delete_fingerprints(connection, first_uuid7(limit))


async def prune_fetches(engine: Engine) -> int:
    """Delete the lines of the ledger of fetches that are older than the retention; return how many."""
    limit = engine.runtime.clock.now() - timedelta(days=engine.settings.fetch_retention_days)
    async with engine.runtime.database.transaction() as connection:
        return await sources.delete_fetches(connection, limit)
