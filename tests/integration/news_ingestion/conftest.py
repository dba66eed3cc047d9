from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from common.clock import SYSTEM_CLOCK
from news_ingestion.models import Base
from tests.conftest import RunningService, copy_database, running_service

_TABLES = ", ".join(f'"{name}"' for name in Base.metadata.tables)


@pytest.fixture(scope="module")
async def served_news(
    postgres: str, redis: str, migrated_template: Callable[[str], Any]
) -> AsyncIterator[RunningService]:
    """The service without its schedule, started once for all tests of a file."""
    async with Redis.from_url(redis) as client:
        await client.flushdb()
    database = await copy_database(postgres, await migrated_template("news_ingestion"))
    settings = {"fetch_enabled": False, "newsapi_key": "a-key-for-tests", "newsapi_url": "http://newsapi.test/v2"}
    async with running_service("news_ingestion", postgres, database, redis, SYSTEM_CLOCK, settings) as service:
        yield service


@pytest.fixture
async def news(served_news: RunningService) -> RunningService:
    """The service with empty tables, and a neighbour that has heard nothing."""
    async with served_news.database.transaction() as connection:
        await connection.execute(text(f"TRUNCATE {_TABLES}"))
    served_news.neighbour.requests.clear()
    return served_news
