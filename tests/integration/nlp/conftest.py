"""One NLP service for a whole file: its tables are emptied before each test, which costs less than a new service."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import text

from common.clock import SYSTEM_CLOCK
from tests.conftest import RunningService, copy_database, execute_sql, running_service


@pytest.fixture(scope="module")
async def service(
    request: pytest.FixtureRequest, postgres: str, redis: str, migrated_template: Callable[[str], Any]
) -> AsyncIterator[RunningService]:
    database = await copy_database(postgres, await migrated_template("nlp"))
    overrides = {"nlp_alias_refresh_seconds": 0.05} | getattr(request.module, "SETTINGS", {})
    async with running_service("nlp", postgres, database, redis, SYSTEM_CLOCK, overrides) as running:
        yield running
    await execute_sql(postgres, f'DROP DATABASE "{database}" WITH (FORCE)')


@pytest.fixture
async def nlp(service: RunningService) -> RunningService:
    async with service.database.transaction() as connection:
        await connection.execute(text("TRUNCATE analysis, entity_alias, outbox, dead_letter"))
    await service.engine.thread.use_aliases({})
    service.neighbour.requests.clear()
    return service
