"""A renamed column while both releases run: what either writes, the other reads."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.conftest import RunningService, StartService


@dataclass(frozen=True)
class Renamed:
    """A column under its old and its new name, the path and body that make a row, and two values it can have."""

    service: str
    table: str
    old: str
    new: str
    path: str
    body: dict[str, object]
    values: tuple[object, object]


RULE = {"name": "renamed", "when": {"tickers": ["AAPL"]}, "receivers": ["log"]}
RECEIVER = {"name": "renamed", "kind": "log"}
SOURCE = {"name": "renamed", "kind": "push"}
RENAMED = [
    Renamed("alerts", "rule", "enabled", "is_enabled", "/alerts/v1/rules", RULE, (False, True)),
    Renamed("alerts", "receiver", "enabled", "is_enabled", "/alerts/v1/receivers", RECEIVER, (False, True)),
    Renamed("news_ingestion", "source", "version", "revision", "/news/v1/sources", SOURCE, (7, 8)),
]


async def change(service: RunningService, statement: str, **values: object) -> None:
    async with service.database.transaction() as connection:
        await connection.execute(text(statement), values)


async def both_names(service: RunningService, of: Renamed, name: str = "renamed") -> tuple[Any, Any]:
    statement = text(f"SELECT {of.old}, {of.new} FROM {of.table} WHERE name = :name")
    async with service.database.reading() as connection:
        return tuple((await connection.execute(statement, {"name": name})).one())


@pytest.mark.parametrize("of", RENAMED, ids=lambda of: f"{of.table}.{of.new}")
async def test_what_either_release_writes_the_other_reads(start_service: StartService, of: Renamed):
    async with start_service(of.service) as service:
        (await service.client.post(of.path, json=of.body)).raise_for_status()
        made = await both_names(service, of)
        seen = []
        for column in (of.old, of.new):
            for value in of.values:
                statement = f"UPDATE {of.table} SET {column} = :value WHERE name = 'renamed'"
                await change(service, statement, value=value)
                seen.append(await both_names(service, of))

    assert made[0] is not None
    assert made[0] == made[1]
    assert seen == [(value, value) for value in (*of.values, *of.values)]


@pytest.mark.parametrize("of", RENAMED, ids=lambda of: f"{of.table}.{of.new}")
async def test_a_row_of_the_previous_release_is_complete(start_service: StartService, of: Renamed):
    async with start_service(of.service) as service:
        (await service.client.post(of.path, json=of.body)).raise_for_status()
        # As the previous release inserts: it does not know the new name.
        statement = (
            f"INSERT INTO {of.table} SELECT (jsonb_populate_record(NULL::{of.table}, to_jsonb(o) - '{of.new}' "
            f"|| jsonb_build_object('{of.table}_id', CAST(:id AS text), 'name', 'older'))).* "
            f"FROM {of.table} o WHERE name = 'renamed'"
        )
        await change(service, statement, id=str(uuid4()))
        older = await both_names(service, of, "older")
        listed = await service.client.get(of.path)

    assert older[0] is not None
    assert older[0] == older[1]
    assert "older" in {one["name"] for one in listed.raise_for_status().json()["data"]}
