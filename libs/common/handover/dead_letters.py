"""Hand-overs that the next service refused permanently, kept until somebody resends or discards them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Select, Table, delete, func, insert, select

from common.postgres.bulk import copy_rows
from common.postgres.database import Connection
from common.postgres.rows import columns_for, find_row
from common.postgres.tables import CommonTables


class DeadLetterRow(NamedTuple):
    """A dead letter as it is stored; `problem` is what the neighbour answered."""

    dead_letter_id: UUID
    payload: str
    traceparent: str
    request_id: str
    problem: dict[str, JsonValue]
    attempts: int
    created_at: datetime
    failed_at: datetime


def select_dead_letters(table: Table) -> Select[Any]:
    """Return the statement that reads every dead letter as a `DeadLetterRow`, in no order."""
    return select(*columns_for(DeadLetterRow, table))


async def count_dead_letters(connection: Connection, table: Table) -> int:
    """Return how many dead letters there are."""
    return await connection.scalar(select(func.count()).select_from(table)) or 0


async def store_dead_letters(connection: Connection, table: Table, letters: Sequence[DeadLetterRow]) -> None:
    """Store `letters`, none of which is stored yet."""
    await copy_rows(connection, table, [letter._asdict() for letter in letters])


async def take_dead_letter(connection: Connection, table: Table, dead_letter_id: UUID) -> DeadLetterRow | None:
    """Remove a dead letter and return it, or None when there is none with this identifier."""
    statement = delete(table).where(table.c.dead_letter_id == dead_letter_id)
    return await find_row(connection, statement.returning(*columns_for(DeadLetterRow, table)), DeadLetterRow)


async def put_back(connection: Connection, tables: CommonTables, letter: DeadLetterRow, now: datetime) -> None:
    """Write a dead letter that was taken into the outbox again, due now and as if it had never been tried."""
    await connection.execute(
        insert(tables.outbox).values(
            outbox_id=letter.dead_letter_id,
            payload=letter.payload,
            traceparent=letter.traceparent,
            request_id=letter.request_id,
            created_at=letter.created_at,
            next_attempt_at=now,
        )
    )
