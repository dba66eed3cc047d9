"""`is_enabled` and the previous release's `enabled` are the same, whichever a release writes."""

from uuid import UUID

import pytest
from sqlalchemy import text

from common.clock import uuid7
from tests.integration.alerts.conftest import AlertsUnderTest

RULE = """
    INSERT INTO rule (rule_id, name, "when", group_by, group_wait_seconds, group_interval_seconds,
                      repeat_interval_seconds, cooldown_seconds, window_seconds, severity, labels, receivers,
                      {column}, revision, changed_in, created_at, updated_at)
    VALUES (:id, :name, '{{}}', '[]', 0, 300, 3600, 0, 3600, 'info', '{{}}', '[]', :value, 1, 1, now(), now())
"""
RECEIVER = """
    INSERT INTO receiver (receiver_id, name, kind, {column}, revision, created_at, updated_at)
    VALUES (:id, :name, 'log', :value, 1, now(), now())
"""
TABLES = {"rule": RULE, "receiver": RECEIVER}


async def _held(alerts: AlertsUnderTest, table: str, identifier: UUID) -> tuple[bool, bool]:
    async with alerts.service.database.reading() as connection:
        found = await connection.execute(
            text(f"SELECT is_enabled, enabled FROM {table} WHERE {table}_id = :id"), {"id": identifier}
        )
        is_enabled, enabled = found.one()
    return is_enabled, enabled


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("column", ["is_enabled", "enabled"])
async def test_what_one_release_writes_the_other_reads(alerts: AlertsUnderTest, table: str, column: str) -> None:
    for value in (True, False):
        identifier = uuid7()
        async with alerts.service.database.transaction() as connection:
            statement = text(TABLES[table].format(column=column))
            await connection.execute(statement, {"id": identifier, "name": str(identifier), "value": value})
        inserted = await _held(alerts, table, identifier)
        async with alerts.service.database.transaction() as connection:
            change = text(f"UPDATE {table} SET {column} = NOT {column}, revision = 2 WHERE {table}_id = :id")
            await connection.execute(change, {"id": identifier})
        changed = await _held(alerts, table, identifier)
        async with alerts.service.database.transaction() as connection:
            await connection.execute(
                text(f"UPDATE {table} SET revision = 3 WHERE {table}_id = :id"), {"id": identifier}
            )

        assert inserted == (value, value)
        assert changed == await _held(alerts, table, identifier) == (not value, not value)


async def test_a_rule_that_the_previous_release_switches_off_fires_no_more(alerts: AlertsUnderTest) -> None:
    rule = await alerts.rule()
    async with alerts.service.database.transaction() as connection:
        await connection.execute(text("UPDATE rule SET enabled = false WHERE rule_id = :id"), {"id": rule["rule_id"]})

    assert (await alerts.get(f"/rules/{rule['rule_id']}"))["enabled"] is False
    assert [each["name"] for each in (await alerts.get("/rules", enabled=False))["data"]] == ["falls"]
