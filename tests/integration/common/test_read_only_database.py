"""A database that takes no writes, as a primary that its standby has replaced: everything is tried again later."""

import pytest
from sqlalchemy import text

from tests.conftest import RunningService, StartService
from tests.integration.common.test_service import assert_problem

# A session that is killed while a worker is opening it is closed by nobody.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed connection:ResourceWarning")


async def set_for_database(service: RunningService, setting: str) -> None:
    """Give every session of the database a setting from now on, those of the pool included."""
    async with service.database.reading() as connection:
        name = await connection.scalar(text("SELECT current_database()"))
        await connection.execute(text(f'ALTER DATABASE "{name}" SET {setting}'))
    await service.database.close()
    # One that a worker had meanwhile has gone back into the pool without it.
    async with service.database.reading() as connection:
        others = "FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()"
        await connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}"), {"name": name})
    await service.database.close()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/alerts/v1/rules", {"name": "mine", "when": {"tickers": ["AAPL"]}, "receivers": ["log"]}),
        ("POST", "/alerts/v1/receivers", {"name": "other log", "kind": "log"}),
    ],
)
async def test_a_read_only_database_is_unavailable_for_writes_and_not_ready(
    start_service: StartService, method: str, path: str, body: dict[str, object]
) -> None:
    async with start_service("alerts") as alerts:
        assert (await alerts.client.get("/ready")).status_code == 200
        await set_for_database(alerts, "default_transaction_read_only = on")

        refused = await alerts.client.request(method, path, json=body)
        ready = await alerts.client.get("/ready")

        assert_problem(refused, 503, "database_unavailable")
        assert refused.headers["retry-after"] == "5"
        assert "read-only" in str(assert_problem(ready, 503, "not_ready")["detail"])
        assert (await alerts.client.get("/alerts/v1/rules")).status_code == 200


async def test_no_item_of_a_batch_is_blamed_for_a_read_only_database(toy: StartService) -> None:
    async with toy() as service:
        await set_for_database(service, "default_transaction_read_only = on")

        answer = await service.client.post("/toy/v1/notes:batch", json={"notes": [{"text": "one"}, {"text": "two"}]})

        assert_problem(answer, 503, "database_unavailable")


async def test_a_statement_that_the_server_cancels_may_be_sent_again(toy: StartService) -> None:
    async with toy() as service:
        await set_for_database(service, "statement_timeout = '200ms'")
        async with service.database.engine.connect() as other:
            table = service.runtime.tables.idempotency_key
            await other.execute(text(f'LOCK TABLE "{table.name}" IN ACCESS EXCLUSIVE MODE'))

            answer = await service.client.post(
                "/toy/v1/notes", json={"text": "one"}, headers={"Idempotency-Key": "one"}
            )

        assert_problem(answer, 503, "database_unavailable")
