"""Hand-overs that the next service refused permanently, kept until somebody resends or discards them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Table, delete, func, insert, select

from common.postgres.bulk import copy_rows
from common.postgres.database import Connection
from common.postgres.paging import PageRequest, keyset
from common.postgres.rows import columns_for, find_row, find_rows
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


async def list_dead_letters(connection: Connection, page: PageRequest, table: Table) -> list[DeadLetterRow]:
    """Return dead letters, those that became due last first, and one more than the page holds when there is."""
    statement = keyset(select(*columns_for(DeadLetterRow, table)), page, (table.c.dead_letter_id,))
    return await find_rows(connection, statement, DeadLetterRow)


async def count_dead_letters(connection: Connection, table: Table) -> int:
    """Return how many dead letters there are."""
    return await connection.scalar(select(func.count()).select_from(table)) or 0


async def insert_dead_letters(connection: Connection, table: Table, letters: Sequence[DeadLetterRow]) -> None:
    """Store `letters`, none of which is stored yet."""
    await copy_rows(connection, table, letters)


async def delete_dead_letter(connection: Connection, table: Table, dead_letter_id: UUID) -> DeadLetterRow | None:
    """Delete a dead letter and return it, or None when there is none with this identifier."""
    statement = delete(table).where(table.c.dead_letter_id == dead_letter_id)
    return await find_row(connection, statement.returning(*columns_for(DeadLetterRow, table)), DeadLetterRow)


async def insert_into_outbox(
    connection: Connection, tables: CommonTables, letter: DeadLetterRow, now: datetime
) -> None:
    """Write a deleted dead letter into the outbox again, due now and as if it had never been tried."""
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
