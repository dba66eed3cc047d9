"""Running a statement and reading its rows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CursorResult, Executable, Row

from common.database import Connection


async def all_rows(connection: Connection, statement: Executable) -> Sequence[Row[Any]]:
    """Return every row of a statement's result."""
    result: CursorResult[Any] = await connection.execute(statement)
    return result.all()


async def first_row(connection: Connection, statement: Executable) -> Row[Any] | None:
    """Return the first row of a statement's result, or None."""
    result: CursorResult[Any] = await connection.execute(statement)
    return result.first()
