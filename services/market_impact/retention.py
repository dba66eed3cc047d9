"""Deletes what has been kept long enough."""

from datetime import timedelta

from common.clock import first_uuid7
from market_impact.engine import Engine
from market_impact.repository import studies


async def prune_studies(engine: Engine) -> int:
    """Delete the event studies that are older than the retention; return how many."""
    horizon = engine.runtime.clock.now() - timedelta(days=engine.settings.study_retention_days)
    async with engine.runtime.database.transaction() as connection:
        return await studies.delete_studies(connection, first_uuid7(horizon))
